import { get as httpGet } from 'node:http';
import { join } from 'node:path';
import { Controller, Module } from '@nestjs/common';
import { IsDefined, IsPositive } from 'class-validator';
import { JsonBody } from '../src/dispatch/body.pipe.ts';
import { Dispatch } from '../src/dispatch/dispatch.ts';
import { DispatchModule } from '../src/dispatch/dispatch.module.ts';
import { dtoBody } from '../src/dispatch/dto-body.ts';
import { Asked } from '../src/dispatch/operation-request.ts';
import type { OperationRequest } from '../src/dispatch/operation-request.ts';
import { Serves } from '../src/dispatch/serves.ts';
import { change, read } from '../src/operations/operation.ts';
import { Operations } from '../src/operations/operations.ts';
import { Tracing } from '../src/telemetry/tracing.ts';
import { standard } from '../src/validation/rule-levels.ts';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer, Call } from './support/gateway.ts';
import { ageRecords, journalRecords } from './support/journal-records.ts';
import { TestManagement } from './support/management.ts';
import {
  broadcast,
  lines,
  note,
  open,
  plan,
  renewal,
  services,
  usage,
} from './support/further-operations.ts';
import type { Script } from './support/scripted-octane.ts';
import { TraceReceiver } from './support/trace-receiver.ts';

class TakePaymentDto {
  @IsDefined(standard('required', 'Send the amount in dollars.'))
  @IsPositive(standard('range', 'Send an amount above 0.'))
  readonly amount!: number;
}

/** A third change. What stands here, and one line in app.module.ts, is all that it takes. */
const payment = change<TakePaymentDto, void>({
  name: 'payment',
  id: 'takePayment',
  scope: 'payment:take',
  route: 'POST /v1/customers/{custno}/payments',
  octane: 'POST /v1/group/{groupno}/customer/{custno}/transaction/payment/',
  repeat: 'once',
  key: 'required',
  limit: () => ({ quota: 40, windowSeconds: 3600, detail: 'This customer has paid often enough.' }),
  inDoubt: "Look at the customer's transactions before it is sent again.",
  body: dtoBody({
    dto: TakePaymentDto,
    required: true,
    description: 'What is paid.',
    level: () => 'standard',
    schemas: {
      TakePayment: {
        dto: TakePaymentDto,
        words: { description: 'A payment.', fields: { amount: { meaning: 'In dollars.', example: 20 } } },
      },
    },
    examples: { twenty: { summary: 'Twenty dollars', value: { amount: 20 } } },
    refused: { amount: 0 },
  }),
  answer: { status: 204, description: 'Octane has taken the payment.' },
  words: {
    tag: { name: 'Payments', description: 'Take payments.' },
    summary: 'Take a payment',
    description: 'Takes a payment by a payment method of the customer.',
  },
});

interface CustomerAnswer {
  readonly customerStatus: string;
}

/** A first read. Its path ends with the customer number. */
const customer = read<object, CustomerAnswer>({
  name: 'customer',
  id: 'getCustomer',
  scope: 'customer:read',
  route: 'GET /v1/customers/{custno}',
  octane: 'GET /v1/group/{groupno}/customer/{custno}',
  answer: {
    status: 200,
    description: 'The customer.',
    reads: (status) => status === 200,
    read: (body) => {
      const { customerStatus } = JSON.parse(body) as Partial<CustomerAnswer>;
      return typeof customerStatus === 'string' ? { answer: { customerStatus } } : 'not-documented';
    },
    schemas: {
      Customer: {
        type: 'object',
        description: 'A customer.',
        properties: { customerStatus: { type: 'string', description: 'The status.' } },
        required: ['customerStatus'],
      },
    },
  },
  words: {
    tag: { name: 'Customers', description: 'Who they are.' },
    summary: 'Get a customer',
    description: 'Asks Octane for the customer.',
  },
});

/** A read that Octane has as a POST. */
const quote = read<TakePaymentDto, CustomerAnswer>({
  ...customer,
  name: 'quote',
  id: 'getQuote',
  route: 'POST /v1/customers/{custno}/quote',
  octane: 'POST /v1/group/{groupno}/customer/{custno}/quote',
  body: payment.body,
});

@Controller()
class PaymentController {
  constructor(private readonly dispatch: Dispatch) {}

  @Serves(payment)
  take(@Asked() request: OperationRequest, @JsonBody() body: TakePaymentDto): Promise<void> {
    return this.dispatch.change(payment, request, body);
  }
}

@Controller()
class CustomerController {
  constructor(private readonly dispatch: Dispatch) {}

  @Serves(customer)
  get(@Asked() request: OperationRequest): Promise<CustomerAnswer> {
    return this.dispatch.read(customer, request);
  }

  @Serves(quote)
  quote(@Asked() request: OperationRequest, @JsonBody() body: TakePaymentDto): Promise<CustomerAnswer> {
    return this.dispatch.read(quote, request, body);
  }
}

// oxlint-disable-next-line typescript/no-extraneous-class -- what Nest takes for a module
@Module({ imports: [DispatchModule], controllers: [PaymentController] })
class PaymentModule {}

// oxlint-disable-next-line typescript/no-extraneous-class -- what Nest takes for a module
@Module({ imports: [DispatchModule], controllers: [CustomerController] })
class CustomerModule {}

const SCOPES = 'payment:take customer:read';
const PAYMENTS = '/v1/customers/700123/payments';
const CUSTOMER = '/v1/customers/700123';
const IN_DOUBT = { outcome: 'unknown', retryable: false };

const FURTHER = [services, usage, note, broadcast, lines, plan, renewal];

