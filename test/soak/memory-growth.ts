import type { MemorySample } from './footprint.ts';

/**
 * V8 takes room in steps and gives little of it back: medians of a process that holds no more than before differ by up to 20 MB.
 * Within five minutes at 30 requests a second, 20 kB that each of them leaves behind make 60 MB.
 */
export const MAX_GROWTH_MB = 32;
/** In a shorter time a gateway is still warming up. */
const LEAST_JUDGED_MS = 240_000;
const TENTHS = 10;

export interface MemoryGrowth {
  /** Medians of the first and of the last third of the samples, in MB of 2^20 bytes. */
  readonly firstMb: number;
  readonly lastMb: number;
  readonly mostMb: number;
  /** Medians of each tenth, in order. */
  readonly courseMb: readonly number[];
  /** Whether the samples cover enough time to be judged. */
  readonly isJudged: boolean;
  readonly brokenPromises: readonly string[];
}

/** @param samples from the end of the warm-up on, in order */
export function memoryGrowth(samples: readonly MemorySample[]): MemoryGrowth {
  const third = Math.floor(samples.length / 3);
  const firstMb = median(samples.slice(0, third));
  const lastMb = median(samples.slice(samples.length - third));
  const isJudged = (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0) >= LEAST_JUDGED_MS;
  const grownMb = lastMb - firstMb;
  return {
    firstMb,
    lastMb,
    mostMb: Math.max(...samples.map(({ mb }) => mb)),
    courseMb: Array.from({ length: TENTHS }, (_, tenth) =>
      median(samples.slice((tenth * samples.length) / TENTHS, ((tenth + 1) * samples.length) / TENTHS)),
    ),
    isJudged,
    brokenPromises:
      isJudged && grownMb > MAX_GROWTH_MB
        ? [`the memory grew by ${Math.round(grownMb)} MB between the first and the last third`]
        : [],
  };
}

function median(samples: readonly MemorySample[]): number {
  const sorted = samples.map(({ mb }) => mb).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
