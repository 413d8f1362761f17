import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { stringify } from 'yaml';
import { GatewayProcess } from '../support/gateway-process.ts';
import { ScriptedOctane } from '../support/scripted-octane.ts';
import type { Script } from '../support/scripted-octane.ts';
import { TokenIssuer } from '../support/token-issuer.ts';
import { Apps } from './apps.ts';
import type { Deliver } from './apps.ts';
import { moodyOctane } from './moody-octane.ts';
import { Random } from './random.ts';
import { brokenPromises } from './verdict.ts';
import type { Recorded } from './verdict.ts';

const OCTANE_TIMEOUT_MS = 400;
const MAX_LOAD_MS = 5000;
/** From then on after a crash every change is known to be unknown. */
export const SETTLED_AFTER_MS = OCTANE_TIMEOUT_MS + 5000;

export interface CrashTest {
  /** Where the compiled gateway is. */
  readonly folder: string;
  readonly databaseUrl: string;
  /** How often a gateway is started, worked hard and killed. */
  readonly rounds: number;
  /** The same seed draws the same requests, faults and moments; how they meet is up to the machine. */
  readonly seed: number;
  /** Reads the journal as it stands SETTLED_AFTER_MS after the last crash. */
  readonly readJournal: () => Promise<readonly Recorded[]>;
  /** Told of each round that is over. */
  readonly onRound?: (round: number) => void;
}

export interface CrashReport {
  readonly kills: number;
  readonly requests: number;
  readonly answered: number;
  /** Answers that said that the change is made, replays included. */
  readonly acknowledged: number;
  readonly replayed: number;
  /** Requests that Octane received. */
  readonly hits: number;
  readonly records: Readonly<Record<string, number>>;
  readonly brokenPromises: readonly string[];
}

/** Kills gateways at random moments under load, and then holds their journal against what the apps and Octane know. */
export async function crashTest({
  folder,
  databaseUrl,
  rounds,
  seed,
  readJournal,
  onRound,
}: CrashTest): Promise<CrashReport> {
  const [octane, issuer] = await Promise.all([ScriptedOctane.start(), TokenIssuer.start()]);
  const apps = new Apps();
  const faults: string[] = [];
  try {
    const environment = await crashEnvironment(folder, databaseUrl, octane, issuer);
    for (let round = 1; round <= rounds; round += 1) {
      const gateway = new GatewayProcess(folder, environment);
      const random = new Random(seed + round);
      const token = await issuer.token({ claims: { client_id: 'crash-test' } });
      try {
        await killAtRandom(gateway, octane, random, (api) =>
          apps.ask(deliverTo(api), token, `round-${round}`, random),
        );
      } finally {
        await gateway.kill();
      }
      if (gateway.exitCode !== null) faults.push(`round-${round}: the gateway ended by itself`);
      if (gateway.stderr !== '') faults.push(`round-${round}: ${gateway.stderr}`);
      onRound?.(round);
    }
    const records = await readJournal();
    return {
      kills: rounds,
      requests: apps.wishes.size,
      answered: apps.heard.length,
      acknowledged: apps.heard.filter(({ status }) => status < 300).length,
      replayed: apps.heard.filter(({ isReplay }) => isReplay).length,
      hits: octane.hits.length,
      records: Object.fromEntries(
        [...Map.groupBy(records, ({ outcome }) => outcome)].map(([outcome, group]) => [
          outcome,
          group.length,
        ]),
      ),
      brokenPromises: [...faults, ...brokenPromises(apps, octane.hits, records)],
    };
  } finally {
    await Promise.all([octane.stop(), issuer.stop()]);
  }
}

/**
 * While it starts, after some time under load, or at the very moment when a request is at Octane or its answer on the way.
 *
 * @param load asks until the gateway is gone
 */
async function killAtRandom(
  gateway: GatewayProcess,
  octane: ScriptedOctane,
  random: Random,
  load: (api: string) => Promise<void>,
): Promise<void> {
  octane.script = moodyOctane(random, OCTANE_TIMEOUT_MS);
  if (random.happens(0.05)) {
    await wait(random.between(0, 1500));
    return;
  }
  const { api } = await gateway.addresses();
  const isTimed = random.happens(0.5);
  const timer = setTimeout(() => gateway.signal('SIGKILL'), isTimed ? random.between(0, 800) : MAX_LOAD_MS);
  if (!isTimed) octane.script = killingAfter(octane.script, random, gateway);
  await load(api);
  clearTimeout(timer);
}

function killingAfter(script: Script, random: Random, gateway: GatewayProcess): Script {
  const isAnswered = random.happens(0.5);
  let remaining = random.between(1, 120);
  return (...exchange) => {
    remaining -= 1;
    if (isAnswered || remaining > 0) script(...exchange);
    if (remaining === 0) gateway.signal('SIGKILL');
  };
}

function deliverTo(api: string): Deliver {
  return async ({ path, headers, body }) => {
    const answer = await fetch(api + path, { method: 'POST', headers, body });
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      text: await answer.text(),
    };
  };
}

/** Writes a gateway file into the folder, for one client that may do anything: `crash-test`. */
export async function crashEnvironment(
  folder: string,
  databaseUrl: string,
  octane: ScriptedOctane,
  { issuer, jwksUri }: TokenIssuer,
): Promise<Record<string, string>> {
  const gatewayFile = join(folder, `crash-test-${new URL(issuer).port}.yaml`);
  const file = {
    issuers: [{ issuer, audience: 'octane-bff', jwksUri }],
    callers: [{ clientId: 'crash-test', issuer, groupno: '1001', customers: 'any' }],
    groups: [{ groupno: '1001', usernameEnv: 'OCTANE_USERNAME', passwordEnv: 'OCTANE_PASSWORD' }],
  };
  await writeFile(gatewayFile, stringify(file));
  return {
    OCTANE_USERNAME: 'test-user',
    OCTANE_PASSWORD: 'test-password',
    HOST: '127.0.0.1',
    PORT: '0',
    MANAGEMENT_PORT: '0',
    OCTANE_BASE_URL: octane.baseUrl,
    OCTANE_TIMEOUT_MS: String(OCTANE_TIMEOUT_MS),
    GATEWAY_FILE: gatewayFile,
    DATABASE_URL: databaseUrl,
    // A busy machine is no reason to refuse.
    MAX_EVENT_LOOP_DELAY_MS: '0',
    CALLER_RATE_LIMIT: '1000000',
    USER_RATE_LIMIT: '1000000',
    CUSTOMER_CHANGE_RATE_LIMIT: '1000000',
    WELCOME_EMAIL_RATE_LIMIT: '1000000',
  };
}
