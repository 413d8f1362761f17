import { isRepeatable } from '../operations/operation.ts';
import type { Operation } from '../operations/operation.ts';
import { PROBLEMS } from '../problems/catalogue.ts';
import type { Outcome, ProblemCode } from '../problems/catalogue.ts';
import { Problem } from '../problems/problem.ts';
import type { FieldError } from '../problems/problem.ts';
import { problemBody, withoutOutcome } from '../problems/problem-body.ts';
import type { ProblemBody } from '../problems/problem-body.ts';
import type { JsonSchema } from '../validation/json-schema.ts';
import { VIOLATION_CODES } from '../validation/rule-levels.ts';

export const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[];
const EXAMPLE_REQUEST_ID = '0b5f2d34-6f0e-4a0e-9c53-7d1f6b1c2a90';

const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  applied: 'it was made',
  rejected: 'Octane refused it',
  'not-sent': 'nothing reached Octane',
  unknown: 'nobody knows whether it was made',
};

/** In words and with bounds; src/validation/json-schema.ts tells why it is no `enum`. */
const HTTP_FAULT: JsonSchema = {
  type: 'integer',
  description: 'One of 400, 408, 414, 417, 501 and 505.',
  minimum: 400,
  maximum: 505,
};

/** Codes that tell what became of the change without always telling the same; the usual one first. */
const POSSIBLE_OUTCOMES: Readonly<Partial<Record<ProblemCode, readonly [Outcome, ...Outcome[]]>>> = {
  'octane-access-denied': ['rejected'],
  'customer-not-found': ['rejected'],
  'resource-not-found': ['rejected', 'not-sent'],
  'octane-rejected': ['rejected'],
  'octane-credentials-rejected': ['rejected', 'not-sent'],
  'octane-error': ['unknown', 'rejected'],
  'octane-contract-violation': ['applied'],
  'octane-unreachable': ['not-sent'],
  'octane-unavailable': ['not-sent', 'rejected', 'unknown'],
  'octane-timeout': ['unknown'],
  'journal-unavailable': ['not-sent', 'unknown'],
};

/** @param isLookedUp whether it may also come of what a change asks first, whose customer something is: then nothing was sent */
function possibleOutcomes(code: ProblemCode, isLookedUp = false): readonly Outcome[] {
  const { outcome } = PROBLEMS[code];
  const outcomes = POSSIBLE_OUTCOMES[code];
  if (!outcomes) return outcome ? [outcome] : [];
  return isLookedUp ? [...new Set<Outcome>([...outcomes, 'not-sent'])] : outcomes;
}

/** What may come with a code, and with that outcome, for an operation that may be repeated or not. */
function retryable(code: ProblemCode, outcome: Outcome, repeatable: boolean): boolean {
  return PROBLEMS[code].retryable ?? (outcome === 'not-sent' || (outcome === 'unknown' && repeatable));
}

/** The body that the gateway sends, as an example. */
export function problemExample(
  code: ProblemCode,
  {
    publicUrl,
    operation,
    isRead,
    errors,
  }: {
    publicUrl: string | undefined;
    operation?: Operation | undefined;
    isRead?: boolean | undefined;
    errors?: readonly FieldError[];
  },
): Omit<ProblemBody, 'outcome'> {
  const [outcome] = possibleOutcomes(code);
  const problem = new Problem(code, {
    ...(errors && { errors }),
    ...(outcome && {
      outcome,
      retryable: retryable(code, outcome, operation !== undefined && isRepeatable(operation)),
    }),
    ...(outcome === 'unknown' && operation?.kind === 'change' && { advice: operation.inDoubt }),
  });
  const body = problemBody(problem, EXAMPLE_REQUEST_ID, publicUrl);
  return isRead ? withoutOutcome(body) : body;
}

/** `octane-error` → `OctaneErrorProblem`. */
export function schemaName(code: ProblemCode): string {
  const words = code.split('-').map((word) => word[0]!.toUpperCase() + word.slice(1));
  return `${words.join('')}Problem`;
}

