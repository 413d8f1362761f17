import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onReservedPort } from '../test/support/reserved-port.ts';
import { startGateway } from './gateway.ts';
import type { Surroundings } from './gateway.ts';
import { MeasuredProgram } from './measured-program.ts';
import { AUDIENCE, BASIC, CLIENT, GROUPNO, ISSUER, OCTANE_PATH, PASSWORD, USERNAME } from './scenario.ts';

const PEERS = fileURLToPath(new URL('peers/', import.meta.url));
/** More tokens than a run has: what is remembered is not forgotten in between. */
const REMEMBERED_TOKENS = '20000';

/** One that does the job, or a part of it. */
export interface Contender {
  readonly name: string;
  readonly checks: 'nothing' | 'tokens' | 'tokens and bodies';
  /** Whether each request comes with an Idempotency-Key of its own. */
  readonly hasKey?: boolean;
  readonly start: (
    surroundings: Surroundings,
    databaseUrl: () => Promise<string>,
  ) => Promise<MeasuredProgram>;
  /** Undefined where it can be started; otherwise why not. */
  readonly missing?: () => Promise<string | undefined>;
}

export const FASTIFY_WITH_CACHE = 'Fastify 5, fast-jwt with cache';
export const NEST = 'NestJS 12 as people write it';
export const HAPROXY = 'HAProxy';
export const GATEWAY_NOTHING = 'gateway, journal store replaced by nothing';
export const GATEWAY_SQLITE = 'gateway, SQLite';
export const GATEWAY_SQLITE_KEY = 'gateway, SQLite, with Idempotency-Key';
export const GATEWAY_POSTGRES = 'gateway, PostgreSQL';

export const CONTENDERS: readonly Contender[] = [
  {
    name: HAPROXY,
    checks: 'tokens',
    missing: () => missingProgram('haproxy'),
    start: (surroundings) =>
      startConfigured(surroundings, 'haproxy.cfg', (file) => ['haproxy', '-db', '-f', file]),
  },
  {
    name: 'nginx, proxy only',
    checks: 'nothing',
    missing: () => missingProgram('nginx'),
    start: (surroundings) => startConfigured(surroundings, 'nginx.conf', (file) => ['nginx', '-c', file]),
  },
  {
    name: 'bare node:http and undici',
    checks: 'nothing',
    start: (surroundings) => startNode(surroundings, [join(PEERS, 'bare.ts')]),
  },
  {
    name: FASTIFY_WITH_CACHE,
    checks: 'tokens and bodies',
    start: (surroundings) => startNode(surroundings, [join(PEERS, 'fastify.ts')], REMEMBERED_TOKENS),
  },
  {
    name: 'Fastify 5, fast-jwt without cache',
    checks: 'tokens and bodies',
    start: (surroundings) => startNode(surroundings, [join(PEERS, 'fastify.ts')], '0'),
  },
  {
    name: NEST,
    checks: 'tokens and bodies',
    start: async (surroundings) => {
      const out = join(surroundings.folder, 'nest');
      const compiler = resolve('node_modules/typescript/bin/tsc');
      const options = ['--project', join(PEERS, 'nest'), '--noCheck', '--outDir', out];
      await promisify(execFile)(process.execPath, [compiler, ...options]);
      return startNode(surroundings, [join(out, 'main.js')]);
    },
  },
  {
    name: GATEWAY_NOTHING,
    checks: 'tokens and bodies',
    start: (surroundings) =>
      startGateway(surroundings, { databaseUrl: 'sqlite:nothing.db', preloaded: ['nothing-store.ts'] }),
  },
  {
    name: GATEWAY_SQLITE,
    checks: 'tokens and bodies',
    start: (surroundings) => startGateway(surroundings, { databaseUrl: 'sqlite:journal.db' }),
  },
  {
    name: GATEWAY_SQLITE_KEY,
    checks: 'tokens and bodies',
    hasKey: true,
    start: (surroundings) => startGateway(surroundings, { databaseUrl: 'sqlite:keys.db' }),
  },
  {
    name: GATEWAY_POSTGRES,
    checks: 'tokens and bodies',
    start: async (surroundings, databaseUrl) =>
      startGateway(surroundings, { databaseUrl: await databaseUrl() }),
  },
];

export async function missingProgram(program: string): Promise<string | undefined> {
  const isThere = await promisify(execFile)('which', [program]).then(
    () => true,
    () => false,
  );
  return isThere ? undefined : `${program} is not installed`;
}

/** What the peers in Node read of their surroundings. */
function startNode(
  { folder, octanePort }: Surroundings,
  args: readonly string[],
  rememberedTokens = '0',
): Promise<MeasuredProgram> {
  return onReservedPort(({ number: port }) =>
    MeasuredProgram.start({
      command: [process.execPath, ...args],
      folder,
      port,
      environment: {
        PORT: String(port),
        OCTANE_ORIGIN: `http://127.0.0.1:${octanePort}`,
        OCTANE_PATH,
        OCTANE_USERNAME: USERNAME,
        OCTANE_PASSWORD: PASSWORD,
        GROUPNO,
        CALLERS: JSON.stringify({ [CLIENT]: GROUPNO }),
        ISSUER,
        AUDIENCE,
        PUBLIC_KEY_FILE: 'issuer.pem',
        REMEMBERED_TOKENS: rememberedTokens,
      },
    }),
  );
}

/** A program that is told everything by a file, into which its surroundings are put. */
function startConfigured(
  surroundings: Surroundings,
  template: string,
  commandFor: (file: string) => readonly string[],
): Promise<MeasuredProgram> {
  return onReservedPort(async ({ number: port }) => {
    const file = await writeConfiguration(surroundings, template, port);
    return MeasuredProgram.start({
      command: commandFor(file),
      folder: surroundings.folder,
      port,
      environment: {},
    });
  });
}

/** @returns the file */
async function writeConfiguration(
  { folder, octanePort }: Surroundings,
  template: string,
  port: number,
): Promise<string> {
  const own = join(folder, template);
  await mkdir(own, { recursive: true });
  await writeFile(join(own, 'callers.map'), `${CLIENT} ${GROUPNO}\n`);
  await writeFile(join(own, 'groups.map'), `${GROUPNO} ${BASIC.slice('Basic '.length)}\n`);
  const places: Record<string, string> = {
    FOLDER: own,
    PORT: String(port),
    OCTANE_PORT: String(octanePort),
    OCTANE_PATH,
    PUBLIC_KEY_FILE: join(folder, 'issuer.pem'),
    ISSUER,
    AUDIENCE,
    GROUPNO,
    BASIC,
  };
  const text = await readFile(join(PEERS, template), 'utf8');
  const file = join(own, template);
  await writeFile(
    file,
    text.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => places[name] ?? whole),
  );
  return file;
}
