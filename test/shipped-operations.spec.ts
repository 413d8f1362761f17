import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SandboxGateway } from './support/sandbox-gateway.ts';

/** What /openapi.json says of an operation, as far as it is needed here. */
interface Documented {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters: readonly { $ref?: string; name: string; in: string; example?: unknown }[];
  readonly requestBody?: {
    content: { 'application/json': { examples: Record<string, { value: unknown }> } };
  };
}

/** A collection of Postman, as far as it is needed here. */
interface Collection {
  readonly variable: readonly { key: string; value: string }[];
  readonly item: readonly {
    readonly item: readonly {
      readonly name: string;
      readonly request: {
        readonly method: string;
        readonly url: string;
        readonly header: readonly { key: string; value: string }[];
        readonly body?: { readonly raw: string };
      };
    }[];
  }[];
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly key?: string;
}

let gateway: SandboxGateway;
/** Of the app of one customer, and of the service for all of a group. */
let token: string;
let serviceToken: string;
let operations: { method: string; path: string; operation: Documented }[];
beforeAll(async () => {
  gateway = await SandboxGateway.start();
  token = await gateway.token();
  serviceToken = await gateway.token({ client: 'billing-service' });
  const { paths } = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Documented>>;
  };
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) =>
      // The routes of customer links are none of Octane's.
      operation.security.length > 0 && !path.includes('/users')
        ? [{ method: method.toUpperCase(), path, operation }]
        : [],
    ),
  );
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.control('POST', '/reset'));

let keys = 0;

