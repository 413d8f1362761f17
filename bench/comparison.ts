import { assertDoesItsJob, assertReceived } from './correctness.ts';
import {
  CONTENDERS,
  FASTIFY_WITH_CACHE,
  GATEWAY_NOTHING,
  GATEWAY_POSTGRES,
  GATEWAY_SQLITE,
  GATEWAY_SQLITE_KEY,
  NEST,
} from './contenders.ts';
import type { Contender } from './contenders.ts';
import type { Goal } from './goals.ts';
import { figure, table } from './markdown.ts';
import type { MeasuredProgram } from './measured-program.ts';
import type { Effort, Run, Stage } from './stage.ts';
import { ratioOf, spreadOf } from './statistics.ts';

/** How many users take turns. */
const CROWDS = ['one token', 'many tokens'] as const;
type Crowd = (typeof CROWDS)[number];

/** What each did, round by round. */
interface Comparison {
  readonly names: readonly string[];
  readonly runs: ReadonlyMap<Crowd, ReadonlyMap<string, readonly Run[]>>;
  readonly left: readonly string[];
}

interface ComparisonOptions {
  readonly isWanted: (name: string) => boolean;
  readonly progress: (text: string) => void;
}

/** Starts all who can be started, sees that each does its job, and lets them serve by turns. */
export async function compare(
  stage: Stage,
  effort: Effort,
  { isWanted, progress }: ComparisonOptions,
): Promise<Comparison> {
  await stage.useTokens(effort.tokens);
  const left: string[] = [];
  const started = new Map<Contender, MeasuredProgram>();
  try {
    for (const contender of CONTENDERS.filter(({ name }) => isWanted(name))) {
      const missing = await contender.missing?.();
      if (missing !== undefined) {
        left.push(missing);
        continue;
      }
      const program = await contender.start(stage.surroundings, stage.newDatabase);
      started.set(contender, program);
      await assertDoesItsJob(contender, program, stage.load, stage.key);
      await stage.ask(program, { count: effort.warmUp, tokens: 'all', hasKey: contender.hasKey ?? false });
      progress(`${contender.name} does its job`);
    }
    const runs = await playRounds(stage, [...started], effort, progress);
    return { names: [...started.keys()].map(({ name }) => name), runs, left };
  } finally {
    for (const program of started.values()) await program.stop();
  }
}

async function playRounds(
  stage: Stage,
  started: readonly (readonly [Contender, MeasuredProgram])[],
  { rounds, requests }: Effort,
  progress: (text: string) => void,
): Promise<Map<Crowd, Map<string, Run[]>>> {
  const runs = new Map(
    CROWDS.map((crowd) => [crowd, new Map(started.map(([{ name }]) => [name, [] as Run[]]))]),
  );
  for (let round = 0; round < rounds; round += 1) {
    for (const crowd of CROWDS) {
      for (const offset of started.keys()) {
        // Another one goes first each round, so that a machine that slows down slows all of them.
        const [contender, program] = started[(offset + round) % started.length]!;
        await stage.load.hits();
        const run = await stage.measure(program, {
          count: requests,
          tokens: crowd === 'one token' ? 'first' : 'all',
          hasKey: contender.hasKey ?? false,
        });
        assertReceived((await stage.load.hits()).samples);
        runs.get(crowd)?.get(contender.name)?.push(run);
        progress(
          `round ${round + 1}, ${crowd}, ${contender.name}: ${run.cpuMsPer1000.toFixed(0)} ms per 1,000`,
        );
      }
    }
  }
  return runs;
}

/** One table for each crowd: medians, and in which relation they stand to Fastify with its cache. */
export function comparisonTables({ names, runs, left }: Comparison, tokens: number): string {
  const parts = CROWDS.map((crowd) => {
    const rows = names.map((name) => {
      const [own, base] = [runs.get(crowd)!.get(name)!, runs.get(crowd)!.get(FASTIFY_WITH_CACHE)];
      const cpu = spreadOf(own.map((run) => run.cpuMsPer1000));
      const withRatio = (of: (run: Run) => number): string[] => [
        figure(spreadOf(own.map(of)).median),
        base ? figure(ratioOf(own.map(of), base.map(of))) : '',
      ];
      const [cpuMedian, ...cpuRatio] = withRatio((run) => run.cpuMsPer1000);
      return [
        name,
        `${cpuMedian} (${figure(cpu.q1)}–${figure(cpu.q3)})`,
        ...cpuRatio,
        ...withRatio((run) => run.perSecond),
        ...withRatio((run) => run.p50Ms),
        ...withRatio((run) => run.p99Ms),
      ];
    });
    const head = [
      'who',
      'CPU ms per 1,000 (quartiles)',
      '×',
      'requests/s',
      '×',
      'p50 ms',
      '×',
      'p99 ms',
      '×',
    ];
    return `${crowd === 'one token' ? 'One token' : `${tokens.toLocaleString('en')} tokens`}:

${table(head, rows)}`;
  });
  return [...parts, ...(left.length > 0 ? [`Left out: ${left.join('; ')}.`] : [])].join('\n\n');
}

/** Of those that this comparison can tell about. */
export function comparisonGoals({ runs }: Comparison): Goal[] {
  const cpuRatio = (crowd: Crowd, name: string, base: string): number | undefined => {
    const [own, other] = [runs.get(crowd)?.get(name), runs.get(crowd)?.get(base)];
    return own && other
      ? ratioOf(
          own.map((run) => run.cpuMsPer1000),
          other.map((run) => run.cpuMsPer1000),
        )
      : undefined;
  };
  return CROWDS.flatMap((crowd) => {
    const goals = [
      { name: GATEWAY_NOTHING, base: FASTIFY_WITH_CACHE, must: 1.5, moonshot: 1.2 },
      { name: GATEWAY_SQLITE, base: FASTIFY_WITH_CACHE, must: 2, moonshot: 1.5 },
      { name: GATEWAY_SQLITE_KEY, base: GATEWAY_SQLITE, must: 1.25, moonshot: 1.1 },
      { name: GATEWAY_POSTGRES, base: GATEWAY_SQLITE, must: 1.2, moonshot: 1 },
    ].flatMap(({ name, base, must, moonshot }) => {
      const measured = cpuRatio(crowd, name, base);
      const what = `CPU of ${name}, against ${base}, ${crowd}`;
      return measured === undefined ? [] : [{ what, measured, unit: '×' as const, must, moonshot }];
    });
    const nest = cpuRatio(crowd, NEST, GATEWAY_SQLITE);
    const what = `CPU of ${NEST}, against ${GATEWAY_SQLITE}, ${crowd}`;
    return nest === undefined
      ? goals
      : [...goals, { what, measured: nest, unit: '×' as const, must: 3.5, moonshot: 5, isLeast: true }];
  });
}
