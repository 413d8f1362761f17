import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startGateway, writeGatewayFile } from './gateway.ts';
import { figure, table } from './markdown.ts';
import { newProofKey } from './proof.ts';
import { CLIENT, GROUPNO, ISSUER, issueTokens } from './scenario.ts';
import type { Effort, Stage } from './stage.ts';
import { ratioOf, spreadOf } from './statistics.ts';

const CUSTNO = 700_000;
const FILE = 'callers.yaml';
/** So few that each is still known when it asks again. */
const KNOWN_USERS = 100;

/** A client of the gateway file, and how its users ask. */
interface Kind {
  readonly directory: 'token' | 'links';
  readonly isBound: boolean;
  readonly isKnown?: boolean;
}

const KINDS: Readonly<Record<string, Kind>> = {
  'directory: token': { directory: 'token', isBound: false },
  'directory: links, user known': { directory: 'links', isBound: false, isKnown: true },
  'directory: links, user looked up': { directory: 'links', isBound: false },
  'directory: token, DPoP': { directory: 'token', isBound: true },
  'directory: links, user looked up, DPoP': { directory: 'links', isBound: true },
};

/**
 * What it costs to know whose customer a user is, and that a token is bound: a direct debit for `me`, all by one gateway, by turns.
 *
 * @returns tables in Markdown, for each store
 */
export async function measureCallers(
  stage: Stage,
  effort: Effort,
  progress: (text: string) => void,
): Promise<string> {
  const tables: string[] = [];
  for (const [store, databaseUrl] of [
    ['SQLite', 'sqlite:callers.db'],
    ['PostgreSQL', await stage.newDatabase()],
  ] as const) {
    progress(store);
    tables.push(`**${store}**\n\n${await measureOn(stage, effort, databaseUrl)}`);
  }
  return tables.join('\n\n');
}

async function measureOn(
  stage: Stage,
  { rounds, requests, tokens, warmUp }: Effort,
  databaseUrl: string,
): Promise<string> {
  const { surroundings } = stage;
  await writeGatewayFile(surroundings, Object.values(KINDS).map(callerOf), FILE);
  await importLinks(surroundings.folder, databaseUrl, tokens);
  const gateway = await startGateway(surroundings, { databaseUrl, environment: { GATEWAY_FILE: FILE } });
  const key = newProofKey();
  const tokensFor = ({ isBound, isKnown = false }: Kind, index: number): Promise<string[]> =>
    issueTokens(stage.key, isKnown ? KNOWN_USERS : tokens, (user) => ({
      sub: `user-${user}`,
      client_id: `${CLIENT}-${index}`,
      custno: String(CUSTNO + user),
      ...(isBound && { cnf: { jkt: key.thumbprint } }),
    }));
  const tokensOf = await Promise.all(Object.values(KINDS).map(tokensFor));
  const cpu = new Map<string, number[]>(Object.keys(KINDS).map((name) => [name, []]));
  try {
    for (let round = -1; round < rounds; round += 1) {
      for (const [index, [name, { isBound }]] of Object.entries(KINDS).entries()) {
        await stage.load.useTokens(tokensOf[index]!, isBound ? key : undefined);
        const asked = { tokens: 'all', route: 'POST /v1/customers/me/direct-debit' } as const;
        if (round < 0) await stage.ask(gateway, { count: Math.ceil(warmUp / cpu.size), ...asked });
        else cpu.get(name)!.push((await stage.measure(gateway, { count: requests, ...asked })).cpuMsPer1000);
      }
    }
  } finally {
    await gateway.stop();
  }
  const [base = []] = cpu.values();
  const rows = [...cpu].map(([name, samples]) => [
    name,
    figure(spreadOf(samples).median),
    figure(ratioOf(samples, base)),
  ]);
  return table(['users', 'CPU ms per 1,000', '×'], rows);
}

const callerOf = ({ directory }: Kind, index: number): object => ({
  clientId: `${CLIENT}-${index}`,
  issuer: ISSUER,
  groupno: GROUPNO,
  customers: 'own',
  directory,
});

async function importLinks(folder: string, databaseUrl: string, users: number): Promise<void> {
  const lines = Array.from({ length: users }, (_, user) =>
    [ISSUER, `user-${user}`, GROUPNO, CUSTNO + user].join(),
  );
  await writeFile(join(folder, 'links.csv'), ['issuer,subject,groupno,custno', ...lines].join('\n'));
  await promisify(execFile)(process.execPath, ['dist/links/cli.js', 'import', 'links.csv'], {
    cwd: folder,
    env: { DATABASE_URL: databaseUrl, GATEWAY_FILE: FILE },
  });
}