async function call({
  method,
  path,
  body,
  key = `key-${(keys += 1)}`,
}: Call): Promise<{ status: number; json: any }> {
  const response = await fetch(`${gateway.url}${path.replace('{custno}', '700123')}`, {
    method,
    headers: {
      // What names no customer is for callers that may act for everybody.
      authorization: `Bearer ${path.includes('/customers/') ? token : serviceToken}`,
      'idempotency-key': key,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
}

const hits = async (): Promise<{ path: string; body: any }[]> => gateway.control('GET', '/requests');
const payment = (more: object = {}): Call => ({
  method: 'POST',
  path: '/v1/customers/me/payments',
  body: {
    paymentTokenId: 'token-1',
    amount: 49.95,
    comment: 'Paid',
    receiptEmail: 'alex@example.com',
    ...more,
  },
});

/** The examples of the document. */
function examplesOf({ method, path, operation }: (typeof operations)[number]): Call[] {
  const { examples } = operation.requestBody?.content['application/json'] ?? {};
  const filled = path.replace('{lineseqno}', '1');
  if (!examples) return [{ method, path: filled }];
  return Object.values(examples).map(({ value }) => ({ method, path: filled, body: value }));
}

it('opens what is publicly known, and no more', () => {
  expect(operations.map(({ operation }) => operation.operationId)).toEqual([
    'setDirectDebit',
    'sendWelcomeEmail',
    'payment',
    'paymentMethod',
    'customerUpdate',
    'serviceQualification',
    'dataPool',
    'dataLimit',
    'dataPoolTransfer',
    'dataPoolDisconnect',
    'esimDetails',
  ]);
});

it('each request that is shipped for editors and for Postman gets a 2xx', async () => {
  const collection = JSON.parse(
    await readFile('docs/requests/octane-bff.postman_collection.json', 'utf8'),
  ) as Collection;
  const values: Record<string, string> = {
    ...Object.fromEntries(collection.variable.map(({ key, value }) => [key, value])),
    api: gateway.url,
    token,
    serviceToken,
    issuer: gateway.sandbox.identityProvider.issuer,
  };
  const filled = (text: string): string =>
    text.replaceAll(/\{\{(\$?\w+)\}\}/g, (_, name: string) =>
      name === '$guid' ? randomUUID() : values[name]!,
    );
  const requests = collection.item.flatMap(({ item }) => item);
  const http = await readFile('docs/requests/octane-bff.http', 'utf8');
  const answers: unknown[] = [];
  for (const { name, request } of requests) {
    expect(http).toContain(`### ${name}\n${request.method} ${request.url}\n`);
    const headers = request.header.map(({ key, value }): [string, string] => [key, filled(value)]);
    const { method, url, body } = request;
    const response = await fetch(filled(url), { method, headers, ...(body && { body: body.raw }) });
    if (!response.ok) answers.push([name, response.status, await response.text()]);
  }
  expect(requests.length).toBeGreaterThan(operations.length);
  expect(answers).toEqual([]);
});

it('each example of the document gets a 2xx', async () => {
  const answers = await Promise.all(
    operations.flatMap((operation) =>
      examplesOf(operation).map(async (example) => [operation.path, (await call(example)).status] as const),
    ),
  );
  expect(answers.length).toBeGreaterThanOrEqual(operations.length);
  expect(answers.filter(([, status]) => status >= 300)).toEqual([]);
});

it('each operation fails on command, by its name in the operations file', async () => {
  for (const name of Object.keys(await gateway.control<object>('GET', '/fault'))) {
    await gateway.control('PUT', '/fault', { kind: 'status', status: 404, operation: name });
  }
  const statuses = await Promise.all(
    operations.map(async (operation) => (await call(examplesOf(operation)[0]!)).status),
  );
  expect(new Set(statuses)).toEqual(new Set([404]));
});

describe('a payment', () => {
  it('has its type and its duplicates set by the gateway', async () => {
    expect((await call(payment())).status).toBe(204);
    expect((await hits())[0]).toMatchObject({
      path: '/tiab/api/v1/group/1001/customer/700123/transaction/payment/',
      body: { transactionType: 'P', allowDuplicates: false, amount: 49.95 },
    });
  });

  it('is taken once, however often it is asked for with its key', async () => {
    for (let time = 0; time < 3; time += 1)
      expect((await call({ ...payment(), key: 'one-payment' })).status).toBe(204);
    expect(await gateway.control('GET', '/payments')).toHaveLength(1);
  });

  it.each([
    ['nothing', { amount: 0 }, 'range'],
    ['more than the cap', { amount: 5000.01 }, 'range'],
    ['a part of a cent', { amount: 49.955 }, 'precision'],
    ['a type of its own', { transactionType: 'P' }, 'unknown_property'],
    ['leave to take it twice', { allowDuplicates: true }, 'unknown_property'],
    ['no receipt', { receiptEmail: undefined }, 'required'],
  ])('is not taken with %s', async (_case, more, code) => {
    const { status, json } = await call(payment(more));
    expect([status, json.errors.map((error: { code: string }) => error.code)]).toEqual([422, [code]]);
    expect(await hits()).toEqual([]);
  });

  it('is not taken without a key', async () => {
    const response = await fetch(`${gateway.url}/v1/customers/me/payments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(payment().body),
    });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { code: 'idempotency-key-required' },
    ]);
  });

  it('that is declined is refused, and that stands for its key', async () => {
    const declined = { ...payment({ paymentTokenId: 'declined-1' }), key: 'declined' };
    const refused = { code: 'octane-rejected', outcome: 'rejected', retryable: false };
    expect(await call(declined)).toMatchObject({ status: 422, json: refused });
    expect(await call(declined)).toMatchObject({ status: 422, json: refused });
    expect(await hits()).toHaveLength(1);
    expect(await gateway.control('GET', '/payments')).toEqual([]);
  });

  it('says what to do when nobody knows whether it was taken', async () => {
    await gateway.control('PUT', '/fault', { kind: 'reset', applied: true, operation: 'payment' });
    const { status, json } = await call(payment());
    expect([status, json]).toMatchObject([502, { outcome: 'unknown', retryable: false }]);
    expect(json.detail).toContain("Look at the customer's transactions before it is sent again.");
    expect(await gateway.control('GET', '/payments')).toHaveLength(1);
  });

  it('can be taken ten times an hour', async () => {
    const custno = '700126';
    const other = await gateway.token({ custno });
    const statuses: number[] = [];
    for (let time = 0; time < 11; time += 1) {
      const response = await fetch(`${gateway.url}/v1/customers/me/payments`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${other}`,
          'content-type': 'application/json',
          'idempotency-key': `of-${custno}-${time}`,
        },
        body: JSON.stringify(payment().body),
      });
      statuses.push(response.status);
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 204), 429]);
  });
});

