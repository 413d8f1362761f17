import { Controller, Header, Module } from '@nestjs/common';
import type { OpenOperation } from '../../src/operations/operations.module.ts';
import { JsonBody } from '../../src/dispatch/body.pipe.ts';
import { Dispatch } from '../../src/dispatch/dispatch.ts';
import { DispatchModule } from '../../src/dispatch/dispatch.module.ts';
import { Asked, OperationRequest } from '../../src/dispatch/operation-request.ts';
import { Serves } from '../../src/dispatch/serves.ts';
import { change, read } from '../../src/operations/operation.ts';
import type {
  BodyOf,
  Operation,
  Ownership,
  Parameters,
  ParametersOf,
} from '../../src/operations/operation.ts';

/** Serves an operation as it is declared: the answer is JSON text, or nothing. */
export function open(operation: Operation): OpenOperation {
  @Controller()
  class OperationController {
    constructor(private readonly dispatch: Dispatch) {}

    @Serves(operation)
    @Header('content-type', 'application/json; charset=utf-8')
    serve(@Asked() request: OperationRequest, @JsonBody() body: object): Promise<unknown> {
      return operation.kind === 'change'
        ? this.dispatch.change(operation, request, body)
        : this.dispatch.read(operation, request, body);
    }
  }

  // oxlint-disable-next-line typescript/no-extraneous-class -- what Nest takes for a module
  @Module({ imports: [DispatchModule], controllers: [OperationController] })
  class OperationModule {}

  return { operation, module: OperationModule };
}

const DIGITS = /^[0-9]+$/;

/** Parameters that are numbers, and texts where their name says so. */
const parametersOf = (places: Record<string, 'path' | 'one' | 'list'>): ParametersOf => ({
  query: Object.fromEntries(
    Object.entries(places).flatMap(([name, place]) => (place === 'path' ? [] : [[name, place]])),
  ),
  read: (sent) => {
    const violations = Object.entries(sent).flatMap(([parameter, value]) =>
      parameter.endsWith('Text') || [value].flat().every((each) => DIGITS.test(each))
        ? []
        : [{ parameter, code: 'type' as const, detail: 'Send a number.' }],
    );
    return violations.length > 0 ? { violations } : { value: sent };
  },
  objects: Object.entries(places).map(([name, place]) => ({
    name,
    in: place === 'path' ? 'path' : 'query',
    required: place === 'path',
    description: `The ${name}.`,
    schema: place === 'list' ? { type: 'array', items: { type: 'string' } } : { type: 'string' },
  })),
});

/** Any object without the member `bad`. */
const anyBody: BodyOf<object> = {
  required: false,
  description: 'Anything.',
  read: (json) =>
    'bad' in (json as object)
      ? { violations: [{ pointer: '#/bad', code: 'unknown_property', detail: 'Leave it out.' }] }
      : { value: json as object },
  schemas: () => ({ Anything: { type: 'object', description: 'Anything.', properties: { bad: false } } }),
  examples: { empty: { summary: 'Nothing', value: {} } },
  refused: { bad: 1 },
};

/** The JSON text that Octane answered with, unless it says no. */
const anyAnswer = {
  status: 200,
  description: 'What Octane says.',
  reads: (status: number): boolean => status === 200 || status === 201,
  read: (body: string, status: number) => {
    if (body.includes('"success":false')) return 'refused';
    return body.startsWith('{') ? { answer: status === 201 ? '{"created":true}' : body } : 'not-documented';
  },
} as const;

const words = (name: string) => ({
  tag: { name: 'Services', description: 'What a customer has.' },
  summary: name,
  description: `Asks Octane for ${name}.`,
});

const asQuery = (parameters: Parameters): string =>
  Object.entries(parameters)
    .flatMap(([name, value]) => [value].flat().map((each) => `${name}=${encodeURIComponent(each)}`))
    .join('&');