let receiver: TraceReceiver;
let gateway: TestGateway;
let management: TestManagement;
let document: any;
let databaseUrl: string;
beforeAll(async () => {
  receiver = await TraceReceiver.start();
  gateway = await TestGateway.start({
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint },
    operations: [
      { operation: payment, module: PaymentModule },
      { operation: customer, module: CustomerModule },
      { operation: quote, module: CustomerModule },
      ...FURTHER.map(open),
    ],
  });
  management = await TestManagement.start(gateway);
  databaseUrl = `sqlite:${join(gateway.folder, 'gateway.db')}`;
  document = (await gateway.call({ method: 'GET', path: '/openapi.json' })).json;
});
afterAll(async () => {
  await management.stop();
  await gateway.stop();
  await receiver.stop();
});
beforeEach(() => gateway.octane.reset());

const token = (scope = SCOPES): Promise<string> => gateway.issuer.token({ claims: { scope } });
let keys = 0;
const newKey = (): Record<string, string> => ({ 'idempotency-key': `payment-${(keys += 1)}` });
const pay = async (call: Partial<Call> = {}): Promise<Answer> =>
  gateway.call({
    path: PAYMENTS,
    token: await token(),
    headers: newKey(),
    body: { amount: 20 },
    ...call,
  });
const look = async (call: Partial<Call> = {}): Promise<Answer> =>
  gateway.call({ method: 'GET', path: CUSTOMER, token: await token(), ...call });
