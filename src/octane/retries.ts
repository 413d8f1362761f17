import { setTimeout as wait } from 'node:timers/promises';
import { isRepeatable } from '../operations/operation.ts';
import type { Operation } from '../operations/operation.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { OctaneFailure } from './octane-failure.ts';
import type { Fault } from './octane-failure.ts';

/** What is tried again of an operation that may be repeated. Of any other only what certainly did not leave. */
const RETRIED_FAULTS: ReadonlySet<Fault> = new Set(['no-connection', 'stale-connection', 'broken']);
const RETRIED_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const MAX_RETRIES = 2;
/** Least and most before each retry. It is random in between, so that calls that failed together do not come back together. */
const BACKOFFS_MS = [
  [50, 150],
  [150, 450],
];
/** Calls that may be retrying at one time: a share of all calls, and at least a few. */
const RETRY_SHARE = 0.1;
const MIN_RETRYING = 5;

/** What a call gave, and how many attempts it took. */
export interface Attempted<T> {
  readonly result: T;
  readonly attempts: number;
}

/** Tries a call again after a failure that may pass. Not all calls at one time: that would keep Octane down when it comes back. */
export class Retries {
  /** The calls that are retrying, each by its list of failures. */
  private readonly retrying = new Set<readonly OctaneFailure[]>();

  /** @param callsInFlight retrying ones too */
  constructor(
    private readonly metrics: Metrics,
    private readonly callsInFlight: () => number,
  ) {}

  /**
   * @param deadline by `performance.now()`
   * @param attempt gets its time in milliseconds, and how many attempts were before
   * @throws OctaneFailure whose outcome is least certain, and what else the first attempt throws
   */
  async run<T>(
    operation: Operation,
    deadline: number,
    attempt: (timeoutMs: number, before: number) => Promise<T>,
  ): Promise<Attempted<T>> {
    const failures: OctaneFailure[] = [];
    try {
      for (;;) {
        try {
          const result = await attempt(Math.max(1, deadline - performance.now()), failures.length);
          return { result, attempts: failures.length + 1 };
        } catch (error) {
          if (error instanceof OctaneFailure) failures.push(error);
          const delayMs = delayBeforeRetry(error, failures.length, deadline);
          if (delayMs === undefined || !this.mayRetry(failures)) throw leastCertain(failures) ?? error;
          this.retrying.add(failures);
          await wait(delayMs);
          this.metrics.count('octane_retries_total', { operation: operation.name });
        }
      }
    } finally {
      this.retrying.delete(failures);
    }
  }

  private mayRetry(failures: readonly OctaneFailure[]): boolean {
    const most = Math.max(MIN_RETRYING, this.callsInFlight() * RETRY_SHARE);
    return this.retrying.has(failures) || this.retrying.size < most;
  }
}

function isRetried({ operation, fault, octaneStatus = 0 }: OctaneFailure): boolean {
  if (!isRepeatable(operation)) return fault === 'no-connection';
  return fault === 'status' ? RETRIED_STATUSES.has(octaneStatus) : RETRIED_FAULTS.has(fault);
}

/** @returns undefined where the failure is final, or the time too short */
function delayBeforeRetry(failure: unknown, attempts: number, deadline: number): number | undefined {
  if (!(failure instanceof OctaneFailure) || attempts > MAX_RETRIES || !isRetried(failure)) return undefined;
  const { octaneStatus, retryAfterMs } = failure;
  const [least = 0, most = 0] = BACKOFFS_MS[attempts - 1] ?? [];
  const backoffMs = least + Math.random() * (most - least);
  const delayMs = octaneStatus === 429 ? Math.max(backoffMs, retryAfterMs ?? 0) : backoffMs;
  return performance.now() + delayMs < deadline ? delayMs : undefined;
}

/**
 * The failure whose outcome is least certain: an attempt with an unknown outcome stays unknown when a later one is refused. If the
 * last attempt was applied, the change is as it was asked for.
 */
function leastCertain(failures: readonly OctaneFailure[]): OctaneFailure | undefined {
  const last = failures.at(-1);
  const failure =
    last?.outcome === 'applied' ? last : (failures.findLast(({ outcome }) => outcome === 'unknown') ?? last);
  if (failure) failure.attempts = failures.length;
  return failure;
}