export const services = read<object, string>({
  name: 'services',
  id: 'services',
  scope: 'services:read',
  route: 'GET /v1/customers/{custno}/services',
  octane: 'GET /v1/group/{groupno}/customer/{custno}/services',
  answer: anyAnswer,
  words: words('services'),
});

/** Octane has it elsewhere, and takes all of it in the query. */
export const usage = read<object, string>({
  name: 'usage',
  id: 'usage',
  scope: 'services:read',
  route: 'GET /v1/services/{lineseqno}/customers/{custno}',
  octane: 'GET /v1/usage',
  parameters: parametersOf({ lineseqno: 'path', from: 'one', tag: 'list', someText: 'one' }),
  forward: ({ groupno, custno, parameters }) => ({
    path: `/v1/usage?group=${groupno}&custno=${custno}&${asQuery(parameters)}`,
    body: undefined,
  }),
  answer: { ...anyAnswer, maxBytes: 1024 * 1024 },
  missing: 'resource-not-found',
  words: words('usage'),
});

export const note = change<object, string>({
  name: 'note',
  id: 'note',
  scope: 'services:write',
  route: 'PUT /v1/customers/{custno}/services/{lineseqno}/note',
  octane: 'PUT /v1/note',
  parameters: parametersOf({ lineseqno: 'path', colour: 'one' }),
  forward: ({ groupno, custno, parameters, body }) => ({
    path: `/v1/note?${asQuery(parameters)}`,
    body: `{"group":${groupno}, "custno":${custno}, "rest":${JSON.stringify(body)}}`,
  }),
  missing: 'resource-not-found',
  repeat: 'once',
  key: 'optional',
  keyHours: 720,
  inDoubt: 'Look at the note.',
  body: anyBody,
  answer: anyAnswer,
  words: words('note'),
});

/** It belongs to no customer, and its name is that of a limit. */
export const broadcast = change<object, void>({
  name: 'user',
  id: 'broadcast',
  scope: 'services:write',
  route: 'POST /v1/broadcasts',
  octane: 'POST /v1/group/{groupno}/broadcast',
  customers: 'none',
  repeat: 'once',
  key: 'optional',
  limit: () => ({ quota: 20, windowSeconds: 3600, detail: 'This group has said enough.' }),
  inDoubt: 'Ask somebody who should have heard it.',
  body: anyBody,
  answer: { status: 204, description: 'Everybody has heard it.' },
  words: words('broadcast'),
});

/** The number in the path is one that the read names. */
const ownService = (asked: Ownership['read']): Ownership => ({
  read: asked,
  named: ({ parameters }) => [parameters['lineseqno'] as string],
  owned: (answer) => new Set((JSON.parse(answer as string) as { services: string[] }).services),
});

/** The same services, kept for a minute. */
export const lines = read<object, string>({
  ...services,
  name: 'lines',
  id: 'lines',
  route: 'GET /v1/customers/{custno}/lines',
  octane: 'GET /v1/group/{groupno}/customer/{custno}/lines',
  cacheSeconds: 60,
});

/** Kept for a minute, and only of a service of the customer. */
export const plan = read<object, string>({
  ...services,
  name: 'plan',
  id: 'plan',
  route: 'GET /v1/customers/{custno}/services/{lineseqno}/plan',
  octane: 'GET /v1/plan',
  parameters: parametersOf({ lineseqno: 'path' }),
  forward: ({ parameters }) => ({ path: `/v1/plan?${asQuery(parameters)}`, body: undefined }),
  ownedBy: [ownService(services)],
  cacheSeconds: 60,
});

/** Of a service of the customer, and of others in the body. */
export const renewal = change<object, string>({
  ...note,
  name: 'renewal',
  id: 'renewal',
  route: 'POST /v1/customers/{custno}/services/{lineseqno}/renewals',
  octane: 'POST /v1/renewal',
  forward: ({ parameters }) => ({ path: `/v1/renewal?${asQuery(parameters)}`, body: undefined }),
  ownedBy: [
    ownService(lines),
    { ...ownService(lines), named: ({ body }) => (body as { with?: string[] }).with ?? [] },
  ],
});
