import { cpus } from 'node:os';
import { SETTINGS_TABLE } from '../src/config/settings.ts';
import { svgOf } from './chart.ts';
import { forAllCustomers, startGateway, writeGatewayFile } from './gateway.ts';
import { figure, table } from './markdown.ts';
import { OTHER_CORE } from './measured-program.ts';
import type { MeasuredProgram } from './measured-program.ts';
import { CLIENT, DIRECT_DEBIT } from './scenario.ts';
import { customersFor, demandOf } from './sizing.ts';
import type { Telco } from './sizing.ts';
import type { Effort, Run, Stage } from './stage.ts';
import { spreadOf } from './statistics.ts';

const CONCURRENCY = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
/** Fewer connections than this have their answers one after the other, and say as much with fewer requests. */
const CONCURRENCY_OF_ALL_REQUESTS = 4;
/** The least that is a direct debit, the usual one, and from there on what is filled up. */
const SMALL_BODY = JSON.stringify({ directDebit: { directDebitType: 'OFF', ddNotificationFlag: 'N' } });
const USUAL_BODY = JSON.stringify({ directDebit: DIRECT_DEBIT });
const FILLED_BODY_BYTES = [1024, 2048, 4096, 8192, 16_384];
const CALLERS = [10, 100, 1000, 10_000, 100_000];
/** Signing one for each of 100,000 callers would take minutes. */
const MAX_CALLERS_THAT_ASK = 2000;
const CONCURRENCY_OF_PROCESSES = [8, 32, 128, 512];

/** An answer that an app need not apologise for. */
const QUICK_P99_MS = 100;
/** How much of what a core can serve is planned with. */
const PLANNED_SHARE = 0.5;
const TELCO: Telco = { customers: 1_000_000, changesAMonth: 2, peakHourShare: 0.2, burst: 10 };
/** Of an Octane that has a bad hour. */
const SLOW_OCTANE_SECONDS = 1;

export interface Growth {
  readonly markdown: string;
  /** SVGs by the names of their files, in `docs/performance/`. */
  readonly pictures: ReadonlyMap<string, string>;
}

/** Medians of what was measured at one point of something that grows. */
interface Point {
  readonly x: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMsPer1000: number;
}

/** How throughput and latency change with concurrency, with bodies, with callers and with processes. */
export async function measureGrowth(
  stage: Stage,
  effort: Effort,
  progress: (text: string) => void,
): Promise<Growth> {
  await stage.useTokens(effort.tokens);
  const gateway = await startGateway(stage.surroundings, { databaseUrl: 'sqlite:growth.db' });
  let byConcurrency: Point[];
  let byBody: Point[];
  try {
    await stage.ask(gateway, { count: effort.warmUp, tokens: 'all' });
    progress('concurrency');
    byConcurrency = await sweep(effort, CONCURRENCY, (connections) =>
      stage.measure(gateway, {
        count: requestsAt(connections, effort),
        connections,
        tokens: 'all',
      }),
    );
    progress('bodies');
    const bodies = new Map(
      [SMALL_BODY, USUAL_BODY, ...FILLED_BODY_BYTES.map((bytes) => USUAL_BODY.padEnd(bytes))].map((body) => [
        body.length,
        body,
      ]),
    );
    byBody = await sweep(effort, [...bodies.keys()], (bytes) =>
      stage.measure(gateway, { count: effort.requests, body: bodies.get(bytes)!, tokens: 'all' }),
    );
  } finally {
    await gateway.stop();
  }
  const byCallers: CallersPoint[] = [];
  for (const callers of CALLERS) {
    progress(`${callers} callers`);
    byCallers.push(await measureCallers(stage, effort, callers));
  }
  progress('processes');
  const byProcesses = await measureProcesses(stage, effort);

  const pictures = new Map([
    [
      'concurrency.svg',
      pictureOf('Concurrency', 'connections, one request at a time on each', byConcurrency),
    ],
    ['body-size.svg', pictureOf('Size of the body', 'bytes of the body', byBody)],
    ['callers.svg', pictureOf('Callers', 'callers in the gateway file', byCallers)],
    ['processes.svg', pictureOfProcesses(byProcesses)],
  ]);
  const markdown = [
    sizingText(byConcurrency),
    `### Concurrency\n\n![Requests per second and p99 against the number of connections](performance/concurrency.svg)\n\n${pointTable('connections', byConcurrency)}`,
    `### Size of the body\n\nFrom the smallest direct debit (${SMALL_BODY.length} bytes) and the usual one (${USUAL_BODY.length}) to the largest body that the gateway reads, 16 KiB. White space, which JSON permits, fills up the bodies, because no field may be that long.\n\n![Requests per second and p99 against the size of the body](performance/body-size.svg)\n\n${pointTable('bytes', byBody)}`,
    `### Callers\n\n${callersText(byCallers)}\n\n![Requests per second and p99 against the number of callers](performance/callers.svg)\n\n${callersTable(byCallers)}`,
    `### Processes\n\n${PROCESSES_TEXT}\n\n![Requests per second and p99 of one and of two processes](performance/processes.svg)\n\n${processesTable(byProcesses)}`,
  ].join('\n\n');
  return { markdown, pictures };
}