/** The schemas of problem answers: what all have, and one for each code. */
export function problemSchemas(
  publicUrl: string | undefined,
  { operations, codes }: { operations: readonly Operation[]; codes: readonly ProblemCode[] },
): Record<string, JsonSchema> {
  const hasLookUps = operations.some(({ kind, ownedBy }) => kind === 'change' && ownedBy);
  return {
    ProblemCode: {
      type: 'string',
      // An enum would be closed: a client that was generated from it would fail at a new code.
      'x-extensible-enum': PROBLEM_CODES,
      description: `What went wrong, for programs. More codes may be added. Handle an unknown code by its status.\n\n${PROBLEM_CODES.map((code) => `- \`${code}\` (${PROBLEMS[code].status}): ${PROBLEMS[code].title}`).join('\n')}`,
    },
    Problem: {
      type: 'object',
      description: 'The properties of every error (RFC 9457). More properties may be added.',
      properties: {
        type: {
          type: 'string',
          format: 'uri-reference',
          description: 'Where the problem is explained, as a page for people and as JSON for programs.',
          examples: [problemExample('rate-limited', { publicUrl }).type],
        },
        title: { type: 'string', description: 'The kind of problem, for people.' },
        status: { type: 'integer', description: 'The status of the answer.', minimum: 400, maximum: 599 },
        detail: { type: 'string', description: 'What to do, for people. The text may change.' },
        instance: {
          type: 'string',
          description: 'The request id, as in the header X-Request-Id. The operator finds the request by it.',
          examples: [EXAMPLE_REQUEST_ID],
        },
        code: { $ref: '#/components/schemas/ProblemCode' },
      },
      required: ['type', 'title', 'status', 'detail', 'instance', 'code'],
    },
    FieldError: {
      type: 'object',
      description:
        'One field or parameter that breaks a rule, with the first rule that it breaks. It has either `pointer` or `parameter`.',
      properties: {
        pointer: {
          type: 'string',
          description: 'JSON Pointer to the field, as a URI fragment (RFC 6901). # means the whole body.',
          examples: ['#/payment/amount'],
        },
        parameter: { type: 'string', description: 'The name of a parameter of the path or the query.' },
        code: { type: 'string', enum: VIOLATION_CODES, description: 'The kind of rule, for programs.' },
        detail: { type: 'string', description: 'What to do, for people. The text may change.' },
      },
      required: ['code', 'detail'],
      additionalProperties: false,
    },
    ...Object.fromEntries(codes.map((code) => [schemaName(code), problemSchema(code, hasLookUps)])),
  };
}

function problemSchema(code: ProblemCode, hasLookUps: boolean): JsonSchema {
  const { status, meaning, action } = PROBLEMS[code];
  const outcomes = possibleOutcomes(code, hasLookUps);
  const rest: Record<string, JsonSchema> = {
    ...(code === 'validation-failed' && {
      errors: {
        type: 'array',
        description: 'All fields and parameters that break a rule, 50 at most.',
        minItems: 1,
        maxItems: 50,
        items: { $ref: '#/components/schemas/FieldError' },
      },
    }),
    ...(outcomes.length > 0 && {
      outcome: { type: 'string', enum: outcomes, description: outcomeWords(outcomes) },
      retryable: retryableSchema(code, outcomes),
    }),
  };
  return {
    description: `${meaning}\n\n${action}`,
    allOf: [
      { $ref: '#/components/schemas/Problem' },
      {
        type: 'object',
        properties: {
          code: { type: 'string', enum: [code] },
          status: code === 'invalid-request' ? HTTP_FAULT : { type: 'integer', const: status },
          ...rest,
        },
        // The problems of a read, such as that of a customer's users, have no outcome.
        required: ['code', 'status', ...Object.keys(rest).filter((name) => name !== 'outcome')],
      },
    ],
  };
}

function retryableSchema(code: ProblemCode, outcomes: readonly Outcome[]): JsonSchema {
  const possible = new Set(
    outcomes.flatMap((outcome) => [true, false].map((repeatable) => retryable(code, outcome, repeatable))),
  );
  // Octane's 429 is a refusal after which the same request may be sent again.
  const isFixed = possible.size === 1 && code !== 'octane-unavailable';
  return {
    type: 'boolean',
    description: 'Whether you may send the same request again, unchanged.',
    ...(isFixed && { const: [...possible][0] }),
  };
}

function outcomeWords(outcomes: readonly Outcome[]): string {
  const words = outcomes.map((outcome) => `- \`${outcome}\`: ${OUTCOME_WORDS[outcome]}`);
  return `What happened to the change at Octane.\n\n${words.join('\n')}`;
}
