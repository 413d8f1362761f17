import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '../crash/random.ts';
import { brokenPromises } from '../crash/verdict.ts';
import type { Recorded } from '../crash/verdict.ts';
import { Balancer } from '../support/balancer.ts';
import { ScriptedOctane } from '../support/scripted-octane.ts';
import { TokenIssuer } from '../support/token-issuer.ts';
import { Deployment, OCTANE_TIMEOUT_MS } from './deployment.ts';
import { Disturbances, JOURNAL_FAILS, NOT_READY } from './disturbances.ts';
import type { Database } from './disturbances.ts';
import { Fleet } from './fleet.ts';
import { handlesAtRest, handlesBeyond, MemorySampling, openHandles } from './footprint.ts';
import type { Handles } from './footprint.ts';
import { readLog } from './log-faults.ts';
import { memoryGrowth } from './memory-growth.ts';
import type { MemoryGrowth } from './memory-growth.ts';
import { Starvation } from './starvation.ts';
import { StormyOctane } from './stormy-octane.ts';
import { Traffic } from './traffic.ts';
import { within } from './within.ts';

/** After a crash every change is known by then. */
const SETTLED_AFTER_MS = OCTANE_TIMEOUT_MS + 5000;
/** Idle connections to PostgreSQL live 10 s, those to Octane 5 s. */
const REST_MS = 15_000;
/** Longer than any connection that nobody uses lives. */
const AT_REST_WITHIN_MS = 90_000;
const WARM_UP_SHARE = 0.2;
const FIRST_LOAD_MS = 3000;
const LAST_LOAD_MS = 3000;

export interface Soak {
  /** Where the compiled gateway is. */
  readonly folder: string;
  readonly databaseUrl: string;
  /** Shared by two replicas, and taken away now and then; undefined: the store is a file, and one gateway its user. */
  readonly database: Database | undefined;
  readonly minutes: number;
  /** The same seed draws the same requests, faults and moments; how they meet is up to the machine. */
  readonly seed: number;
  /** Reads the journal as it stands when every outcome is known. */
  readonly readJournal: () => Promise<readonly Recorded[]>;
  readonly onDisturbance: (name: string) => void;
}

export interface SoakReport {
  readonly requests: Readonly<Record<string, number>>;
  readonly answers: Readonly<Record<string, number>>;
  /** Milliseconds. */
  readonly took: Readonly<Record<'p50' | 'p99' | 'most', number>>;
  readonly hits: number;
  readonly records: Readonly<Record<string, number>>;
  readonly disturbances: Readonly<Record<string, number>>;
  readonly storms: readonly string[];
  readonly memory: MemoryGrowth;
  readonly handles: {
    readonly atRest: Handles;
    readonly most: Handles;
    readonly after: Handles;
    /** How long after the load. */
    readonly restedAfterMs: number;
  };
  /** How long gateways that were ready to run waited for a processor, in all. */
  readonly waitedMs: number;
  /** In how many seconds one waited for much of it. */
  readonly starvedSeconds: number;
  readonly logLines: number;
  readonly logAboveInfo: Readonly<Record<string, number>>;
  readonly brokenPromises: readonly string[];
}

