import { verdictOn } from './goals.ts';

describe('a goal of the benchmark', () => {
  const most = { what: '', unit: '×', must: 1.8, moonshot: 1.2 } as const;
  const least = { what: '', unit: '×', must: 5, moonshot: 10, isLeast: true } as const;

  it.each([
    [most, 1.2, 'moonshot'],
    [most, 1.21, 'reached'],
    [most, 1.8, 'reached'],
    [most, 1.81, 'missed'],
    [least, 10, 'moonshot'],
    [least, 9.9, 'reached'],
    [least, 4.9, 'missed'],
    [most, NaN, 'missed'],
  ])('%j at %d is %s', (goal, measured, verdict) => {
    expect(verdictOn({ ...goal, measured })).toBe(verdict);
  });
});
