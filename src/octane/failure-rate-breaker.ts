import { CircuitState } from 'cockatiel';
import type { IBreaker } from 'cockatiel';

const BUCKET_MS = 1000;

interface Bucket {
  readonly startedAt: number;
  calls: number;
  failures: number;
}

/**
 * Opens when at least a share of the calls of the last seconds failed. cockatiel's SamplingBreaker would count old failures
 * as recent ones under sparse traffic: its windows move only when calls come.
 */
export class FailureRateBreaker implements IBreaker {
  state: unknown;
  private buckets: Bucket[] = [];

  constructor(
    private readonly options: { windowMs: number; minimumCalls: number; failureShare: number },
    private readonly now: () => number = () => performance.now(),
  ) {}

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.buckets = [];
    this.bucket().calls += 1;
  }

  failure(state: CircuitState): boolean {
    const bucket = this.bucket();
    bucket.calls += 1;
    bucket.failures += 1;
    if (state !== CircuitState.Closed) return true;
    const calls = this.buckets.reduce((sum, each) => sum + each.calls, 0);
    const failures = this.buckets.reduce((sum, each) => sum + each.failures, 0);
    return calls >= this.options.minimumCalls && failures >= calls * this.options.failureShare;
  }

  private bucket(): Bucket {
    const now = this.now();
    while (this.buckets[0] && now - this.buckets[0].startedAt >= this.options.windowMs) this.buckets.shift();
    const last = this.buckets.at(-1);
    if (last && now - last.startedAt < BUCKET_MS) return last;
    const bucket = { startedAt: now, calls: 0, failures: 0 };
    this.buckets.push(bucket);
    return bucket;
  }
}
