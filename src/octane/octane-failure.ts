import { isRepeatable } from '../operations/operation.ts';
import type { Operation } from '../operations/operation.ts';
import { Problem } from '../problems/problem.ts';
import { failureCause } from '../telemetry/failure-cause.ts';
import type { Outcome, ProblemCode } from '../problems/catalogue.ts';

/**
 * What went wrong with one attempt: Octane's own status, or what happened to the connection. `broken`, `stale-connection`
 * (broken before any answer, after it had been idle) and `not-http` are after the request may have left; `no-connection`,
 * `breaker-open` and `locked-out` before. `refused`: a 2xx whose body says no.
 */
export type Fault =
  | 'status'
  | 'no-connection'
  | 'stale-connection'
  | 'broken'
  | 'not-http'
  | 'timeout'
  | 'too-large'
  | 'bad-answer'
  | 'refused'
  | 'breaker-open'
  | 'locked-out';

type FailureCode = Extract<ProblemCode, `octane-${string}` | 'customer-not-found' | 'resource-not-found'>;

interface FailureDetails {
  readonly code: FailureCode;
  readonly outcome: Outcome;
  readonly fault: Fault;
  /** Octane's status, where the head of an answer came. */
  readonly octaneStatus?: number | undefined;
  /** When Octane wants to be asked again, in milliseconds from its answer. */
  readonly retryAfterMs?: number | undefined;
  /** Why there was no answer, in one word of the list of `failureCause`. */
  readonly cause?: string | undefined;
}

/** The words of the faults that no error of Node or of a library stands behind. */
const CAUSES: Readonly<Record<Exclude<Fault, 'status'>, string>> = {
  'no-connection': 'ETIMEDOUT',
  'stale-connection': 'ECONNRESET',
  broken: 'ECONNRESET',
  'not-http': 'NOT_HTTP',
  timeout: 'TIMEOUT',
  'too-large': 'ANSWER_TOO_LARGE',
  'bad-answer': 'CONTRACT_VIOLATION',
  refused: 'REFUSED',
  'breaker-open': 'BREAKER_OPEN',
  'locked-out': 'LOCKED_OUT',
};

function causeOf({ fault, octaneStatus = 0, cause }: FailureDetails): string {
  if (cause !== undefined) return cause;
  if (fault !== 'status') return CAUSES[fault];
  return failureCause({ code: `HTTP_${octaneStatus}` });
}

/** A call to Octane that did not succeed, told by what is known of it and without anything that Octane sent. */
export class OctaneFailure extends Problem {
  readonly outcome: Outcome;
  readonly fault: Fault;
  readonly octaneStatus: number | undefined;
  readonly retryAfterMs: number | undefined;
  /** How often Octane was called, or tried to be, when the failure became final. */
  attempts: number;

  /**
   * Whether the same request with the same Idempotency-Key may be made anew: nothing was done, or Octane refused the gateway and
   * not the request.
   */
  get freesKey(): boolean {
    const isOfGateway = this.octaneStatus === 401 || this.octaneStatus === 429;
    return this.outcome === 'not-sent' || (this.outcome === 'rejected' && isOfGateway);
  }

  constructor(
    readonly operation: Operation,
    details: FailureDetails,
  ) {
    const { code, outcome, fault, octaneStatus, retryAfterMs } = details;
    super(code, {
      outcome,
      ...(outcome === 'unknown' && operation.kind === 'change' && { advice: operation.inDoubt }),
      retryable: isRetryable(operation, outcome, octaneStatus),
      cause: causeOf(details),
      ...(retryAfterMs !== undefined &&
        (code === 'octane-unavailable' || outcome === 'not-sent') && {
          // Who is told 0 comes back at once.
          headers: { 'retry-after': String(Math.max(1, Math.ceil(Math.round(retryAfterMs) / 1000))) },
        }),
    });
    this.outcome = outcome;
    this.fault = fault;
    this.attempts = fault === 'breaker-open' || fault === 'locked-out' ? 0 : 1;
    this.octaneStatus = octaneStatus;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether the app may send the same request again as it is. */
function isRetryable(operation: Operation, outcome: Outcome, octaneStatus: number | undefined): boolean {
  switch (outcome) {
    case 'not-sent':
      return true;
    case 'unknown':
      return isRepeatable(operation);
    case 'rejected':
      return octaneStatus === 429;
    case 'applied':
      return false;
  }
}
