import { setTimeout as wait } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { isRepeatable } from '../operations/operation.ts';
import type { Operation } from '../operations/operation.ts';
import { Operations } from '../operations/operations.ts';
import type { Outcome } from '../problems/catalogue.ts';
import { Problem } from '../problems/problem.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { Tracing } from '../telemetry/tracing.ts';
import { Breaker, BREAKER_STATES } from './breaker.ts';
import type { Asker, BreakerState, Verdict } from './breaker.ts';
import { Bulkhead } from './bulkhead.ts';
import { CredentialsLockout } from './credentials-lockout.ts';
import { NotFoundWatch } from './not-found-watch.ts';
import { OctaneFailure } from './octane-failure.ts';
import type { OctaneRequest } from './octane-transport.ts';
import type { Fault } from './octane-failure.ts';

/** What is tried again of an operation that may be repeated. Of any other only what certainly did not leave. */
const RETRIED_FAULTS: ReadonlySet<Fault> = new Set(['no-connection', 'stale-connection', 'broken']);
const RETRIED_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);
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

/** Faults of Octane itself, beside its statuses from 500 on. */
const BREAKING_FAULTS: ReadonlySet<Fault> = new Set(['no-connection', 'broken', 'not-http', 'timeout']);
/** Of what stands before Octane, or of all of Octane: no customer makes it answer so. */
const OUTAGE_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);
/** They say nothing of Octane: it was not asked, or it closed an idle connection, as it may. */
const TELLING_NOTHING: ReadonlySet<Fault> = new Set(['breaker-open', 'locked-out', 'stale-connection']);

/** What a call gave, and how many attempts it took. */
export interface Attempted<T> {
  readonly result: T;
  readonly attempts: number;
}

/**
 * How calls to Octane are bounded, repeated and held back, in one time budget: lockout and breaker say whether to call at all, the
 * bulkhead gives a place, and then they are asked again, so that nobody waits for a place as the one call that finds out.
 */
@Injectable()
export class OctanePolicies {
  private readonly logger = new Logger(OctanePolicies.name);
  private readonly places: Bulkhead;
  private readonly breakers: ReadonlyMap<Operation, Breaker>;
  private readonly notFoundWatch: NotFoundWatch;
  private retriesUnderWay = 0;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly lockout: CredentialsLockout,
    private readonly tracing: Tracing,
    private readonly metrics: Metrics,
    operations: Operations,
  ) {
    this.places = new Bulkhead(settings.octaneMaxInFlight);
    this.breakers = new Map(operations.all.map((operation) => [operation, this.newBreaker(operation)]));
    this.notFoundWatch = new NotFoundWatch((isOnlyNotFound) =>
      this.logger.warn(
        isOnlyNotFound
          ? 'Octane answered all of the last calls with 404: look at the path in OCTANE_BASE_URL'
          : 'Octane no longer answers every call with 404',
      ),
    );
    metrics.read('octane_in_flight', () => this.places.inFlight);
    metrics.read('octane_in_flight_limit', () => settings.octaneMaxInFlight);
    metrics.read('octane_only_not_found', () => Number(this.notFoundWatch.isOnlyNotFound));
    metrics.read('octane_breaker_state', () =>
      this.breakerStates().map(([operation, state]) => [{ operation }, BREAKER_STATES.indexOf(state)]),
    );
  }

  /** Whether calls of each operation are let through. */
  breakerStates(): [string, BreakerState][] {
    return [...this.breakers].map(([{ name }, { state }]) => [name, state]);
  }

  /**
   * Runs a call to Octane under the policy of its operation.
   *
   * @param attempt one attempt, which throws OctaneFailure, within the given time
   * @throws OctaneFailure of the attempt of which the least is known, of an open breaker or a lockout; Problem `overloaded`
   */
  run<T>(
    operation: Operation,
    request: OctaneRequest,
    attempt: (timeoutMs: number) => Promise<T>,
  ): Promise<Attempted<T>> {
    return this.tracing.step(`octane.${operation.name}`, () => this.runWithin(operation, request, attempt));
  }

  private async runWithin<T>(
    operation: Operation,
    { caller, groupno, custno }: OctaneRequest,
    attempt: (timeoutMs: number) => Promise<T>,
  ): Promise<Attempted<T>> {
    const deadline = performance.now() + this.settings.octaneTimeoutMs;
    const breaker = this.breakers.get(operation)!;
    const asker: Asker = {
      caller: JSON.stringify([caller.issuer, caller.clientId]),
      customer: `${groupno}/${custno}`,
    };
    this.lockout.check(operation, groupno);
    if (breaker.refuses(asker)) throw breakerOpen(operation, breaker);
    const leave = await this.places.take(asker.caller, Math.min(MAX_WAIT_MS, deadline - performance.now()));
    if (!leave) throw new Problem('overloaded', { reason: 'octane-in-flight' });
    try {
      const report = breaker.begin(asker);
      if (!report) throw breakerOpen(operation, breaker);
      return await this.reported(report, () =>
        this.lockout.run(operation, groupno, () =>
          this.withRetries(operation, deadline, (timeoutMs) =>
            this.lockout.watch(groupno, () => attempt(timeoutMs)),
          ),
        ),
      );
    } finally {
      leave();
    }
  }

  private async reported<T>(report: (verdict: Verdict) => void, call: () => Promise<T>): Promise<T> {
    try {
      const result = await call();
      report('good');
      this.notFoundWatch.answered(200);
      return result;
    } catch (error) {
      report(verdictOn(error));
      if (error instanceof OctaneFailure) this.notFoundWatch.answered(error.octaneStatus);
      throw error;
    }
  }

  private async withRetries<T>(
    operation: Operation,
    deadline: number,
    attempt: (timeoutMs: number) => Promise<T>,
  ): Promise<Attempted<T>> {
    const failures: OctaneFailure[] = [];
    let isRetrying = false;
    try {
      for (;;) {
        try {
          const result = await this.tracing.attempt(operation, failures.length, () =>
            this.timed(operation, () => attempt(Math.max(1, deadline - performance.now()))),
          );
          return { result, attempts: failures.length + 1 };
        } catch (error) {
          if (!(error instanceof OctaneFailure)) throw leastCertain(failures) ?? error;
          failures.push(error);
          const delayMs = delayBeforeRetry(error, failures.length, deadline);
          if (delayMs === undefined || !(isRetrying || this.mayRetry()))
            throw leastCertain(failures) ?? error;
          if (!isRetrying) this.retriesUnderWay += 1;
          isRetrying = true;
          await wait(delayMs);
          this.metrics.count('octane_retries_total', { operation: operation.name });
        }
      }
    } finally {
      if (isRetrying) this.retriesUnderWay -= 1;
    }
  }

  private async timed<T>(operation: Operation, attempt: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const observe = (outcome: Outcome): void => {
      const seconds = (performance.now() - startedAt) / 1000;
      this.metrics.observe(
        'octane_request_duration_seconds',
        { operation: operation.name, outcome },
        seconds,
      );
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
    return this.retriesUnderWay < Math.max(MIN_RETRIES_UNDER_WAY, this.places.inFlight * RETRY_SHARE);
  }

  private newBreaker(operation: Operation): Breaker {
    return new Breaker((state) =>
      this.logger.warn({ operation: operation.name, state }, BREAKER_WORDS[state]),
    );
  }
}

