import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import type { Operation } from '../operations/operation.ts';
import { Operations } from '../operations/operations.ts';
import type { Outcome } from '../problems/catalogue.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { Tracing } from '../telemetry/tracing.ts';
import { BREAKER_STATES } from './breaker.ts';
import type { Asker, BreakerState } from './breaker.ts';
import { Bulkhead } from './bulkhead.ts';
import { CredentialsLockout } from './credentials-lockout.ts';
import { NotFoundWatch } from './not-found-watch.ts';
import { OctaneFailure } from './octane-failure.ts';
import type { OctaneRequest } from './octane-transport.ts';
import { OperationBreaker } from './operation-breaker.ts';
import { Retries } from './retries.ts';
import type { Attempted } from './retries.ts';

/** Says whether, when and how often Octane is called, within the time of one call. */
@Injectable()
export class OctanePolicies {
  private readonly places: Bulkhead;
  private readonly breakers: ReadonlyMap<string, OperationBreaker>;
  private readonly notFoundWatch = new NotFoundWatch();
  private readonly retries: Retries;

  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'octaneMaxInFlight' | 'octaneTimeoutMs'>,
    private readonly lockout: CredentialsLockout,
    private readonly tracing: Tracing,
    private readonly metrics: Metrics,
    operations: Operations,
  ) {
    this.places = new Bulkhead(settings.octaneMaxInFlight);
    this.breakers = new Map(operations.all.map((each) => [each.name, new OperationBreaker(each)]));
    this.retries = new Retries(metrics, () => this.places.inFlight);
    metrics.read('octane_in_flight', () => this.places.inFlight);
    metrics.read('octane_in_flight_limit', () => settings.octaneMaxInFlight);
    metrics.read('octane_only_not_found', () => Number(this.notFoundWatch.isOnlyNotFound));
    metrics.read('octane_breaker_state', () =>
      this.breakerStates().map(([operation, state]) => [{ operation }, BREAKER_STATES.indexOf(state)]),
    );
  }

  /** Whether calls of each operation, by its name, are let through. */
  breakerStates(): [string, BreakerState][] {
    return [...this.breakers].map(([name, { state }]) => [name, state]);
  }

  /** Of a call that begins now, by `performance.now()`. */
  deadline(): number {
    return performance.now() + this.settings.octaneTimeoutMs;
  }

  /**
   * Runs a call to Octane.
   *
   * @param attempt one attempt, which throws OctaneFailure, within the given time
   * @param deadline of the whole call
   * @throws OctaneFailure of the attempt whose outcome is least certain, of an open breaker or a lockout; Problem `overloaded`
   */
  run<T>(
    operation: Operation,
    { caller, custno, id }: OctaneRequest,
    attempt: (timeoutMs: number) => Promise<T>,
    deadline = this.deadline(),
  ): Promise<Attempted<T>> {
    const breaker = this.breakers.get(operation.name)!;
    const { groupno } = caller;
    const asker: Asker = {
      caller: JSON.stringify([caller.issuer, caller.clientId]),
      // What belongs to no customer fails for nobody but its request.
      customer: `${groupno}/${custno || id}`,
    };
    const tryOnce = (timeoutMs: number, before: number): Promise<T> =>
      this.tracing.attempt(operation, before, () =>
        this.timed(operation, () => this.lockout.watch(groupno, () => attempt(timeoutMs))),
      );
    return this.tracing.step(`octane.${operation.name}`, async () => {
      // Who would be refused does not wait for a place. Both decide again behind the wait: a probe or a trial must not wait.
      this.lockout.check(operation, groupno);
      breaker.check(asker);
      return this.places.run(asker.caller, deadline, () =>
        breaker.run(asker, () =>
          this.notFoundWatch.run(() =>
            this.lockout.run(operation, groupno, () => this.retries.run(operation, deadline, tryOnce)),
          ),
        ),
      );
    });
  }

  private async timed<T>(operation: Operation, attempt: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    let outcome: Outcome | undefined = 'applied';
    try {
      return await attempt();
    } catch (error) {
      outcome = error instanceof OctaneFailure ? error.outcome : undefined;
      throw error;
    } finally {
      const seconds = (performance.now() - startedAt) / 1000;
      const labels = outcome && { operation: operation.name, outcome };
      if (labels) this.metrics.observe('octane_request_duration_seconds', labels, seconds);
    }
  }
}
