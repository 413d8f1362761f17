import { CONTENDERS, FASTIFY_WITH_CACHE, GATEWAY_SQLITE, HAPROXY } from './contenders.ts';
import type { Goal } from './goals.ts';
import { figure, table } from './markdown.ts';
import type { MeasuredProgram } from './measured-program.ts';
import type { Effort, Stage } from './stage.ts';
import { ratioOf, spreadOf } from './statistics.ts';

const SECONDS = 5;
/** Five times the worst second of a telco with a million customers. */
const STEADY_PER_SECOND = 200;
/** HAProxy is what the gateway is held to; the peer shows what Node makes of the same load with next to nothing to do. */
const WHO: ReadonlySet<string> = new Set([HAPROXY, FASTIFY_WITH_CACHE, GATEWAY_SQLITE]);

/**
 * Latency when there is time to breathe: requests come at a steady rate, half of what the gateway can serve and then a few,
 * whether or not those before have been answered, and each one's time counts from when it was due.
 */
export async function measurePaced(
  stage: Stage,
  { rounds, requests, tokens, warmUp }: Effort,
): Promise<{ markdown: string; goals: Goal[] }> {
  await stage.useTokens(tokens);
  const started = new Map<string, MeasuredProgram>();
  try {
    for (const contender of CONTENDERS.filter(({ name }) => WHO.has(name))) {
      if ((await contender.missing?.()) !== undefined) continue;
      started.set(contender.name, await contender.start(stage.surroundings, stage.newDatabase));
    }
    const gateway = started.get(GATEWAY_SQLITE)!;
    for (const program of started.values()) await stage.ask(program, { count: warmUp, tokens: 'all' });
    const saturation: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      saturation.push((await stage.measure(gateway, { count: requests, tokens: 'all' })).perSecond);
    }
    const half = spreadOf(saturation).median / 2;
    const atHalf = await latenciesAt(half, stage, started, rounds);
    const atSteady = await latenciesAt(STEADY_PER_SECOND, stage, started, rounds);
    return {
      markdown: [
        `${figure(half)} requests/s, half of what the gateway can serve:\n\n${latencyTable(atHalf)}`,
        `${STEADY_PER_SECOND} requests/s:\n\n${latencyTable(atSteady)}`,
      ].join('\n\n'),
      goals: [
        ...goalAgainst(HAPROXY, 'at half of saturation', atHalf, { must: 3, moonshot: 1.5 }),
        ...goalAgainst(FASTIFY_WITH_CACHE, `at ${STEADY_PER_SECOND} requests/s`, atSteady, {
          must: 2,
          moonshot: 1.3,
        }),
      ],
    };
  } finally {
    for (const program of started.values()) await program.stop();
  }
}

/** Milliseconds, one of each round. */
type Latencies = Map<string, { p50: number[]; p99: number[] }>;

async function latenciesAt(
  ratePerSecond: number,
  stage: Stage,
  programs: ReadonlyMap<string, MeasuredProgram>,
  rounds: number,
): Promise<Latencies> {
  const latencies: Latencies = new Map([...programs.keys()].map((name) => [name, { p50: [], p99: [] }]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, program] of programs) {
      const paced = { count: Math.ceil(ratePerSecond * SECONDS), tokens: 'all', ratePerSecond } as const;
      const { p50Ms, p99Ms } = await stage.measure(program, paced);
      latencies.get(name)!.p50.push(p50Ms);
      latencies.get(name)!.p99.push(p99Ms);
    }
  }
  return latencies;
}

function latencyTable(latencies: Latencies): string {
  const rows = [...latencies].map(([name, { p50, p99 }]) => {
    const { q1, median, q3 } = spreadOf(p99);
    return [name, figure(spreadOf(p50).median), `${figure(median)} (${figure(q1)}–${figure(q3)})`];
  });
  return table(['who', 'p50 ms', 'p99 ms (quartiles)'], rows);
}

/** @returns none where the other one is not installed */
function goalAgainst(
  other: string,
  when: string,
  latencies: Latencies,
  limits: Pick<Goal, 'must' | 'moonshot'>,
): Goal[] {
  const theirs = latencies.get(other);
  if (!theirs) return [];
  const measured = ratioOf(latencies.get(GATEWAY_SQLITE)!.p99, theirs.p99);
  return [{ what: `p99 of ${GATEWAY_SQLITE}, against ${other}, ${when}`, measured, unit: '×', ...limits }];
}
