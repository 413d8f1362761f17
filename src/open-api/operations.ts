import { isRepeatable, needsLogin } from '../operations/operation.ts';
import type { Change, NamedExample, Operation, Scope } from '../operations/operation.ts';
import type { Settings } from '../config/settings.ts';
import type { ProblemCode } from '../problems/catalogue.ts';
import type { JsonSchema } from '../validation/json-schema.ts';

interface Answer {
  readonly status: number;
  readonly description: string;
  /** Media types with the schema of their bodies. */
  readonly content?: Readonly<Record<string, { schema: object; examples?: Record<string, NamedExample> }>>;
}

/** What the OpenAPI document says of one route. */
export interface DescribedRoute {
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly answer: Answer;
  readonly problems: readonly ProblemCode[];
  /** Undefined for what anybody may read. */
  readonly scope?: Scope;
  /** Undefined for what is none of Octane's. */
  readonly operation?: Operation;
  /** Whether it changes nothing for a caller: then its problems have no outcome. */
  readonly isRead?: boolean;
  /** Parameter objects of OpenAPI where there is no operation that has them. */
  readonly parameters?: readonly object[];
}

/** What any operation may be refused with before it is known what it is. */
const ANY_OPERATION: readonly ProblemCode[] = [
  'invalid-request',
  'headers-too-large',
  'internal-error',
  'overloaded',
];

/** What a caller may be refused with, in the order of the steps. */
const OF_CALLERS: readonly ProblemCode[] = [
  ...ANY_OPERATION,
  'authentication-required',
  'invalid-token',
  'invalid-dpop-proof',
  'keys-unavailable',
  'journal-unavailable',
  'caller-not-mapped',
  'insufficient-scope',
  'customer-not-permitted',
  'directory-unavailable',
  'access-blocked',
  'rate-limited',
];

/** What any operation of Octane may be refused with. */
const OF_OCTANE: readonly ProblemCode[] = [
  ...OF_CALLERS,
  'octane-access-denied',
  'octane-rejected',
  'octane-credentials-rejected',
  'octane-error',
  'octane-unreachable',
  'octane-unavailable',
  'octane-timeout',
];
const OF_A_BODY: readonly ProblemCode[] = ['unsupported-media-type', 'payload-too-large', 'malformed-json'];

function problemsOf(operation: Operation, settings: Settings): ProblemCode[] {
  return [
    ...OF_OCTANE,
    ...missingOf(operation),
    ...(needsLogin(operation) ? (['insufficient-user-authentication'] as const) : []),
    ...(operation.body ? OF_A_BODY : []),
    ...(operation.body || operation.parameters ? (['validation-failed'] as const) : []),
    ...(operation.answer.reads || operation.ownedBy ? (['octane-contract-violation'] as const) : []),
    ...(operation.kind === 'change' ? problemsOfChange(operation, settings) : []),
  ];
}

/** What may not be there: of the operation itself, and of what is asked first. */
function missingOf(operation: Operation): ProblemCode[] {
  const { ownedBy = [] } = operation;
  const asked = [operation, ...ownedBy.map(({ read }) => read)];
  const codes = asked.map(({ missing = 'customer-not-found' }) => missing);
  return [...new Set<ProblemCode>(ownedBy.length > 0 ? [...codes, 'resource-not-found'] : codes)];
}

function problemsOfChange(operation: Change, settings: Settings): ProblemCode[] {
  return [
    'request-in-progress',
    ...(operation.key === 'required' ? (['idempotency-key-required'] as const) : []),
    // Requests that are all the same to a key never reuse it.
    ...(hasContent(operation, settings) ? (['idempotency-key-reused'] as const) : []),
    ...(isRepeatable(operation) ? [] : (['outcome-unknown'] as const)),
  ];
}

/** Whether one request may say something else than another. */
function hasContent({ body, parameters }: Change, settings: Settings): boolean {
  const [schema] = Object.values(body.schemas(settings));
  const { properties = {}, additionalProperties } = schema ?? {};
  return (
    parameters !== undefined || additionalProperties !== false || Object.keys(properties as object).length > 0
  );
}

const json = (schema: object, examples?: Record<string, NamedExample>) => ({
  'application/json': { schema, ...(examples && { examples }) },
});

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** What the document says of an operation: all of it follows from its declaration. */
export function describe(operation: Operation, settings: Settings): DescribedRoute {
  const { id, scope, words, answer } = operation;
  const [schema] = Object.keys(answer.schemas ?? {});
  return {
    operationId: id,
    tag: words.tag.name,
    summary: words.summary,
    description: `${words.description}\n\nNeeds the scope \`${scope}\`.`,
    answer: {
      status: answer.status,
      description: answer.description,
      ...(schema !== undefined && { content: json(ref(schema), { ...answer.examples }) }),
    },
    problems: problemsOf(operation, settings),
    scope,
    operation,
    isRead: operation.kind === 'read',
  };
}

