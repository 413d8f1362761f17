import type { Scope } from '../auth/access.decorators.ts';
import { SetDirectDebitDto } from '../direct-debit/dto/set-direct-debit.dto.ts';
import type { ProblemCode } from '../problems/problems.ts';
import type { Dto } from '../validation/dto-rules.ts';
import { SendWelcomeEmailDto } from '../welcome-email/dto/send-welcome-email.dto.ts';
import { DIRECT_DEBIT_EXAMPLES, REFUSED_DIRECT_DEBIT } from './direct-debit.ts';

interface NamedExample {
  readonly summary: string;
  readonly value: unknown;
}

interface Answer {
  readonly status: number;
  readonly description: string;
  /** Media types with the name of the schema, or the schema itself, of their bodies. */
  readonly content?: Readonly<Record<string, { schema: object; examples?: Record<string, NamedExample> }>>;
}

interface OperationOfAnybody {
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly answer: Answer;
  readonly problems: readonly ProblemCode[];
}

/** An operation of Octane. */
export interface Change extends OperationOfAnybody {
  readonly scope: Scope;
  /** Whether doing it twice does what doing it once does. */
  readonly repeatable: boolean;
  readonly body: {
    readonly dto: Dto;
    readonly schema: string;
    readonly required: boolean;
    readonly description: string;
    readonly examples: Record<string, NamedExample>;
    /** A body that every level refuses, for the example of `validation-failed`. */
    readonly refused: unknown;
  };
}

export type Operation = OperationOfAnybody | Change;

/** What any operation may be refused with before it is known what it is. */
const ANY_OPERATION: readonly ProblemCode[] = [
  'invalid-request',
  'headers-too-large',
  'internal-error',
  'overloaded',
];

/** What either change may be refused with, in the order of the steps. */
const ANY_CHANGE: readonly ProblemCode[] = [
  ...ANY_OPERATION,
  'authentication-required',
  'invalid-token',
  'keys-unavailable',
  'caller-not-mapped',
  'insufficient-scope',
  'customer-not-permitted',
  'unsupported-media-type',
  'payload-too-large',
  'malformed-json',
  'validation-failed',
  'rate-limited',
  'journal-unavailable',
  'request-in-progress',
  'octane-access-denied',
  'customer-not-found',
  'octane-rejected',
  'octane-credentials-rejected',
  'octane-error',
  'octane-unreachable',
  'octane-unavailable',
  'octane-timeout',
];

const json = (schema: object, examples?: Record<string, NamedExample>) => ({
  'application/json': { schema, ...(examples && { examples }) },
});

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** What the code of a handler does not say of itself, by `Controller.handler`. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'DirectDebitController.set': {
    operationId: 'setDirectDebit',
    tag: 'Direct debit',
    summary: "Set a customer's direct debit",
    description: [
      'Replaces the direct debit of the customer by the one in the body, at Octane, and answers with what Octane has now. Setting it twice does what setting it once does, so after an unknown outcome the same request may be sent again.',
      'All rules that a body breaks are reported at once, each field with the first rule that it breaks. Nothing is converted: `"10"` is not a number. Dates and amounts reach Octane with the value that was sent.',
    ].join('\n\n'),
    scope: 'direct-debit:write',
    repeatable: true,
    body: {
      dto: SetDirectDebitDto,
      schema: 'SetDirectDebit',
      required: true,
      description: 'JSON in UTF-8, at most 16 KiB.',
      examples: Object.fromEntries(
        Object.entries(DIRECT_DEBIT_EXAMPLES).map(([name, { summary, order }]) => [
          name,
          { summary, value: { directDebit: order } },
        ]),
      ),
      refused: REFUSED_DIRECT_DEBIT,
    },
    answer: {
      status: 200,
      description: 'Octane has set the direct debit.',
      content: json(
        ref('DirectDebitAnswer'),
        Object.fromEntries(
          Object.entries(DIRECT_DEBIT_EXAMPLES).map(([name, { summary, answer }]) => [
            name,
            { summary, value: { directDebit: answer } },
          ]),
        ),
      ),
    },
    problems: [...ANY_CHANGE, 'idempotency-key-reused', 'octane-contract-violation'],
  },
  'WelcomeEmailController.send': {
    operationId: 'sendWelcomeEmail',
    tag: 'Welcome email',
    summary: 'Send the welcome email again',
    description: [
      'Sends the welcome email of a customer with a Customer Portal account once more. **Each request that reaches Octane is one more email in the customer’s inbox.**',
      'Send an `Idempotency-Key`: then a repeated request gets the first answer again and never a second email. When the outcome is unknown, the same key is answered with 409 `outcome-unknown`; only a new key sends again.',
      'A customer can be sent a few of them an hour; past that, 429 `rate-limited`.',
    ].join('\n\n'),
    scope: 'welcome-email:send',
    repeatable: false,
    body: {
      dto: SendWelcomeEmailDto,
      schema: 'SendWelcomeEmail',
      required: false,
      description: 'None, or an empty JSON object.',
      examples: { empty: { summary: 'An empty object', value: {} } },
      refused: ['jo.bloggs@example.com'],
    },
    answer: { status: 204, description: 'Octane has sent the email.' },
    // Its bodies are all the same to a key, so that no key is reused, and of Octane's answer only the status counts.
    problems: [...ANY_CHANGE, 'outcome-unknown'],
  },
  'ProblemsController.list': {
    operationId: 'listProblems',
    tag: 'Documentation',
    summary: 'Every problem, and what to do about it',
    description: 'What the `code` of each refusal means. A page for browsers, JSON for anybody else.',
    answer: {
      status: 200,
      description: 'All problems.',
      content: { ...json(ref('ProblemExplanations')), 'text/html': { schema: { type: 'string' } } },
    },
    problems: ANY_OPERATION,
  },
  'ProblemsController.explain': {
    operationId: 'explainProblem',
    tag: 'Documentation',
    summary: 'What one problem means, and what to do about it',
    description:
      'Where the `type` of a problem leads. A page for browsers, JSON for anybody else, by the header Accept.',
    answer: {
      status: 200,
      description: 'The problem.',
      content: { ...json(ref('ProblemExplanation')), 'text/html': { schema: { type: 'string' } } },
    },
    problems: [...ANY_OPERATION, 'not-found'],
  },
  'OpenApiController.document': {
    operationId: 'getOpenApi',
    tag: 'Documentation',
    summary: 'This document',
    description: 'The API as OpenAPI 3.1, as this gateway is set up.',
    answer: {
      status: 200,
      description: 'The document.',
      content: json({ type: 'object', description: 'OpenAPI 3.1.' }),
    },
    problems: ANY_OPERATION,
  },
  'DocsController.page': {
    operationId: 'getReference',
    tag: 'Documentation',
    summary: 'This document as a page',
    description: 'The interactive reference: it can send requests to this gateway.',
    answer: {
      status: 200,
      description: 'The page.',
      content: { 'text/html': { schema: { type: 'string' } } },
    },
    problems: ANY_OPERATION,
  },
};
