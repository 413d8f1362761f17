/** Figures that are counted, not weighed: what the tables of the benchmark say of their samples. */

/** @param sorted in ascending order, at least one @param share 0 for the least, 1 for the greatest */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new RangeError('no samples');
  const position = (sorted.length - 1) * share;
  const [below, above] = [Math.floor(position), Math.ceil(position)];
  const low = sorted[below]!;
  return low + (sorted[above]! - low) * (position - below);
}

/** A median with the quartiles around it. */
export interface Spread {
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  return { q1: quantile(sorted, 0.25), median: quantile(sorted, 0.5), q3: quantile(sorted, 0.75) };
}

/** How much more each round had than its partner: what slows the machine for a round slows both sides of it. */
export function differenceOf(samples: readonly number[], base: readonly number[]): Spread {
  return spreadOf(pairsOf(samples, base).map(([sample, other]) => sample - other));
}

/** The median of the ratios of each round, for the same reason. */
export function ratioOf(samples: readonly number[], base: readonly number[]): number {
  return spreadOf(pairsOf(samples, base).map(([sample, other]) => sample / other)).median;
}

function pairsOf(samples: readonly number[], base: readonly number[]): [number, number][] {
  if (samples.length !== base.length) throw new RangeError('rounds without a partner');
  return samples.map((sample, round) => [sample, base[round]!]);
}