describe('a customer', () => {
  const update = (body: object): Call => ({ method: 'PATCH', path: '/v1/customers/me', body });

  it('changes his address and how he is reached', async () => {
    const body = {
      address: { suburb: 'Hobart' },
      contactMedium: [{ contactType: 'PHONE', contactDestination: '0491570156' }],
      authorisedPerson: { authEmail: 'billie@example.com' },
    };
    expect((await call(update(body))).status).toBe(204);
    const [customer] = await gateway.control<object[]>('GET', '/customers');
    expect(customer).toMatchObject({ custno: 700123, customerStatus: 'ACT', ...body });
  });

  it.each([
    { customerStatus: 'ACT' },
    { notes: 'Pays late' },
    { creditProfile: {} },
    { customerAgreement: { planNo: 1 } },
    { settings: { portalAccess: true } },
    { relatedParty: [] },
    { customerIdentity: { customerSurname: 'Else' } },
    { authorisedPerson: { authName: 'Somebody else' } },
    { authorisedPerson: { highRisk: false } },
  ])('cannot send %j', async (body) => {
    const { status, json } = await call(update({ address: { suburb: 'Hobart' }, ...body }));
    expect([status, json.errors]).toMatchObject([422, [{ code: 'unknown_property' }]]);
    expect(await hits()).toEqual([]);
  });
});

describe('a data pool', () => {
  it('is asked for by the customer of the token', async () => {
    expect(await call({ method: 'GET', path: '/v1/customers/me/services/1/data-pool' })).toMatchObject({
      status: 200,
      json: { provider: { memberId: 7001231, dataUsage: '12.5 GB' } },
    });
    expect((await hits())[0]!.path).toBe('/tiab/api/v1/datapool?custno=700123&lineseqno=1');
  });

  it.each(['custno=700124', 'lineseqno=2'])('has no query of the app: %s', async (query) => {
    const path = `/v1/customers/me/services/1/data-pool?${query}`;
    expect((await call({ method: 'GET', path })).status).toBe(400);
  });

  it('that is none is a refusal', async () => {
    expect(await call({ method: 'GET', path: '/v1/customers/me/services/9/data-pool' })).toMatchObject({
      status: 422,
      json: { code: 'octane-rejected' },
    });
  });

  it('has limits for services of this customer, whatever the app says', async () => {
    const limited = (service: object): Call => ({
      method: 'POST',
      path: '/v1/customers/me/data-limits',
      body: { consumerServices: [{ lineSeqNo: 1, dataLimit: 1 }, service] },
    });
    expect((await call(limited({ lineSeqNo: 2, dataLimit: 2 }))).status).toBe(200);
    expect((await hits())[0]!.body.consumerServices).toMatchObject([{ custNo: 700123 }, { custNo: 700123 }]);
    expect(await call(limited({ custNo: 700124, lineSeqNo: 1, dataLimit: 1 }))).toMatchObject({
      status: 422,
      json: { errors: [{ pointer: '#/consumerServices/1/custNo', code: 'unknown_property' }] },
    });
    expect(await call(limited({ lineSeqNo: 9, dataLimit: 1 }))).toMatchObject({
      status: 422,
      json: { code: 'octane-rejected' },
    });
  });
});

describe('what belongs to no customer', () => {
  it.each(['/v1/esim-details', '/v1/service-qualifications'])(
    'is not for an app of customers: %s',
    async (path) => {
      const response = await fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{}',
      });
      expect([response.status, await response.json()]).toMatchObject([
        403,
        { code: 'customer-not-permitted' },
      ]);
    },
  );

  it('no QR code of an eSIM can be asked for', async () => {
    const body = { msn: '0491570156', requestType: 'QR Code' };
    const { status, json } = await call({ method: 'POST', path: '/v1/esim-details', body });
    expect([status, json.errors]).toMatchObject([
      422,
      [{ pointer: '#/requestType', code: 'unknown_property' }],
    ]);
  });

  it('an eSIM that is none is a refusal', async () => {
    const body = { msn: '0491570000' };
    expect(await call({ method: 'POST', path: '/v1/esim-details', body })).toMatchObject({
      status: 422,
      json: { code: 'octane-rejected' },
    });
  });

  it('a place is qualified', async () => {
    const body = { productSelection: 'nbn', locationId: 'LOC000000000001' };
    expect(await call({ method: 'POST', path: '/v1/service-qualifications', body })).toMatchObject({
      status: 200,
      json: { success: true, response: { product: { productResult: 'PASS' } } },
    });
  });
});
