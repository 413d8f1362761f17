import { differenceOf, quantile, ratioOf, spreadOf } from './statistics.ts';

describe('the arithmetic of the benchmark', () => {
  it.each([
    [[7], 0.99, 7],
    [[1, 2], 0.5, 1.5],
    [[1, 2, 3, 4], 0, 1],
    [[1, 2, 3, 4], 1, 4],
    [[1, 2, 3, 4], 0.5, 2.5],
    [[10, 20, 30, 40, 50], 0.25, 20],
    [Array.from({ length: 101 }, (_, index) => index), 0.99, 99],
  ])('finds in %j at %d: %d', (sorted, share, expected) => {
    expect(quantile(sorted, share)).toBeCloseTo(expected, 10);
  });

  it('has nothing to say of no samples', () => {
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });

  it('puts numbers in the order of their size, and leaves the rounds in theirs', () => {
    const rounds = [100, 9, 30, 2, 50];
    expect(spreadOf(rounds)).toEqual({ q1: 9, median: 30, q3: 50 });
    expect(rounds).toEqual([100, 9, 30, 2, 50]);
  });

  it('compares round with round', () => {
    // The second round was ten times as slow for both: the medians alone would give 2.
    expect(ratioOf([3, 40, 4], [1, 20, 2])).toBe(2);
    expect(ratioOf([4, 40, 40, 40], [1, 10, 20, 20])).toBe(3);
    expect(() => ratioOf([1, 2], [1])).toThrow(RangeError);
  });

  it('subtracts round from round', () => {
    // The medians alone would give 0.
    expect(differenceOf([5, 8, 90], [3, 8, 4])).toEqual({ q1: 1, median: 2, q3: 44 });
    expect(() => differenceOf([1], [1, 2])).toThrow(RangeError);
  });
});
