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
import { journalRecords } from './support/journal-records.ts';
import { TestManagement } from './support/management.ts';
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
      [{ accessToken: ['payment:take'] }],
      [{ accessToken: ['customer:read'] }],
    ]);
    const codesOf = ({ responses }: any): string[] =>
      Object.values<any>(responses).flatMap(({ content }) =>
        Object.keys(content?.['application/problem+json']?.examples ?? {}),
      );
    expect(codesOf(post)).toEqual(expect.arrayContaining(['idempotency-key-required', 'outcome-unknown']));
    const ofRead = codesOf(get);
    for (const code of ['journal-unavailable', 'request-in-progress', 'validation-failed', 'outcome-unknown'])
      expect(ofRead).not.toContain(code);
    const names = (object: any): string[] => object.parameters.map(({ $ref }: any) => $ref.split('/').at(-1));
    expect(names(post)).toContain('IdempotencyKey');
    expect(names(get)).not.toContain('IdempotencyKey');
    expect(document.components.schemas.TakePayment.properties.amount).toMatchObject({ exclusiveMinimum: 0 });
    expect(document.tags.map(({ name }: any) => name)).toEqual([
      'Direct debit',
      'Welcome email',
      'Payments',
      'Customers',
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
