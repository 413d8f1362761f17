import { CircuitState } from 'cockatiel';
import { FailureRateBreaker } from './failure-rate-breaker.ts';

const { Closed, HalfOpen } = CircuitState;

describe('the breaker', () => {
  let now: number;
  let breaker: FailureRateBreaker;
  beforeEach(() => {
    now = 0;
    breaker = new FailureRateBreaker({ windowMs: 10_000, minimumCalls: 10, failureShare: 0.5 }, () => now);
  });
  const failures = (count: number): boolean[] => Array.from({ length: count }, () => breaker.failure(Closed));
  const successes = (count: number): void => {
    for (let call = 0; call < count; call += 1) breaker.success(Closed);
  };

  it('opens at the tenth call when half of them failed', () => {
    successes(5);
    expect(failures(5)).toEqual([false, false, false, false, true]);
  });

  it('stays closed below half', () => {
    successes(6);
    expect(failures(5).some(Boolean)).toBe(false);
  });

  it('stays closed below ten calls', () => {
    expect(failures(9).some(Boolean)).toBe(false);
  });

  it('forgets what is older than its window, also under sparse traffic', () => {
    for (let call = 0; call < 30; call += 1) {
      expect(breaker.failure(Closed)).toBe(false);
      now += 1500;
    }
  });

  it('opens again when a probe fails, and starts afresh when it succeeds', () => {
    expect(breaker.failure(HalfOpen)).toBe(true);
    failures(9);
    breaker.success(HalfOpen);
    expect(failures(8).some(Boolean)).toBe(false);
    expect(failures(1)).toEqual([true]);
  });
});
