import { Problem } from '../problems/problems.ts';
import type { Outcome, ProblemCode } from '../problems/problems.ts';

/** As metrics, records and logs call the two operations. */
export type Operation = 'direct-debit' | 'welcome-email';

/** Whether doing an operation twice does what doing it once does. */
const IDEMPOTENT: Readonly<Record<Operation, boolean>> = { 'direct-debit': true, 'welcome-email': false };

/** Whether an operation may be done again when nobody knows whether it was done. */
export function isRepeatable(operation: Operation): boolean {
  return IDEMPOTENT[operation];
}

type FailureCode = Extract<ProblemCode, `octane-${string}` | 'customer-not-found'>;

/** A call to Octane that did not succeed, told by what is known of it and without anything that Octane sent. */
export class OctaneFailure extends Problem {
  constructor(
    readonly operation: Operation,
    code: FailureCode,
    readonly outcome: Outcome,
    /** Octane's status, where the head of an answer came. */
    readonly octaneStatus?: number,
    /** How often the request was sent, or tried to be. */
    readonly attempts = 1,
  ) {
    super(code, { outcome, retryable: isRetryable(operation, outcome, octaneStatus) });
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