/** Each by turns, another one first each round, so that a machine that slows down slows all of them. */
async function sweep(
  { rounds }: Effort,
  xs: readonly number[],
  measure: (x: number) => Promise<Run>,
): Promise<Point[]> {
  const runs = new Map(xs.map((x) => [x, [] as Run[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const offset of xs.keys()) {
      const x = xs[(offset + round) % xs.length]!;
      runs.get(x)!.push(await measure(x));
    }
  }
  return [...runs].map(([x, of]) => pointOf(x, of));
}

function pointOf(x: number, runs: readonly Run[]): Point {
  const median = (of: (run: Run) => number): number => spreadOf(runs.map(of)).median;
  return {
    x,
    perSecond: median((run) => run.perSecond),
    p50Ms: median((run) => run.p50Ms),
    p99Ms: median((run) => run.p99Ms),
    cpuMsPer1000: median((run) => run.cpuMsPer1000),
  };
}

function requestsAt(connections: number, { requests }: Effort): number {
  return Math.ceil(requests * Math.min(1, connections / CONCURRENCY_OF_ALL_REQUESTS));
}

interface CallersPoint extends Point {
  readonly startSeconds: number;
  readonly memoryMb: number;
}

async function measureCallers(stage: Stage, effort: Effort, callers: number): Promise<CallersPoint> {
  const file = `callers-${callers}.yaml`;
  const clientOf = (index: number): string => `${CLIENT}-${index}`;
  await writeGatewayFile(
    stage.surroundings,
    Array.from({ length: callers }, (_, index) => forAllCustomers(clientOf(index))),
    file,
  );
  const asking = Math.min(callers, MAX_CALLERS_THAT_ASK);
  await stage.useTokens(asking, (index) => ({
    sub: `user-${index}`,
    // From the whole of the file.
    client_id: clientOf(Math.floor((index * callers) / asking)),
  }));
  const gateway = await startGateway(stage.surroundings, {
    databaseUrl: 'sqlite:callers.db',
    environment: { GATEWAY_FILE: file },
  });
  try {
    await stage.ask(gateway, { count: effort.warmUp, tokens: 'all' });
    const [point] = await sweep(effort, [callers], () =>
      stage.measure(gateway, { count: effort.requests, tokens: 'all' }),
    );
    return { ...point!, startSeconds: gateway.startSeconds, memoryMb: (await gateway.memoryMb()).now };
  } finally {
    await gateway.stop();
  }
}

interface ProcessesPoints {
  readonly one: readonly Point[];
  readonly two: readonly Point[];
}

async function measureProcesses(stage: Stage, effort: Effort): Promise<ProcessesPoints> {
  await stage.useTokens(effort.tokens);
  const databaseUrl = await stage.newDatabase();
  const gateways: MeasuredProgram[] = [];
  try {
    gateways.push(await startGateway(stage.surroundings, { databaseUrl }));
    gateways.push(await startGateway(stage.surroundings, { databaseUrl, core: secondCore() }));
    const [first] = gateways;
    for (const gateway of gateways) await stage.ask(gateway, { count: effort.warmUp, tokens: 'all' });
    const served = (by: MeasuredProgram[]) => (connections: number) =>
      stage.measure(by, { count: effort.requests, connections, tokens: 'all' });
    return {
      one: await sweep(effort, CONCURRENCY_OF_PROCESSES, served([first!])),
      two: await sweep(effort, CONCURRENCY_OF_PROCESSES, served(gateways)),
    };
  } finally {
    for (const gateway of gateways) await gateway.stop();
  }
}

function secondCore(): string {
  return cpus().length > 2 ? '2' : OTHER_CORE;
}

function pictureOf(title: string, x: string, points: readonly Point[]): string {
  const line = (of: (point: Point) => number) => [
    { name: '', points: points.map((point) => ({ x: point.x, y: of(point) })) },
  ];
  return svgOf({
    title,
    x,
    panels: [
      { y: 'requests/s', lines: line((point) => point.perSecond) },
      { y: 'p99, ms', lines: line((point) => point.p99Ms) },
    ],
  });
}

function pictureOfProcesses({ one, two }: ProcessesPoints): string {
  const lines = (of: (point: Point) => number) =>
    Object.entries({ '1 process': one, '2 processes': two }).map(([name, points]) => ({
      name,
      points: points.map((point) => ({ x: point.x, y: of(point) })),
    }));
  return svgOf({
    title: 'Processes on one PostgreSQL',
    x: 'connections, shared out among the processes',
    panels: [
      { y: 'requests/s', lines: lines((point) => point.perSecond) },
      { y: 'p99, ms', lines: lines((point) => point.p99Ms) },
    ],
  });
}

const POINT_HEAD = ['requests/s', 'p50 ms', 'p99 ms', 'CPU ms per 1,000'];

function cellsOf({ perSecond, p50Ms, p99Ms, cpuMsPer1000 }: Point): string[] {
  return [perSecond, p50Ms, p99Ms, cpuMsPer1000].map(figure);
}

function pointTable(what: string, points: readonly Point[]): string {
  return table(
    [what, ...POINT_HEAD],
    points.map((point) => [whole(point.x), ...cellsOf(point)]),
  );
}

function callersTable(points: readonly CallersPoint[]): string {
  return table(
    ['callers', ...POINT_HEAD, 'start to ready s', 'memory MB'],
    points.map((point) => [
      whole(point.x),
      ...cellsOf(point),
      figure(point.startSeconds),
      figure(point.memoryMb),
    ]),
  );
}

function processesTable({ one, two }: ProcessesPoints): string {
  const rows = one.flatMap((point, index) => [
    [`1 process, ${whole(point.x)} connections`, ...cellsOf(point)],
    [`2 processes, ${whole(point.x)} connections`, ...cellsOf(two[index]!)],
  ]);
  return table(['', ...POINT_HEAD], rows);
}

function callersText(points: readonly CallersPoint[]): string {
  const [least, most] = [points[0]!, points.at(-1)!];
  return `All callers belong to one group. At most ${whole(MAX_CALLERS_THAT_ASK)} of them, spread over the whole file, send requests, with one user each. So the file is what grows. A start with ${whole(most.x)} callers takes ${figure(most.startSeconds - least.startSeconds)} s longer than with ${whole(least.x)}, and a change of that file delays requests while the gateway reads it.`;
}

const PROCESSES_TEXT = `Both processes use one PostgreSQL and count their limits there together. All requests come from one caller, so each counts in the same row. ${
  cpus().length > 2
    ? 'The second process has a core of its own. PostgreSQL shares one with the load.'
    : 'This machine has two cores. The second process shares a core with PostgreSQL, the load and the fake Octane. With one process, these three have that core to themselves. So the table does not show what a second process adds. It shows what two processes do to each other in one database.'
}`;

/** What one core serves, and what a telco needs of it. */
function sizingText(points: readonly Point[]): string {
  const quick = points.filter(({ p99Ms }) => p99Ms <= QUICK_P99_MS);
  const best = (quick.length > 0 ? quick : points).reduce((a, b) => (b.perSecond > a.perSecond ? b : a));
  const planned = best.perSecond * PLANNED_SHARE;
  const { mean, worst } = demandOf(TELCO);
  const maxInFlight = Number(SETTINGS_TABLE.octaneMaxInFlight.default);
  return `**One core** serves ${figure(best.perSecond)} direct debits a second, with ${best.x} at a time and a p99 of ${figure(best.p99Ms)} ms, with the journal on SQLite, everything else switched on, and an Octane that answers at once. Plan with ${PLANNED_SHARE * 100} % of it, ${figure(planned)}, and keep the rest in reserve.

**A telco with ${whole(TELCO.customers)} customers**, for example. Each customer changes something ${TELCO.changesAMonth} times a month. The busiest hour has ${TELCO.peakHourShare * 100} % of a day's changes, and its worst second ${TELCO.burst} times the mean of that hour. That is ${figure(mean)} changes a second in that hour and ${figure(worst)} in that second, or ${figure((worst / best.perSecond) * 100)} % of one core. With the planned share, one core serves ${figure(customersFor(planned, TELCO) / 1e6)} million such customers. So the telco needs one process for the load, a second one on another machine in case the first one fails, and a PostgreSQL that both share.

Octane limits such a telco before the gateway does. With ${maxInFlight} calls at one time (\`OCTANE_MAX_IN_FLIGHT\`) that take ${SLOW_OCTANE_SECONDS} s each, a process can make ${whole(maxInFlight / SLOW_OCTANE_SECONDS)} calls a second.`;
}

function whole(value: number): string {
  return value.toLocaleString('en');
}
