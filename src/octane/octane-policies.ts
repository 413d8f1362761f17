import { AsyncResource } from 'node:async_hooks';
import { Inject, Injectable } from '@nestjs/common';
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  circuitBreaker,
  CircuitState,
  DelegateBackoff,
  handleWhen,
  retry,
} from 'cockatiel';
import type { BulkheadPolicy, CircuitBreakerPolicy, RetryPolicy } from 'cockatiel';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { Problem } from '../problems/problems.ts';
import type { Outcome } from '../problems/problems.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { Tracing } from '../telemetry/tracing.ts';
import { FailureRateBreaker } from './failure-rate-breaker.ts';
import { OctaneFailure } from './octane-failure.ts';
import type { Fault, Operation } from './octane-failure.ts';

interface OperationPolicy {
  /** What is tried again, beside these statuses. */
  readonly retriedFaults: readonly Fault[];
  readonly retriedStatuses: readonly number[];
}

/** What is tried again, by what is known about each operation. */
const POLICIES: Readonly<Record<Operation, OperationPolicy>> = {
  // Setting it twice does what setting it once does.
  'direct-debit': {
    retriedFaults: ['no-connection', 'stale-connection', 'broken'],
    retriedStatuses: [429, 502, 503, 504],
  },
  // A second call could be a second email: only what certainly did not leave.
  'welcome-email': { retriedFaults: ['no-connection'], retriedStatuses: [] },
};
const MAX_RETRIES = 2;
/** Least and most before the first and before the second retry; spread, so that calls that failed together do not return together. */
const BACKOFFS_MS = [
  [50, 150],
  [150, 450],
];
/** Retries that may be under way at one time: a share of the calls, and at least a few. */
const RETRY_SHARE = 0.1;
const MIN_RETRIES_UNDER_WAY = 5;
/** How long a call waits for one of the places of the bulkhead. */
const MAX_WAIT_MS = 1000;
const BREAKER = { windowMs: 10_000, minimumCalls: 10, failureShare: 0.5 };
const BREAKER_OPEN_MS = 10_000;

/** Faults of Octane itself, beside every 5xx; what it refuses is no fault of its, and it may close an idle connection. */
const BREAKING_FAULTS: ReadonlySet<Fault> = new Set(['no-connection', 'broken', 'not-http', 'timeout']);

/** In the order of the numbers that stand for them in metrics. */
const BREAKER_STATES = ['closed', 'half-open', 'open'] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** What a call gave, and how many attempts it took. */
export interface Attempted<T> {
  readonly result: T;
  readonly attempts: number;
}

/** How calls to Octane are bounded, repeated and held back: breaker → bulkhead → retry → attempt, in one time budget. */
@Injectable()
export class OctanePolicies {
  private readonly places: BulkheadPolicy;
  private readonly retrying: RetryPolicy;
  private readonly breakers: Readonly<Record<Operation, CircuitBreakerPolicy>>;
  private callsUnderWay = 0;
  private retriesUnderWay = 0;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly tracing: Tracing,
    private readonly metrics: Metrics,
  ) {
    this.places = bulkhead(settings.octaneMaxInFlight, settings.octaneMaxInFlight);
    this.retrying = retry(
      handleWhen((error) => error instanceof PlannedRetry),
      {
        maxAttempts: MAX_RETRIES,
        backoff: new DelegateBackoff(({ result }) =>
          'error' in result ? (result.error as PlannedRetry).delayMs : 0,
        ),
      },
    );
    this.breakers = { 'direct-debit': newBreaker(), 'welcome-email': newBreaker() };
    metrics.read('octane_in_flight', () => settings.octaneMaxInFlight - this.places.executionSlots);
    metrics.read('octane_in_flight_limit', () => settings.octaneMaxInFlight);
    metrics.read('octane_breaker_state', () =>
      this.breakerStates().map(([operation, state]) => [{ operation }, BREAKER_STATES.indexOf(state)]),
    );
  }

  /** Whether calls of each operation are let through. */
  breakerStates(): [Operation, BreakerState][] {
    return (['direct-debit', 'welcome-email'] as const).map((operation) => [
      operation,
      stateOf(this.breakers[operation]),
    ]);
  }

  /**
   * Runs a call to Octane under the policy of its operation.
   *
   * @param attempt one attempt, which throws OctaneFailure, within the given time
   * @throws OctaneFailure of the attempt of which the least is known, or of an open breaker; Problem `overloaded`
   */
  run<T>(operation: Operation, attempt: (timeoutMs: number) => Promise<T>): Promise<Attempted<T>> {
    return this.tracing.step(`octane.${operation}`, () => this.runWithin(operation, attempt));
  }

  private async runWithin<T>(
    operation: Operation,
    attempt: (timeoutMs: number) => Promise<T>,
  ): Promise<Attempted<T>> {
    const deadline = performance.now() + this.settings.octaneTimeoutMs;
    const breaker = this.breakers[operation];
    // While one call probes, the others do not wait for what it finds.
    if (breaker.state === CircuitState.HalfOpen) throw breakerOpen(operation);
    this.callsUnderWay += 1;
    try {
      return await breaker.execute(() =>
        this.inPlace(deadline, () => this.withRetries(operation, deadline, attempt)),
      );
    } catch (error) {
      throw error instanceof BrokenCircuitError ? breakerOpen(operation) : error;
    } finally {
      this.callsUnderWay -= 1;
    }
  }

  private async inPlace<T>(deadline: number, call: () => Promise<T>): Promise<T> {
    if (this.places.executionSlots > 0) return this.places.execute(call);
    const waiting = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => {
          waiting.abort();
          reject(noPlace());
        },
        Math.min(MAX_WAIT_MS, deadline - performance.now()),
      );
    });
    // The bulkhead would run it as a part of the request that made room.
    const placed = this.places.execute(
      AsyncResource.bind(() => {
        clearTimeout(timer);
        return call();
      }),
      waiting.signal,
    );
    return Promise.race([placed, tooLong]).catch((error: unknown) => {
      clearTimeout(timer);
      throw error instanceof BulkheadRejectedError ? noPlace() : error;
    });
  }

  private async withRetries<T>(
    operation: Operation,
    deadline: number,
    attempt: (timeoutMs: number) => Promise<T>,
  ): Promise<Attempted<T>> {
    const failures: OctaneFailure[] = [];
    let isRetrying = false;
    try {
      const result = await this.retrying.execute(async () => {
        if (failures.length > 0) this.metrics.count('octane_retries_total', { operation });
        try {
          return await this.tracing.attempt(operation, failures.length, () =>
            this.timed(operation, () => attempt(Math.max(1, deadline - performance.now()))),
          );
        } catch (error) {
          if (!(error instanceof OctaneFailure)) throw error;
          failures.push(error);
          const delayMs = delayBeforeRetry(error, failures.length, deadline);
          if (delayMs === undefined || !(isRetrying || this.mayRetry())) throw error;
          if (!isRetrying) this.retriesUnderWay += 1;
          isRetrying = true;
          throw new PlannedRetry(delayMs);
        }
      });
      return { result, attempts: failures.length + 1 };
    } catch (error) {
      throw verdictOf(failures) ?? error;
    } finally {
      if (isRetrying) this.retriesUnderWay -= 1;
    }
  }

  private async timed<T>(operation: Operation, attempt: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const observe = (outcome: Outcome): void => {
      const seconds = (performance.now() - startedAt) / 1000;
      this.metrics.observe('octane_request_duration_seconds', { operation, outcome }, seconds);
    };
    try {
      const result = await attempt();
      observe('applied');
      return result;
    } catch (error) {
      if (error instanceof OctaneFailure) observe(error.outcome);
      throw error;
    }
  }

  /** A storm of retries would keep down what is just getting up. */
  private mayRetry(): boolean {
    return this.retriesUnderWay < Math.max(MIN_RETRIES_UNDER_WAY, this.callsUnderWay * RETRY_SHARE);
  }
}