const BREAKER_WORDS: Readonly<Record<BreakerState, string>> = {
  open: 'the breaker is open: Octane failed too often, and calls are not sent',
  'half-open': 'the breaker is half-open: one call finds out whether Octane is well',
  closed: 'the breaker is closed: calls are sent again',
};

function isRetried({ operation, fault, octaneStatus = 0 }: OctaneFailure): boolean {
  if (!isRepeatable(operation)) return fault === 'no-connection';
  return fault === 'status' ? RETRIED_STATUSES.has(octaneStatus) : RETRIED_FAULTS.has(fault);
}

/** @returns undefined where the failure is final, or the budget too small */
function delayBeforeRetry(failure: OctaneFailure, attempts: number, deadline: number): number | undefined {
  if (attempts > MAX_RETRIES) return undefined;
  if (!isRetried(failure)) return undefined;
  const { octaneStatus, retryAfterMs } = failure;
  const [least = 0, most = 0] = BACKOFFS_MS[attempts - 1] ?? [];
  const backoffMs = least + Math.random() * (most - least);
  const delayMs = octaneStatus === 429 ? Math.max(backoffMs, retryAfterMs ?? 0) : backoffMs;
  return performance.now() + delayMs < deadline ? delayMs : undefined;
}

/**
 * What a call of several failed attempts comes to: the least certain of them, since an attempt of which nobody knows is not
 * undone by a later refusal. An applied one settles it: the change is as it was asked for.
 */
function leastCertain(failures: readonly OctaneFailure[]): OctaneFailure | undefined {
  const last = failures.at(-1);
  const failure =
    last?.outcome === 'applied' ? last : (failures.findLast(({ outcome }) => outcome === 'unknown') ?? last);
  if (failure) failure.attempts = failures.length;
  return failure;
}

/** What the end of a call says of Octane. What Octane refuses, and what it answers in a wrong form, did not fail. */
function verdictOn(error: unknown): Verdict {
  if (!(error instanceof OctaneFailure) || TELLING_NOTHING.has(error.fault)) return 'nothing';
  const { fault, octaneStatus = 0 } = error;
  if (BREAKING_FAULTS.has(fault) || OUTAGE_STATUSES.has(octaneStatus)) return 'failed';
  return octaneStatus >= 500 ? 'failed-for-customer' : 'good';
}

function breakerOpen(operation: Operation, { retryAfterMs }: Breaker): OctaneFailure {
  const failure = new OctaneFailure(operation, {
    code: 'octane-unavailable',
    outcome: 'not-sent',
    fault: 'breaker-open',
    retryAfterMs,
  });
  failure.attempts = 0;
  return failure;
}
