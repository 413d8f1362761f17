import { PROBLEMS } from './catalogue.ts';
import type { Outcome, ProblemCode } from './catalogue.ts';

export interface FieldError {
  /** JSON Pointer in URI fragment form, for example `#/payment/amount`; `#` is the whole body. */
  readonly pointer?: string;
  /** The name of a parameter of the route or the query, where it is none of the body. */
  readonly parameter?: string;
  readonly code: string;
  readonly detail: string;
}

interface ProblemExtras {
  /** Overrides the status of the code: only for `invalid-request`, which keeps the status of an HTTP fault. */
  readonly status?: number;
  readonly detail?: string;
  /** Stands in the answer behind its `detail`. */
  readonly advice?: string;
  readonly errors?: readonly FieldError[];
  readonly outcome?: Outcome;
  readonly retryable?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** For logs and metrics, never for the answer; one of a few fixed words. */
  readonly reason?: string;
  /** For logs, never for the answer: why a call of another system failed, in one word of a closed list. */
  readonly cause?: string;
}

/** A refusal on its way to the problem filter. It holds nothing that the app, the token or Octane sent. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;

  constructor(
    readonly code: ProblemCode,
    readonly extras: ProblemExtras = {},
  ) {
    // It is an answer and no defect: nobody asks where it was made, and a forger could make the gateway find out all day.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(code);
    Error.stackTraceLimit = stackTraceLimit;
    this.status = extras.status ?? PROBLEMS[code].status;
  }

  get headers(): Readonly<Record<string, string>> {
    const { retryAfterSeconds, retryable } = PROBLEMS[this.code];
    const headers: Record<string, string> = {
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
      ...this.extras.headers,
    };
    // Whoever knows only the header would send again what must not be sent again.
    if ((this.extras.retryable ?? retryable) === false) delete headers['retry-after'];
    return headers;
  }
}

/** Whether it is certain that nothing has left for Octane. */
export function isNotSent(error: unknown): boolean {
  return error instanceof Problem && (error.extras.outcome ?? PROBLEMS[error.code].outcome) === 'not-sent';
}