/** Works gateways hard for a time and disturbs them in every way, and then holds them to their promises. */
export async function soak({
  folder,
  databaseUrl,
  database,
  minutes,
  seed,
  readJournal,
  onDisturbance,
}: Soak): Promise<SoakReport> {
  const [scripted, issuer] = await Promise.all([ScriptedOctane.start(), TokenIssuer.start()]);
  const balancer = new Balancer();
  const deployment = new Deployment(folder, issuer);
  const fleet = new Fleet(folder, await deployment.environment(databaseUrl, scripted), balancer);
  const starvation = new Starvation(fleet);
  try {
    const octane = new StormyOctane(scripted, new Random(seed));
    octane.accept(deployment.passwords[0]!);
    const traffic = await Traffic.prepare(balancer, fleet, issuer, new Random(seed + 1));
    const disturbances = new Disturbances(fleet, deployment, octane, database);

    const steady = await fleet.start();
    const { pid } = steady.gateway;
    await during(traffic, () => wait(FIRST_LOAD_MS));
    balancer.rest();
    await wait(REST_MS);
    const atRest = await handlesAtRest(pid);

    if (database) disturbances.restless = await fleet.start();
    const memory = new MemorySampling(pid);
    const started = Date.now();
    const durationMs = minutes * 60_000;
    const most: Record<string, number> = {};
    await during(traffic, async () => {
      await disturbances.rage(new Random(seed + 2), started + durationMs, (name) => {
        onDisturbance(name);
        void openHandles(pid).then((handles) => keepMost(most, handles));
      });
    });
    await memory.stop();
    balancer.rest();
    let after = await openHandles(pid);
    keepMost(most, after);
    const loadEnded = performance.now();
    const isAtRest = await within(AT_REST_WITHIN_MS, async () => {
      after = await openHandles(pid);
      return handlesBeyond(atRest, after).length === 0;
    });

    const restedAfterMs = performance.now() - loadEnded;

    // The one that lived for the whole time ends as any other, and so does the last of the line.
    await during(traffic, async () => {
      const successor = await fleet.replace(steady);
      await wait(LAST_LOAD_MS);
      await fleet.crash(successor);
      await wait(LAST_LOAD_MS);
    });
    await Promise.all(fleet.running.map((member) => fleet.leave(member)));
    await wait(SETTLED_AFTER_MS);
    const records = await readJournal();

    const secrets = deployment.passwords.flatMap((password) => [
      password,
      Deployment.authorization(password).slice('Basic '.length),
    ]);
    const expectedErrors = [
      ...disturbances.expectedErrors,
      // A gateway without time finds the store slow.
      ...[JOURNAL_FAILS, NOT_READY].flatMap((message) =>
        starvation.periods.map((period) => ({ ...period, message })),
      ),
    ];
    const logs = fleet.members.map(({ name, gateway: { stdout, stderr } }) =>
      readLog({ name, stdout, stderr }, expectedErrors, secrets),
    );
    const { apps } = traffic;
    const growth = memoryGrowth(
      memory.samples.filter(({ at }) => at >= started + durationMs * WARM_UP_SHARE),
    );
    return {
      requests: {
        'of apps': apps.wishes.size,
        'of intruders': traffic.intruders,
        answered: traffic.tookMs.length,
        'hung up on': traffic.hangUps,
        'intruders shed': traffic.shed,
        'lost with a killed gateway': traffic.lostWithGateway,
        'lost otherwise': traffic.lostOtherwise,
      },
      answers: countBy(apps.heard, ({ status, code, isReplay }) =>
        isReplay ? `${status} again` : `${status} ${code ?? ''}`.trim(),
      ),
      took: distribution(traffic.tookMs),
      hits: octane.hits.length,
      records: countBy(records, ({ outcome }) => outcome),
      disturbances: {
        ...disturbances.counts,
        'graceful restart': fleet.graceful,
        kill: fleet.kills,
      },
      storms: octane.storms,
      memory: growth,
      handles: { atRest, most, after, restedAfterMs },
      waitedMs: starvation.waitedMs,
      starvedSeconds: starvation.periods.length,
      logLines: logs.reduce((sum, { lines }) => sum + lines, 0),
      logAboveInfo: sums(logs.map(({ aboveInfo }) => aboveInfo)),
      brokenPromises: [
        ...fleet.brokenPromises,
        ...fleet.members
          .filter(({ gateway, isKilled }) => !isKilled && gateway.exitCode !== 0)
          .map(({ name, gateway }) => `${name} ended with exit code ${gateway.exitCode}`),
        ...traffic.brokenPromises,
        ...disturbances.brokenPromises,
        ...(octane.refusedPasswords > 0
          ? [`Octane received ${octane.refusedPasswords} calls with a password that was replaced`]
          : []),
        ...growth.brokenPromises,
        ...(isAtRest ? [] : handlesBeyond(atRest, after).map((handles) => `left open: ${handles}`)),
        ...logs.flatMap((log) => log.brokenPromises),
        ...brokenPromises(apps, octane.hits, records),
      ],
    };
  } finally {
    starvation.stop();
    balancer.stop();
    await fleet.end();
    await Promise.all([scripted.stop(), issuer.stop()]);
  }
}

/** Lets traffic flow while something happens; resolves when both are over. */
async function during(traffic: Traffic, act: () => Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const flowing = traffic.flow(over.signal);
  try {
    await act();
  } finally {
    over.abort();
    await flowing;
  }
}

function keepMost(most: Record<string, number>, handles: Handles): void {
  for (const [kind, count] of Object.entries(handles)) most[kind] = Math.max(most[kind] ?? 0, count);
}

function countBy<T>(items: readonly T[], name: (item: T) => string): Record<string, number> {
  const groups = [...Map.groupBy(items, name)].map(([key, group]): [string, number] => [key, group.length]);
  return Object.fromEntries(groups.toSorted(([, a], [, b]) => b - a));
}

function sums(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const each of counts) {
    for (const [name, count] of Object.entries(each)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}

function distribution(tookMs: readonly number[]): SoakReport['took'] {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { p50: at(0.5), p99: at(0.99), most: at(1) };
}
