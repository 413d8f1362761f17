import { PROBLEMS } from './catalogue.ts';
import type { Outcome, ProblemCode } from './catalogue.ts';
import { Problem } from './problem.ts';
import type { FieldError } from './problem.ts';

/** The body of a problem answer, `application/problem+json` (RFC 9457). */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The request id. */
  readonly instance: string;
  readonly code: ProblemCode;
  readonly errors?: readonly FieldError[];
  readonly outcome?: Outcome;
  readonly retryable?: boolean;
}

/** A stored refusal on its way to the same app again, word for word. */
export class ReplayedProblem extends Problem {
  constructor(readonly body: ProblemBody) {
    const { code, status, outcome, retryable } = body;
    super(code, { status, ...(outcome && { outcome }), ...(retryable !== undefined && { retryable }) });
  }
}

/** What an operation answers that changes nothing: there is nothing to tell of what became of it. */
export function withoutOutcome(body: ProblemBody): Omit<ProblemBody, 'outcome'> {
  const rest: Partial<Record<'outcome', unknown>> & Omit<ProblemBody, 'outcome'> = { ...body };
  delete rest.outcome;
  return rest;
}

export function problemBody(problem: Problem, requestId: string, publicUrl = ''): ProblemBody {
  if (problem instanceof ReplayedProblem) return problem.body;
  const { code, extras, status } = problem;
  const kind = PROBLEMS[code];
  const outcome = extras.outcome ?? kind.outcome;
  const retryable = extras.retryable ?? kind.retryable;
  return {
    type: `${publicUrl}/problems/${code}`,
    title: kind.title,
    status,
    detail: [extras.detail ?? kind.detail, extras.advice].filter(Boolean).join(' '),
    instance: requestId,
    code,
    ...(extras.errors && { errors: extras.errors }),
    ...(outcome !== undefined && { outcome }),
    ...(retryable !== undefined && { retryable }),
  };
}
