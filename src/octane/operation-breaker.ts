import { Logger } from '@nestjs/common';
import type { Operation } from '../operations/operation.ts';
import { Breaker } from './breaker.ts';
import type { Asker, BreakerState, Verdict } from './breaker.ts';
import { OctaneFailure } from './octane-failure.ts';
import type { Fault } from './octane-failure.ts';

/** Failures of Octane itself, beside its statuses from 500 on. */
const BREAKING_FAULTS: ReadonlySet<Fault> = new Set(['no-connection', 'broken', 'not-http', 'timeout']);
/** They come from a proxy before Octane, or from all of Octane, and not from one customer's data. */
const OUTAGE_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);
/** They say nothing of Octane: it was not asked, or it closed an idle connection, as it may. */
const TELLING_NOTHING: ReadonlySet<Fault> = new Set(['breaker-open', 'locked-out', 'stale-connection']);

const WORDS: Readonly<Record<BreakerState, string>> = {
  open: 'the breaker is open: Octane failed too often, and calls are not sent',
  'half-open': 'the breaker is half-open: one call finds out whether Octane is well',
  closed: 'the breaker is closed: calls are sent again',
};

/** The circuit breaker of one operation, which tells the log how it stands. */
export class OperationBreaker extends Breaker {
  constructor(private readonly operation: Operation) {
    const logger = new Logger(OperationBreaker.name);
    super((state) => logger.warn({ operation: operation.name, state }, WORDS[state]));
  }

  /** @throws OctaneFailure where a call would be refused at the moment */
  check(asker: Asker): void {
    if (this.refuses(asker)) throw this.refusal();
  }

  /**
   * Runs a call, and learns from its end whether Octane is well.
   *
   * @throws OctaneFailure, and whatever `call` throws
   */
  async run<T>(asker: Asker, call: () => Promise<T>): Promise<T> {
    const report = this.begin(asker);
    if (!report) throw this.refusal();
    try {
      const result = await call();
      report('good');
      return result;
    } catch (error) {
      report(verdictOn(error));
      throw error;
    }
  }

  private refusal(): OctaneFailure {
    const details = { code: 'octane-unavailable', outcome: 'not-sent', fault: 'breaker-open' } as const;
    return new OctaneFailure(this.operation, { ...details, retryAfterMs: this.retryAfterMs });
  }
}

/** What a failure says of Octane. A refusal, and an answer in a wrong form, are no failures of Octane. */
function verdictOn(error: unknown): Verdict {
  if (!(error instanceof OctaneFailure) || TELLING_NOTHING.has(error.fault)) return 'nothing';
  const { fault, octaneStatus = 0 } = error;
  if (BREAKING_FAULTS.has(fault) || OUTAGE_STATUSES.has(octaneStatus)) return 'failed';
  return octaneStatus >= 500 ? 'failed-for-customer' : 'good';
}
