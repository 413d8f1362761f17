import { startGateway } from './gateway.ts';
import type { Goal } from './goals.ts';
import { figure, table } from './markdown.ts';
import type { Effort, Stage } from './stage.ts';
import { spreadOf } from './statistics.ts';

const STARTS = 7;
/** Of the usual requests of a round. */
const SATURATING_SHARE = 5;
const MILLION = 1_000_000;
const STEPS = 10;
/** From here on caches and heaps have the size that they keep. */
const SETTLED_STEP = 2;

interface Measured {
  readonly markdown: string;
  readonly goals: readonly Goal[];
}

/** From the start of the process to the first `ready` of the management port, with a journal that is there already. */
export async function measureStart(stage: Stage): Promise<Measured> {
  const seconds: number[] = [];
  for (let start = 0; start <= STARTS; start += 1) {
    const gateway = await startGateway(stage.surroundings, { databaseUrl: 'sqlite:start.db' });
    // The first one makes the journal, and brings the files into the memory of the machine.
    if (start > 0) seconds.push(gateway.startSeconds);
    await gateway.stop();
  }
  const { q1, median, q3 } = spreadOf(seconds);
  return {
    markdown: `From the start of the process to ready: ${figure(median)} s (quartiles ${figure(q1)}–${figure(q3)}, of ${STARTS} starts).`,
    goals: [{ what: 'start to ready', measured: median, unit: 's', must: 1, moonshot: 0.5 }],
  };
}

/** The memory of the process while it has as much to do as it can, and again and again on the way to a million requests. */
export async function measureMemory(
  stage: Stage,
  { requests, tokens }: Effort,
  isLong: boolean,
): Promise<Measured> {
  await stage.useTokens(tokens);
  const saturating = requests * SATURATING_SHARE;
  const gateway = await startGateway(stage.surroundings, { databaseUrl: 'sqlite:memory.db' });
  const rows: string[][] = [];
  const note = async (served: number): Promise<number> => {
    const { now, peak } = await gateway.memoryMb();
    rows.push([served.toLocaleString('en'), figure(now), figure(peak)]);
    return now;
  };
  try {
    await note(0);
    await stage.ask(gateway, { count: saturating, tokens: 'all', hasKey: true });
    const saturated = await note(saturating);
    const goals: Goal[] = [
      { what: 'memory at saturation', measured: saturated, unit: 'MB', must: 200, moonshot: 140 },
    ];
    if (isLong) {
      const steps: number[] = [];
      for (let step = 1; step <= STEPS; step += 1) {
        const count = MILLION / STEPS;
        await stage.ask(gateway, { count, tokens: 'all', hasKey: true });
        steps.push(await note(saturating + step * count));
      }
      const [settled, last] = [steps[SETTLED_STEP - 1]!, steps.at(-1)!];
      const what = `growth of memory from ${(SETTLED_STEP * MILLION) / STEPS} to ${MILLION} requests`;
      goals.push({ what, measured: (last / settled - 1) * 100, unit: '%', must: 5, moonshot: 0 });
    }
    return { markdown: table(['requests', 'memory MB', 'most MB'], rows), goals };
  } finally {
    await gateway.stop();
  }
}
