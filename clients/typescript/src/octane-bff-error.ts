import type { components } from './schema.ts';

type Schemas = components['schemas'];
/** The problem schemas of the OpenAPI document, one for each code. */
type AnyProblem = Schemas[Exclude<Extract<keyof Schemas, `${string}Problem`>, 'Problem'>];

/**
 * The refusals that this version of the client knows; `GET /problems/{code}` explains each. A newer gateway may send others, so
 * end a `switch` over the code with a `default` that looks at `status` and `retryable`.
 */
export type ProblemCode = AnyProblem['code'];
/** A refusal of the gateway, as it came (`application/problem+json`, RFC 9457). */
export type Problem<Code extends ProblemCode = ProblemCode> = Extract<AnyProblem, { code: Code }>;
/** A field that breaks a rule: a JSON Pointer to it, the rule's code, and a sentence for people. */
export type FieldError = Schemas['FieldError'];
/** Those of a gateway that has reads may have none. */
type OutcomeOf<P> = P extends unknown ? (Required<P> extends { outcome: infer O } ? O : never) : never;
/** What became of the change at Octane. */
export type Outcome = OutcomeOf<AnyProblem>;

/**
 * Where no answer of the gateway came:
 * `network-error`: no connection, or it broke · `timeout`: no answer in the time that the call had ·
 * `aborted`: by the app's signal · `unexpected-answer`: something between the app and the gateway answered in its place
 */
export type ConnectionCode = 'network-error' | 'timeout' | 'aborted' | 'unexpected-answer';

export type ErrorCode = ProblemCode | ConnectionCode;

/** What an error says beside its message. */
export interface ErrorFields<Code extends ErrorCode = ErrorCode> {
  readonly code: Code;
  /** The HTTP status; undefined where no answer came. */
  readonly status: Code extends ProblemCode ? Problem<Code>['status'] : number | undefined;
  /** The refusal, where it is one of the gateway. */
  readonly problem: Code extends ProblemCode ? Problem<Code> : undefined;
  /** Every field that breaks a rule. */
  readonly errors: Code extends 'validation-failed' ? readonly FieldError[] : undefined;
  /** What became of the change, all tries considered; undefined for a read, and where the gateway refused without asking Octane. */
  readonly outcome: Outcome | undefined;
  /** Whether the same call may be made again later, with the same `idempotencyKey`. */
  readonly retryable: boolean;
  /** How long to wait before that. */
  readonly retryAfterSeconds: number | undefined;
  /** By this the operator of the gateway finds the last try in the log. */
  readonly requestId: string;
  /** That of the change; undefined for a read. */
  readonly idempotencyKey: string | undefined;
}

/** Why a call did not succeed. Catch it with {@link isOctaneBffError}, and `switch (error.code)` knows each case. */
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
