import type { components } from './schema.ts';

type Schemas = components['schemas'];
/** The problem schemas of the OpenAPI document, one for each code. */
type AnyProblem = Schemas[Exclude<Extract<keyof Schemas, `${string}Problem`>, 'Problem'>];

/**
 * The problem codes that this version of the client knows. `GET /problems/{code}` explains each. A newer gateway may send others,
 * so end a `switch` over the code with a `default` that looks at `status` and `retryable`.
 */
export type ProblemCode = AnyProblem['code'];
/** A problem that the gateway answered (`application/problem+json`, RFC 9457). */
export type Problem<Code extends ProblemCode = ProblemCode> = Extract<AnyProblem, { code: Code }>;
/** A field that breaks a rule: a JSON Pointer to it, the rule's code, and a sentence for people. */
export type FieldError = Schemas['FieldError'];
/** Those of a gateway that has reads may have none. */
type OutcomeOf<P> = P extends unknown ? (Required<P> extends { outcome: infer O } ? O : never) : never;
/** What happened to the change at Octane. */
export type Outcome = OutcomeOf<AnyProblem>;

/**
 * The codes for a call without an answer of the gateway:
 * `network-error`: the connection failed or broke · `timeout`: no answer came within the time of the call ·
 * `aborted`: the app's signal ended the call · `unexpected-answer`: a proxy or another server answered instead of the gateway
 */
export type ConnectionCode = 'network-error' | 'timeout' | 'aborted' | 'unexpected-answer';

export type ErrorCode = ProblemCode | ConnectionCode;

/** The fields of an error, in addition to its message. */
export interface ErrorFields<Code extends ErrorCode = ErrorCode> {
  readonly code: Code;
  /** The HTTP status; undefined if no answer came. */
  readonly status: Code extends ProblemCode ? Problem<Code>['status'] : number | undefined;
  /** The problem that the gateway answered; undefined for a {@link ConnectionCode}. */
  readonly problem: Code extends ProblemCode ? Problem<Code> : undefined;
  /** Every field that breaks a rule. */
  readonly errors: Code extends 'validation-failed' ? readonly FieldError[] : undefined;
  /** What happened to the change, over all tries. Undefined for a read, and if the gateway refused before it called Octane. */
  readonly outcome: Outcome | undefined;
  /** Whether you may make the same call again later, with the same `idempotencyKey`. */
  readonly retryable: boolean;
  /** How long to wait before you make the call again. */
  readonly retryAfterSeconds: number | undefined;
  /** The id of the last try. The operator of the gateway finds the request in the log by it. */
  readonly requestId: string;
  /** The key of the change; undefined for a read. */
  readonly idempotencyKey: string | undefined;
}

/** Why a call failed. Check it with {@link isOctaneBffError}. Then `switch (error.code)` knows the fields of each code. */
export class OctaneBffError<Code extends ErrorCode = ErrorCode> extends Error implements ErrorFields<Code> {
  declare readonly code: Code;
  declare readonly status: ErrorFields<Code>['status'];
  declare readonly problem: ErrorFields<Code>['problem'];
  declare readonly errors: ErrorFields<Code>['errors'];
  declare readonly outcome: Outcome | undefined;
  declare readonly retryable: boolean;
  declare readonly retryAfterSeconds: number | undefined;
  declare readonly requestId: string;
  declare readonly idempotencyKey: string | undefined;

  /** @param fields for a `network-error` with a `cause`: what `fetch` threw */
  constructor(message: string, fields: ErrorFields<Code>) {
    super(message);
    Object.assign(this, fields, { name: 'OctaneBffError' });
  }
}

/** One type for each code, so that a `switch` over the code narrows it. */
export type AnyOctaneBffError = { [Code in ErrorCode]: OctaneBffError<Code> }[ErrorCode];

export function isOctaneBffError(error: unknown): error is AnyOctaneBffError {
  return error instanceof OctaneBffError;
}