const answering =
  (status: number, body = '{"customerStatus":"ACT","secret":"of no app"}'): Script =>
  (_hit, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
/** What the log says of a request that is over. */
const lineOf = (requestId: string): Promise<Record<string, unknown>> =>
  eventually(() =>
    gateway.log
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .find((line) => line['msg'] === 'request completed' && line['requestId'] === requestId),
  );

describe('a third change', () => {
  it('reaches Octane as it is declared, and is answered as it is declared', async () => {
    const answer = await pay();
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(gateway.octane.hits).toMatchObject([
      {
        method: 'POST',
        path: '/tiab/api/v1/group/1001/customer/700123/transaction/payment/',
        body: '{"amount":20}',
      },
    ]);
  });

  it('has its route alone: another method is 405, another path 404', async () => {
    const answer = await gateway.call({ method: 'PUT', path: PAYMENTS });
    expectProblem(answer, 405, 'method-not-allowed');
    expect(answer.headers['allow']).toBe('POST');
    expectProblem(await gateway.call({ path: `${PAYMENTS}/` }), 404, 'not-found');
  });

  it('needs its scope, and the customer of the token', async () => {
    const refused = await pay({ token: await token('direct-debit:write customer:read') });
    expectProblem(refused, 403, 'insufficient-scope');
    expect(refused.headers['www-authenticate']).toContain('scope="payment:take"');
    expectProblem(await pay({ path: '/v1/customers/700999/payments' }), 403, 'customer-not-permitted');
    expectProblem(await pay({ path: '/v1/customers/0/payments' }), 400, 'invalid-request');
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('has the rules of its body', async () => {
    expectProblem(await pay({ body: { amount: 0, tip: 1 } }), 422, 'validation-failed', {
      errors: [
        { pointer: '#/amount', code: 'range', detail: 'Send an amount above 0.' },
        { pointer: '#/tip', code: 'unknown_property', detail: expect.any(String) },
      ],
    });
  });

  it('demands a key, and happens once for it', async () => {
    expectProblem(await pay({ headers: {} }), 400, 'idempotency-key-required');
    const headers = newKey();
    expect((await pay({ headers })).status).toBe(204);
    const again = await pay({ headers });
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([204, 'true']);
    expectProblem(await pay({ headers, body: { amount: 21 } }), 422, 'idempotency-key-reused');
    expect(gateway.octane.hits).toHaveLength(1);
  });

  it('is not sent again when nobody knows, and says what a person does then', async () => {
    gateway.octane.script = answering(503);
    const headers = newKey();
    const answer = await pay({ headers });
    expectProblem(answer, 503, 'octane-unavailable', IN_DOUBT);
    expect(answer.json.detail).toContain(payment.inDoubt);
    expect(gateway.octane.hits).toHaveLength(1);
    const again = await pay({ headers });
    expectProblem(again, 409, 'outcome-unknown', IN_DOUBT);
    expect(again.json.detail).toContain(payment.inDoubt);
  });

  it('has a limit of its own', async () => {
    const path = '/v1/customers/700777/payments';
    const app = await gateway.issuer.token({ claims: { scope: SCOPES, custno: '700777' } });
    const answers = [];
    for (let sent = 0; sent < 41; sent += 1) answers.push(await pay({ path, token: app }));
    expect(answers.map(({ status }) => status)).toEqual([...Array<number>(40).fill(204), 429]);
    expectProblem(answers[40]!, 429, 'rate-limited', { outcome: 'not-sent', retryable: true });
    expect(answers[40]!.headers['ratelimit-policy']).toContain('"payment";q=40;w=3600');
    expect((await management.scrape()).value('rate_limited_total', { limit: 'payment' })).toBe(1);
  });

  it('is on record, in the log, in the metrics and in the trace', async () => {
    const requestId = 'a-payment';
    const before = await management.scrape();
    await pay({ headers: { ...newKey(), 'x-request-id': requestId } });
    expect(await lineOf(requestId)).toMatchObject({
      audit: true,
      operation: 'payment',
      outcome: 'applied',
      client: 'selfcare-app',
      group: '1001',
      custno: '700123',
    });
    const records = await journalRecords(databaseUrl);
    expect(records.find((record) => record.requestId === requestId)).toMatchObject({
      operation: 'payment',
      outcome: 'applied',
      octaneStatus: 200,
    });
    const after = await management.scrape();
    const labels = { operation: 'payment', outcome: 'applied' };
    for (const metric of ['changes_total', 'octane_request_duration_seconds'])
      expect(after.value(metric, labels) - before.value(metric, labels)).toBe(1);
    expect(after.text).toContain('octane_breaker_state{operation="payment"} 0');
    await gateway.application.get(Tracing, { strict: false }).flush();
    const names = await eventually(() => {
      const received = receiver.spans.map(({ name }) => name);
      return received.includes('octane.payment') && received;
    });
    expect(names).toEqual(
      expect.arrayContaining(['POST /v1/customers/:custno/payments', 'octane.payment', 'POST payment']),
    );
  });
});

describe('a first read', () => {
  beforeEach(() => {
    gateway.octane.script = answering(200);
  });

  it('asks Octane without a body, and answers what its declaration reads', async () => {
    const answer = await look();
    expect([answer.status, answer.json]).toEqual([200, { customerStatus: 'ACT' }]);
    const [hit] = gateway.octane.hits;
    expect(hit).toMatchObject({ method: 'GET', path: '/tiab/api/v1/group/1001/customer/700123', body: '' });
    expect(hit!.headers).not.toHaveProperty('content-type');
    expect(hit!.headers).not.toHaveProperty('content-length');
  });

  it('answers a HEAD as a GET, without the body', async () => {
    const answer = await look({ method: 'HEAD' });
    expect([answer.status, answer.text]).toEqual([200, '']);
  });

  it('has its route alone, its scope, and the customer of the token', async () => {
    const wrong = await gateway.call({ method: 'DELETE', path: CUSTOMER });
    expectProblem(wrong, 405, 'method-not-allowed');
    expect(wrong.headers['allow']).toBe('GET, HEAD');
    expectProblem(await look({ path: `${CUSTOMER}/` }), 404, 'not-found');
    expectProblem(await look({ token: await token('payment:take') }), 403, 'insufficient-scope');
    expectProblem(await look({ path: '/v1/customers/700999' }), 403, 'customer-not-permitted');
    expectProblem(await look({ path: '/v1/customers/7001%323' }), 400, 'invalid-request');
    expect((await look({ path: '/v1/customers/me' })).status).toBe(200);
    expect(gateway.octane.hits).toHaveLength(1);
  });

  it('has no record and no outcome, and no use for a key', async () => {
    const before = (await journalRecords(databaseUrl)).length;
    const headers = newKey();
    await look({ headers });
    const again = await look({ headers: { ...headers, 'idempotency-key': 'not a key, nor quoted ' } });
    expect(again.status).toBe(200);
    expect(again.headers).not.toHaveProperty('idempotency-replayed');
    expect(gateway.octane.hits).toHaveLength(2);
    expect((await journalRecords(databaseUrl)).length).toBe(before);
  });

  it.each([
    [404, 404, 'customer-not-found', false],
    [403, 403, 'octane-access-denied', false],
    [422, 422, 'octane-rejected', false],
    [500, 502, 'octane-error', true],
  ])('answers Octane’s %d without an outcome', async (octaneStatus, status, code, retryable) => {
    gateway.octane.script = answering(octaneStatus);
    expectProblem(await look(), status, code, { retryable });
    expect(gateway.octane.hits).toHaveLength(1);
  });

  it('is tried again where Octane may be well the next moment', async () => {
    gateway.octane.script = (hit, response, socket) => {
      if (gateway.octane.hits.length < 3) answering(503)(hit, response, socket);
      else answering(200)(hit, response, socket);
    };
    expect((await look()).status).toBe(200);
    expect(gateway.octane.hits).toHaveLength(3);
  });

  it('says in the log who read of whom', async () => {
    await look({ headers: { 'x-request-id': 'a-read' } });
    const line = await lineOf('a-read');
    expect(line).toMatchObject({
      audit: true,
      operation: 'customer',
      client: 'selfcare-app',
      subject: expect.any(String),
      group: '1001',
      custno: '700123',
      status: 200,
    });
    expect(line).not.toHaveProperty('outcome');
  });

  it('has a breaker of its own, and its place in the metrics', async () => {
    const { text } = await management.scrape();
    expect(text).toContain('octane_breaker_state{operation="customer"} 0');
    expect(text).toMatch(
      /octane_request_duration_seconds_count\{operation="customer",outcome="applied"\} [1-9]/,
    );
    expect(text).not.toContain('changes_total{operation="customer"');
    const { json } = await gateway.call({ method: 'GET', path: '/openapi.json' });
    expect(json).toEqual(document);
  });

  it('that Octane has as a POST takes a body, and no key', async () => {
    const answer = await gateway.call({
      path: '/v1/customers/me/quote',
      token: await token(),
      body: { amount: 5 },
    });
    expect([answer.status, answer.json]).toEqual([200, { customerStatus: 'ACT' }]);
    expect(gateway.octane.hits).toMatchObject([{ method: 'POST', body: '{"amount":5}' }]);
    const refused = await gateway.call({
      path: '/v1/customers/me/quote',
      token: await token(),
      body: { amount: -5 },
    });
    expectProblem(refused, 422, 'validation-failed', {
      errors: [{ pointer: '#/amount', code: 'range', detail: 'Send an amount above 0.' }],
    });
  });
});

describe('the OpenAPI document', () => {
  it('has both, with their problems', () => {
    const { post } = document.paths['/v1/customers/{custno}/payments'];
    const { get } = document.paths['/v1/customers/{custno}'];
    expect([post.operationId, get.operationId]).toEqual(['takePayment', 'getCustomer']);
    expect([post.security, get.security]).toEqual([
      [{ accessToken: ['payment:take'] }, { boundAccessToken: ['payment:take'] }],
      [{ accessToken: ['customer:read'] }, { boundAccessToken: ['customer:read'] }],
    ]);
    const codesOf = ({ responses }: any): string[] =>
      Object.values<any>(responses).flatMap(({ content }) =>
        Object.keys(content?.['application/problem+json']?.examples ?? {}),
      );
    expect(codesOf(post)).toEqual(expect.arrayContaining(['idempotency-key-required', 'outcome-unknown']));
    const ofRead = codesOf(get);
    for (const code of ['request-in-progress', 'validation-failed', 'outcome-unknown'])
      expect(ofRead).not.toContain(code);
    expect(post.parameters).toContainEqual(
      expect.objectContaining({ name: 'Idempotency-Key', required: true }),
    );
    expect(JSON.stringify(get.parameters)).not.toMatch(/Idempotency-?Key/);
    expect(document.components.schemas.TakePayment.properties.amount).toMatchObject({ exclusiveMinimum: 0 });
    expect(document.tags.map(({ name }: any) => name)).toEqual([
      'Direct debit',
      'Welcome email',
      'Payments',
      'Customers',
      'Services',
      'Customer links',
      'Documentation',
    ]);
  });
});

it('two operations never share a name or a route', () => {
  expect(() => new Operations([payment, { ...payment, route: 'POST /v1/customers/{custno}/other' }])).toThrow(
    'two operations have the name payment',
  );
  expect(() => new Operations([payment, { ...payment, name: 'other' }])).toThrow(
    'two operations have the route POST /v1/customers/:custno/payments',
  );
});

it('an operation says whose customer it is, and what it asks first is open', () => {
  for (const operation of [
    { ...payment, customers: 'none' } as const,
    { ...payment, route: 'POST /v1/payments' } as const,
  ])
    expect(() => new Operations([operation])).toThrow(
      'the route of payment does not say whose customer it is',
    );
  const ownedBy = [{ read: customer, named: () => [], owned: () => new Set<string>() }];
  expect(() => new Operations([{ ...payment, ownedBy }])).toThrow(
    'payment is owned by a read that is not open',
  );
});

const SERVICES = 'services:read services:write';
const whole = { claims: { scope: SERVICES } };
const asService = (client = 'billing-service'): Promise<string> =>
  gateway.issuer.token({ claims: { client_id: client, scope: SERVICES } });
const ask = async (path: string, call: Partial<Call> = {}): Promise<Answer> =>
  gateway.call({ method: 'GET', path, token: await gateway.issuer.token(whole), ...call });
const USAGE = '/v1/services/7/customers/700123';
const NOTE = '/v1/customers/700123/services/7/note';
const writeNote = async (call: Partial<Call> = {}): Promise<Answer> =>
  ask(NOTE, { method: 'PUT', body: { text: 'ä' }, ...call });
const say = async (call: Partial<Call> = {}): Promise<Answer> =>
  ask('/v1/broadcasts', { method: 'POST', token: await asService(), ...call });
const paths = (): string[] => gateway.octane.hits.map(({ path }) => path.replace('/tiab/api', ''));

describe('parameters', () => {
  beforeEach(() => {
    gateway.octane.script = answering(200, '{"used":1}');
  });

  it('of route and query are decoded once, and go where the operation says', async () => {
    const answer = await ask('/v1/services/%37/customers/me?from=1&tag=2&tag=03&someText=a%2520b+%26%C3%A4&');
    expect([answer.status, answer.json]).toEqual([200, { used: 1 }]);
    expect(paths()).toEqual([
      '/v1/usage?group=1001&custno=700123&lineseqno=7&from=1&tag=2&tag=03&someText=a%2520b%20%26%C3%A4',
    ]);
  });

  it.each([
    ['?form=1', 'does not have'],
    ['?__proto__=1', 'does not have'],
    ['?custno=700123', 'does not have'],
    ['?lineseqno=7', 'does not have'],
    ['?from=1&from=1', 'twice'],
    ['?from=%ff', 'percent-encoded'],
    ['?%zz=1', 'percent-encoded'],
  ])('that no query of the operation has are no valid request: %s', async (query, word) => {
    const answer = await ask(`${USAGE}${query}`);
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.json.detail).toContain(word);
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('in the path are not empty, and paths are exact', async () => {
    expectProblem(await ask('/v1/services//customers/700123'), 404, 'not-found');
    expectProblem(await ask('/v1/services/7/customers/70012%33'), 400, 'invalid-request');
    expectProblem(await ask('/v1/services/700123/customers/%6De'), 400, 'invalid-request');
    expectProblem(await ask('/v1/services/7/custom%65rs/700123'), 404, 'not-found');
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('break rules together with the body', async () => {
    const answer = await writeNote({
      path: `${NOTE.replace('7/note', 'x%2Fy/note')}?colour=`,
      body: { bad: 1 },
    });
    expectProblem(answer, 422, 'validation-failed', {
      errors: [
        { parameter: 'lineseqno', code: 'type', detail: 'Send a number.' },
        { parameter: 'colour', code: 'type', detail: 'Send a number.' },
        { pointer: '#/bad', code: 'unknown_property', detail: 'Leave it out.' },
      ],
    });
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('are looked at behind the scope and the customer', async () => {
    const path = `${USAGE}?form=1`;
    expectProblem(await ask(path, { token: await token() }), 403, 'insufficient-scope');
    expectProblem(await ask(path.replace('700123', '700999')), 403, 'customer-not-permitted');
  });

  it('belong to what an Idempotency-Key stands for', async () => {
    const headers = newKey();
    expect((await writeNote({ headers, path: `${NOTE}?colour=1` })).status).toBe(200);
    const again = await writeNote({ headers, path: `${NOTE}?colour=1` });
    expect([again.status, again.headers['idempotency-replayed'], again.text]).toEqual([
      200,
      'true',
      '{"used":1}',
    ]);
    for (const path of [NOTE, `${NOTE}?colour=2`, `${NOTE.replace('/7/', '/8/')}?colour=1`])
      expectProblem(await writeNote({ headers, path }), 422, 'idempotency-key-reused');
    expect(gateway.octane.hits).toHaveLength(1);
  });

  it('stand in the OpenAPI document', () => {
    const { get } = document.paths['/v1/services/{lineseqno}/customers/{custno}'];
    expect(get.parameters.slice(0, 3)).toEqual([
      { $ref: '#/components/parameters/Custno' },
      expect.objectContaining({ name: 'lineseqno', in: 'path' }),
      expect.objectContaining({ name: 'from', in: 'query' }),
    ]);
    expect(
      get.responses[422].content['application/problem+json'].examples['validation-failed'].value,
    ).toMatchObject({
      errors: expect.arrayContaining([{ parameter: 'from', code: 'type', detail: 'Send a number.' }]),
    });
  });
});

describe('an operation that makes its request to Octane itself', () => {
  it('sends the text that it gives', async () => {
    gateway.octane.script = answering(201);
    const answer = await writeNote();
    expect([answer.status, answer.json]).toEqual([200, { created: true }]);
    expect(gateway.octane.hits).toMatchObject([
      {
        method: 'PUT',
        path: '/tiab/api/v1/note?lineseqno=7',
        body: '{"group":1001, "custno":700123, "rest":{"text":"ä"}}',
        headers: { 'content-type': 'application/json' },
      },
    ]);
  });
});

describe('an operation of no customer', () => {
  beforeEach(() => {
    gateway.octane.script = answering(200);
  });

  it('is for callers for all customers alone, whatever the customer of their token', async () => {
    const refused = await ask('/v1/broadcasts', { method: 'POST' });
    expectProblem(refused, 403, 'customer-not-permitted');
    expect(refused.json.detail).toContain('every customer');
    expectProblem(
      await ask('/v1/broadcasts', { method: 'POST', token: await token('payment:take') }),
      403,
      'insufficient-scope',
    );
    expect(gateway.octane.hits).toHaveLength(0);
    expect((await say()).status).toBe(204);
    expect(paths()).toEqual(['/v1/group/1001/broadcast']);
  });

  it('has a record, a key and a line of its group', async () => {
    const headers = { ...newKey(), 'x-request-id': 'a-broadcast' };
    const before = (await journalRecords(databaseUrl)).length;
    await say({ headers });
    expect((await say({ headers })).headers['idempotency-replayed']).toBe('true');
    expect((await say({ headers, token: await asService('other-group') })).status).toBe(204);
    expect(paths()).toEqual(['/v1/group/1001/broadcast', '/v1/group/2002/broadcast']);
    const records = await journalRecords(databaseUrl);
    const made = records.slice(0, records.length - before);
    expect(made.map(({ groupno, custno, operation }) => [groupno, custno, operation])).toEqual([
      ['2002', '', 'user'],
      ['1001', '', 'user'],
    ]);
    const line = await lineOf('a-broadcast');
    expect(line).toMatchObject({ audit: true, operation: 'user', group: '1001', outcome: 'applied' });
    expect(line).not.toHaveProperty('custno');
  });

  it('has a limit of its group, which no other limit with its name shares', async () => {
    const app = await asService('other-group');
    const answers = [];
    for (let sent = 0; sent < 21; sent += 1) answers.push(await say({ token: app }));
    const refused = answers.find(({ status }) => status === 429)!;
    expectProblem(refused, 429, 'rate-limited', { outcome: 'not-sent', retryable: true });
    expect(refused.headers['ratelimit-policy']).toContain('"operation:user";q=20;w=3600');
    expect((await say()).status).toBe(204);
    const metrics = await management.scrape();
    expect(metrics.value('rate_limited_total', { limit: 'operation:user' })).toBeGreaterThan(0);
    expect(metrics.value('rate_limited_total', { limit: 'user' })).toBe(0);
  });

  it('has no customer number in the OpenAPI document', () => {
    const { post } = document.paths['/v1/broadcasts'];
    expect(JSON.stringify(post.parameters)).not.toContain('Custno');
  });
});

describe('what Octane answers', () => {
  it('is read in each status that the operation documents, and no other', async () => {
    gateway.octane.script = answering(202);
    expectProblem(await ask(USAGE), 502, 'octane-contract-violation', { retryable: false });
    gateway.octane.script = answering(200, 'nothing documented');
    expectProblem(await ask(USAGE), 502, 'octane-contract-violation', { retryable: false });
    gateway.octane.script = answering(500, '{"used":1}'.padEnd(2_000_000));
    expectProblem(await ask(USAGE), 502, 'octane-error', { retryable: true });
  });

  it('may be as long as the operation says', async () => {
    const long = `{"used":"${'x'.repeat(500_000)}"}`;
    gateway.octane.script = answering(200, long);
    expect((await ask(USAGE)).text).toBe(long);
    expectProblem(await ask('/v1/customers/700123/services'), 502, 'octane-contract-violation', {
      retryable: false,
    });
  });

  it('may be a refusal in spite of its status: of a change it is kept', async () => {
    gateway.octane.script = answering(200, '{"success":false,"why":"of no app"}');
    const headers = { ...newKey(), 'x-request-id': 'a-refusal' };
    const refused = { outcome: 'rejected', retryable: false };
    const answer = await writeNote({ headers });
    expectProblem(answer, 422, 'octane-rejected', refused, 'a-refusal');
    expect(answer.text).not.toContain('of no app');
    const again = await writeNote({ headers: { ...headers, 'x-request-id': 'asked-again' } });
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([422, 'true']);
    expect(gateway.octane.hits).toHaveLength(1);
    const records = await journalRecords(databaseUrl);
    expect(records.find(({ requestId }) => requestId === 'a-refusal')).toMatchObject({
      outcome: 'rejected',
      octaneStatus: 200,
    });
    expect(await lineOf('a-refusal')).toMatchObject({ outcome: 'rejected', cause: 'REFUSED' });
    expectProblem(await ask(USAGE), 422, 'octane-rejected', { retryable: false });
  });

  it('is no failure of Octane when it is such a refusal', async () => {
    gateway.octane.script = answering(200, '{"success":false}');
    for (let asked = 0; asked < 12; asked += 1) await ask(USAGE);
    gateway.octane.script = answering(200, '{"used":1}');
    expect((await ask(USAGE)).status).toBe(200);
  });

  it('with 404 means what the operation says', async () => {
    gateway.octane.script = answering(404);
    expectProblem(await ask(USAGE), 404, 'resource-not-found', { retryable: false });
    expectProblem(await writeNote(), 404, 'resource-not-found', { outcome: 'rejected', retryable: false });
    expectProblem(await ask('/v1/customers/700123/services'), 404, 'customer-not-found', {
      retryable: false,
    });
    const codes = Object.keys(
      document.paths['/v1/services/{lineseqno}/customers/{custno}'].get.responses[404].content[
        'application/problem+json'
      ].examples,
    );
    expect(codes).toEqual(['resource-not-found']);
  });
});

it('a key is remembered for as long as its operation says', async () => {
  gateway.octane.script = answering(200, '{"used":1}');
  const [long, short] = [newKey(), newKey()];
  const send = async (): Promise<(string | string[] | undefined)[]> => {
    const answers = [await writeNote({ headers: long }), await pay({ headers: short })];
    return answers.map(({ headers }) => headers['idempotency-replayed']);
  };
  expect(await send()).toEqual([undefined, undefined]);
  await ageRecords(databaseUrl, 25 * 3_600_000);
  expect(await send()).toEqual(['true', undefined]);
  await ageRecords(databaseUrl, 720 * 3_600_000);
  expect(await send()).toEqual([undefined, undefined]);
  const { parameters } = document.paths['/v1/customers/{custno}/services/{lineseqno}/note'].put;
  expect(parameters.find(({ name }: any) => name === 'Idempotency-Key')).toMatchObject({
    required: false,
    description: expect.stringContaining('720 hours'),
  });
});

/** Answers by the path that Octane is asked for. */
const byPath =
  (answers: Record<string, Script>): Script =>
  (hit, response, socket) => {
    const [, script] = Object.entries(answers).find(([part]) => hit.path.includes(part)) ?? [];
    (script ?? answering(500))(hit, response, socket);
  };
const owning = (...numbers: string[]): Script => answering(200, JSON.stringify({ services: numbers }));
const PLAN = '/v1/customers/700123/services/7/plan';
/** Another customer each time: nothing is kept of it. */
let customers = 710_000;
const asNewCustomer = async (): Promise<{ custno: string; token: string }> => {
  const custno = String((customers += 1));
  return { custno, token: await gateway.issuer.token({ claims: { custno, scope: SERVICES } }) };
};
const renew = async (call: Partial<Call> = {}): Promise<Answer> =>
  ask('/v1/customers/700123/services/7/renewals', { method: 'POST', body: { with: ['8'] }, ...call });
const notSent = { outcome: 'not-sent', retryable: true };

describe('an operation of what must be the customer’s', () => {
  it('is sent when it is, and when all that it names is', async () => {
    gateway.octane.script = byPath({ '/lines': owning('7', '8'), '/renewal': answering(200, '{}') });
    expect((await renew()).status).toBe(200);
    expect(paths()).toEqual(['/v1/group/1001/customer/700123/lines', '/v1/renewal?lineseqno=7']);
  });

  it.each([
    [{ with: ['8', '9'] }, 1],
    [{ with: [] }, 1],
    [{}, 1],
    [{ with: ['07'] }, 1],
  ])('is not sent with the body %j', async (body, hits) => {
    gateway.octane.script = byPath({ '/lines': owning('7', '8') });
    const refused = { outcome: 'not-sent', retryable: false };
    expectProblem(await renew({ body }), 404, 'resource-not-found', refused);
    expect(gateway.octane.hits).toHaveLength(hits);
  });

  it('is not sent for another’s, and its key is free', async () => {
    gateway.octane.script = byPath({ '/lines': owning('8'), '/renewal': answering(200, '{}') });
    const headers = { ...newKey(), 'x-request-id': 'not-owned' };
    const refused = { outcome: 'not-sent', retryable: false };
    expectProblem(await renew({ headers }), 404, 'resource-not-found', refused, 'not-owned');
    expect(paths()).toEqual(['/v1/group/1001/customer/700123/lines']);
    expect(
      (await journalRecords(databaseUrl)).find(({ requestId }) => requestId === 'not-owned'),
    ).toMatchObject({
      outcome: 'not-sent',
      octaneStatus: null,
      attempts: 0,
    });
    expect(await lineOf('not-owned')).toMatchObject({ outcome: 'not-sent', code: 'resource-not-found' });
    gateway.octane.script = byPath({ '/lines': owning('7', '8'), '/renewal': answering(200, '{}') });
    expect((await renew({ headers })).status).toBe(200);
  });

  it('asks anew for a change, whatever is kept or runs', async () => {
    const { custno, token: app } = await asNewCustomer();
    gateway.octane.script = byPath({ '/lines': owning('7', '8'), '/renewal': answering(200, '{}') });
    await ask(`/v1/customers/${custno}/lines`, { token: app });
    expect((await ask(`/v1/customers/${custno}/lines`, { token: app })).headers['x-cache']).toBe('hit');
    gateway.octane.script = byPath({ '/lines': owning('9') });
    const path = `/v1/customers/${custno}/services/7/renewals`;
    expectProblem(await renew({ path, token: app }), 404, 'resource-not-found', {
      outcome: 'not-sent',
      retryable: false,
    });
    expect((await ask(`/v1/customers/${custno}/lines`, { token: app })).json).toEqual({
      services: ['7', '8'],
    });
  });

  it.each([
    [503, 503, 'octane-unavailable', 3],
    [500, 502, 'octane-error', 1],
    [404, 404, 'customer-not-found', 1],
    [202, 502, 'octane-contract-violation', 1],
  ])('has the problem of what it asks first: Octane’s %d', async (octaneStatus, status, code, hits) => {
    gateway.octane.script = byPath({ '/lines': answering(octaneStatus), '/renewal': answering(200, '{}') });
    const headers = newKey();
    const refused = await renew({ headers });
    expectProblem(refused, status, code, notSent);
    expect(refused.json.detail).toContain('nothing was changed');
    expect(gateway.octane.hits).toHaveLength(hits);
    gateway.octane.script = byPath({ '/lines': owning('7', '8'), '/renewal': answering(200, '{}') });
    expect((await renew({ headers })).status).toBe(200);
  });

  it('that only reads is asked for with each request, before a kept answer too', async () => {
    const { custno, token: app } = await asNewCustomer();
    const path = PLAN.replace('700123', custno);
    gateway.octane.script = byPath({ '/services': owning('7'), '/plan': answering(200, '{"plan":1}') });
    const [first, second] = [await ask(path, { token: app }), await ask(path, { token: app })];
    expect([first.headers['x-cache'], second.headers['x-cache'], second.text]).toEqual([
      'miss',
      'hit',
      '{"plan":1}',
    ]);
    expect(paths().map((each) => each.split('/').at(-1))).toEqual([
      'services',
      'plan?lineseqno=7',
      'services',
    ]);
    gateway.octane.script = byPath({ '/services': owning('8') });
    expectProblem(await ask(path, { token: app }), 404, 'resource-not-found', { retryable: false });
    gateway.octane.script = byPath({ '/services': answering(403) });
    expectProblem(await ask(path, { token: app }), 403, 'octane-access-denied', { retryable: false });
  });

  it('says so in the OpenAPI document', () => {
    const codes = ({ responses }: any): string[] =>
      Object.keys(responses[404].content['application/problem+json'].examples);
    expect(codes(document.paths['/v1/customers/{custno}/services/{lineseqno}/renewals'].post)).toEqual([
      'resource-not-found',
      'customer-not-found',
    ]);
    const { allOf } = document.components.schemas.OctaneTimeoutProblem;
    expect(allOf[1].properties.outcome.enum).toEqual(['unknown', 'not-sent']);
  });
});

describe('calls to Octane', () => {
  let strict: TestGateway;
  beforeAll(async () => {
    const environment = { OCTANE_TIMEOUT_MS: '2000', OCTANE_RATE_LIMIT: '6' };
    strict = await TestGateway.start({ beside: gateway, environment, operations: FURTHER.map(open) });
  });
  afterAll(() => strict.stop());

  it('of one request share its time and count one by one, and what is shared or kept is none', async () => {
    const app = await asService('other-group');
    const send = (path: string, call: Partial<Call> = {}): Promise<Answer> =>
      strict.call({ method: 'GET', path, token: app, ...call });
    gateway.octane.script = byPath({
      '/lines': (...hit) => void setTimeout(() => owning('7', '8')(...hit), 700),
      '/renewal': (...hit) => void setTimeout(() => answering(200, '{}')(...hit), 1700),
    });
    const path = '/v1/customers/700123/services/7/renewals';
    const late = await send(path, { method: 'POST', body: { with: ['8'] } });
    expectProblem(late, 504, 'octane-timeout', { outcome: 'unknown', retryable: false });
    expect(late.headers['ratelimit']).toMatch(/^"octane";r=4;t=\d+, /);
    gateway.octane.script = byPath({ '/lines': owning('7', '8') });
    const shared = await Promise.all([1, 2, 3].map(() => send('/v1/customers/700123/lines')));
    for (let asked = 0; asked < 3; asked += 1) shared.push(await send('/v1/customers/700123/lines'));
    expect(shared.map(({ status }) => status)).toEqual(Array<number>(6).fill(200));
    for (const custno of ['700124', '700125', '700126']) await send(`/v1/customers/${custno}/lines`);
    const refused = await send('/v1/customers/700127/lines');
    expectProblem(refused, 503, 'overloaded', { retryable: true });
    expect((await send('/v1/customers/700123/lines')).headers['x-cache']).toBe('hit');
  });
});

describe('reads of one customer', () => {
  /** Answers to hold back, in the order in which Octane was asked. */
  let held: (() => void)[];
  const hold =
    (body: string): Script =>
    (hit, response, socket) =>
      void held.push(() => answering(200, body)(hit, response, socket));
  beforeEach(() => {
    held = [];
  });
  const asked = (count: number): Promise<unknown> => eventually(() => held.length === count);
  /** By then every request that was sent before waits for Octane. */
  const settled = async (): Promise<void> => {
    const { custno, token: app } = await asNewCustomer();
    for (let time = 0; time < 3; time += 1)
      await ask(`/v1/customers/${custno}/services/7/note`, { token: app, method: 'PUT', body: {} });
  };

  it('that are equal are one call, and each has its line', async () => {
    gateway.octane.script = byPath({ '/services': hold('{"services":[]}'), '/note': answering(200, '{}') });
    const path = '/v1/customers/700123/services';
    const ids = ['first', 'second', 'third'].map((name) => `shared-${name}`);
    const tokens = [undefined, await asService(), undefined];
    const answers = ids.map(async (id, index) =>
      ask(index === 2 ? path.replace('700123', 'me') : path, {
        headers: { 'x-request-id': id },
        ...(tokens[index] && { token: tokens[index] }),
      }),
    );
    await asked(1);
    await settled();
    expect(held).toHaveLength(1);
    held[0]!();
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(Array(3).fill('{"services":[]}'));
    for (const [index, id] of ids.entries())
      expect(await lineOf(id)).toMatchObject({
        audit: true,
        operation: 'services',
        custno: '700123',
        client: index === 1 ? 'billing-service' : 'selfcare-app',
      });
  });

  it('go on when who asked first hangs up', async () => {
    gateway.octane.script = byPath({ '/services': hold('{"services":[]}'), '/note': answering(200, '{}') });
    const { custno, token: app } = await asNewCustomer();
    const path = `/v1/customers/${custno}/services`;
    const leaving = httpGet({ port: gateway.port, path, headers: { authorization: `Bearer ${app}` } });
    leaving.on('error', () => {});
    await asked(1);
    const staying = ask(path, { token: app });
    await settled();
    leaving.destroy();
    await settled();
    held[0]!();
    expect((await staying).text).toBe('{"services":[]}');
    expect(held).toHaveLength(1);
  });

  it('that are asked after a change share nothing from before it, nor is that kept', async () => {
    const { custno, token: app } = await asNewCustomer();
    const path = `/v1/customers/${custno}/lines`;
    gateway.octane.script = byPath({ '/lines': hold('{"services":["old"]}'), '/note': answering(200, '{}') });
    const before = ask(path, { token: app });
    await asked(1);
    await writeNote({ path: NOTE.replace('700123', custno), token: app });
    gateway.octane.script = byPath({ '/lines': hold('{"services":["new"]}') });
    const after = ask(path, { token: app });
    await asked(2);
    held[1]!();
    expect((await after).json).toEqual({ services: ['new'] });
    held[0]!();
    expect((await before).json).toEqual({ services: ['old'] });
    const again = await ask(path, { token: app });
    expect([again.headers['x-cache'], again.json]).toEqual(['hit', { services: ['new'] }]);
  });

  it.each([
    [200, 200],
    [503, 503],
    [422, 422],
  ])('that are kept are dropped by a change, whatever becomes of it: %d', async (octaneStatus, status) => {
    const { custno, token: app } = await asNewCustomer();
    const path = `/v1/customers/${custno}/lines`;
    gateway.octane.script = byPath({ '/lines': owning('7'), '/note': answering(octaneStatus, '{}') });
    const first = await ask(path, { token: app });
    expect([first.headers['x-cache'], first.headers['age']]).toEqual(['miss', undefined]);
    const second = await ask(path.replace(custno, 'me'), { token: app });
    expect([second.headers['x-cache'], second.headers['age']]).toEqual([
      'hit',
      expect.stringMatching(/^\d+$/),
    ]);
    expect((await writeNote({ path: NOTE.replace('700123', custno), token: app })).status).toBe(status);
    expect((await ask(path, { token: app })).headers['x-cache']).toBe('miss');
  });

  it('that are kept are of their group, and for who may see them', async () => {
    const { custno, token: app } = await asNewCustomer();
    const path = `/v1/customers/${custno}/lines`;
    gateway.octane.script = byPath({ '/lines': owning('7') });
    await ask(path, { token: app });
    const headers = { 'x-request-id': 'a-kept-answer' };
    expect((await ask(path, { token: await asService(), headers })).headers['x-cache']).toBe('hit');
    expect(await lineOf('a-kept-answer')).toMatchObject({
      audit: true,
      operation: 'lines',
      client: 'billing-service',
      custno,
    });
    expect((await ask(path, { token: await asService('other-group') })).headers['x-cache']).toBe('miss');
    expectProblem(await ask(path), 403, 'customer-not-permitted');
    expectProblem(await ask(path, { token: await token('payment:take') }), 403, 'insufficient-scope');
  });

  it('that failed are not kept, nor are refusals in a 2xx', async () => {
    const { custno, token: app } = await asNewCustomer();
    const path = `/v1/customers/${custno}/lines`;
    for (const script of [answering(500), answering(200, '{"success":false}'), owning('7')]) {
      gateway.octane.script = script;
      await ask(path, { token: app });
    }
    expect(gateway.octane.hits).toHaveLength(3);
    expect((await ask(path, { token: app })).headers['x-cache']).toBe('hit');
  });

  it('say in the OpenAPI document which headers they have', () => {
    const headersOf = (path: string): string[] =>
      Object.keys(document.paths[path].get.responses[200].headers);
    expect(headersOf('/v1/customers/{custno}/lines')).toEqual(expect.arrayContaining(['X-Cache', 'Age']));
    expect(headersOf('/v1/customers/{custno}/services')).not.toContain('Age');
  });
});