/** The schemas of parameters, body and answer of an operation. */
export function schemasOf(
  { parameters, body, answer }: Operation,
  settings: Settings,
): Record<string, JsonSchema> {
  return { ...parameters?.schemas, ...body?.schemas(settings), ...answer.schemas };
}

export const CUSTNO = {
  name: 'custno',
  in: 'path',
  required: true,
  description:
    'The customer number: 1 to 10 digits without a leading zero, or `me` for the customer of the token.',
  schema: { type: 'string', pattern: '^(me|[1-9][0-9]{0,9})$' },
  example: 'me',
};

/** The customer links are for services, which have no customer of their own. */
const LINKED_CUSTNO = { ...CUSTNO, example: '700123' };

const OF_A_USER: readonly object[] = [
  LINKED_CUSTNO,
  {
    name: 'subject',
    in: 'path',
    required: true,
    description:
      'The `sub` of the user, percent-encoded: `auth0%7C1`. To remove a link, you can also send the digest that the list of users shows.',
    schema: { type: 'string', minLength: 1 },
  },
  {
    name: 'issuer',
    in: 'query',
    required: true,
    description: 'The `iss` of the user: an identity provider that this gateway knows.',
    schema: { type: 'string' },
  },
];

const LINKS_TAG = 'Customer links';

/** The customer links, by `Controller.handler`. */
export const LINKS: Readonly<Record<string, DescribedRoute>> = {
  'LinksController.list': {
    operationId: 'listCustomerUsers',
    tag: LINKS_TAG,
    summary: "List a customer's users",
    description:
      'Every user that is linked to the customer in your group.\n\nFor clients that may act for every customer. Needs the scope `customer-links:read`.',
    answer: {
      status: 200,
      description: 'The users.',
      content: json(ref('CustomerUsers')),
    },
    problems: OF_CALLERS,
    scope: 'customer-links:read',
    isRead: true,
    parameters: [LINKED_CUSTNO],
  },
  'LinksController.link': {
    operationId: 'linkCustomerUser',
    tag: LINKS_TAG,
    summary: 'Link a user to a customer',
    description:
      'Within 5 seconds the user may act for the customer, through every client of your group that uses customer links. A repeated request has no further effect.\n\nFor clients that may act for every customer. Needs the scope `customer-links:write`.',
    answer: { status: 204, description: 'The user is linked to the customer.' },
    problems: OF_CALLERS,
    scope: 'customer-links:write',
    parameters: OF_A_USER,
  },
  'LinksController.unlink': {
    operationId: 'unlinkCustomerUser',
    tag: LINKS_TAG,
    summary: 'Unlink a user from a customer',
    description:
      'Within 5 seconds the user can no longer act for the customer. A repeated request has no further effect.\n\nFor clients that may act for every customer. Needs the scope `customer-links:write`.',
    answer: { status: 204, description: 'The user is not linked to the customer.' },
    problems: OF_CALLERS,
    scope: 'customer-links:write',
    parameters: OF_A_USER,
  },
};

export const LINKS_TAG_WORDS = { name: LINKS_TAG, description: 'Who may act for which customer.' };

export const LINKS_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  CustomerUsers: {
    type: 'object',
    description: 'The users that are linked to a customer.',
    properties: {
      users: {
        type: 'array',
        description: 'Each with its issuer and subject.',
        items: { $ref: '#/components/schemas/CustomerUser' },
      },
    },
    required: ['users'],
  },
  CustomerUser: {
    type: 'object',
    description: 'A user of an identity provider.',
    properties: {
      issuer: { type: 'string', description: 'The `iss` of its tokens.' },
      subject: {
        type: 'string',
        description:
          'The `sub` of its tokens. If the `sub` holds an `@`, a character outside printable ASCII or more than 128 characters, this is `@sha256:` and the hex digits of its SHA-256.',
      },
    },
    required: ['issuer', 'subject'],
  },
};

/** What anybody may read, by `Controller.handler`: what the code of a handler does not say of itself. */
export const DOCUMENTATION: Readonly<Record<string, DescribedRoute>> = {
  'ProblemsController.list': {
    operationId: 'listProblems',
    tag: 'Documentation',
    summary: 'Every problem, and what to do about it',
    description:
      'Lists what the `code` of each error means, as a page for browsers and as JSON for other clients.',
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
      'Explains one problem, as a page for browsers and as JSON for other clients, by the header Accept. The `type` of a problem leads here.',
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
    description: 'Describes the API of this gateway, as configured, in OpenAPI 3.1.',
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