/** Carries the delay to the retry policy; it never leaves this file. */
class PlannedRetry extends Error {
  constructor(readonly delayMs: number) {
    super('retry');
  }
}

/** @returns undefined where the failure is final, or the budget too small */
function delayBeforeRetry(failure: OctaneFailure, attempts: number, deadline: number): number | undefined {
  const { retriedFaults, retriedStatuses } = POLICIES[failure.operation];
  const { fault, octaneStatus = 0, retryAfterMs } = failure;
  const isRetried =
    fault === 'status' ? retriedStatuses.includes(octaneStatus) : retriedFaults.includes(fault);
  if (!isRetried) return undefined;
  const [least = 0, most = 0] = BACKOFFS_MS[attempts - 1] ?? [];
  const backoffMs = least + Math.random() * (most - least);
  const delayMs = octaneStatus === 429 ? Math.max(backoffMs, retryAfterMs ?? 0) : backoffMs;
  return performance.now() + delayMs < deadline ? delayMs : undefined;
}

/**
 * What a call of several failed attempts comes to: the least certain of them, since an attempt of which nobody knows is not
 * undone by a later refusal. An applied one settles it: the change is as it was asked for.
 */
function verdictOf(failures: readonly OctaneFailure[]): OctaneFailure | undefined {
  const last = failures.at(-1);
  const verdict =
    last?.outcome === 'applied' ? last : (failures.findLast(({ outcome }) => outcome === 'unknown') ?? last);
  if (verdict) verdict.attempts = failures.length;
  return verdict;
}

function newBreaker(): CircuitBreakerPolicy {
  const breaker: CircuitBreakerPolicy = circuitBreaker(
    // A probe that found no place has not shown that Octane is well.
    handleWhen(
      (error) => isOctanesFault(error) || (breaker.state === CircuitState.HalfOpen && isOverload(error)),
    ),
    { halfOpenAfter: BREAKER_OPEN_MS, breaker: new FailureRateBreaker(BREAKER) },
  );
  return breaker;
}

function noPlace(): Problem {
  return new Problem('overloaded', { reason: 'octane-in-flight' });
}

function stateOf({ state }: CircuitBreakerPolicy): BreakerState {
  if (state === CircuitState.Closed) return 'closed';
  return state === CircuitState.HalfOpen ? 'half-open' : 'open';
}

function isOctanesFault(error: unknown): boolean {
  return (
    error instanceof OctaneFailure && ((error.octaneStatus ?? 0) >= 500 || BREAKING_FAULTS.has(error.fault))
  );
}

function isOverload(error: unknown): boolean {
  return error instanceof Problem && error.code === 'overloaded';
}

function breakerOpen(operation: Operation): OctaneFailure {
  const failure = new OctaneFailure(operation, 'octane-unavailable', 'not-sent', {
    fault: 'breaker-open',
    retryAfterMs: BREAKER_OPEN_MS,
  });
  failure.attempts = 0;
  return failure;
}
