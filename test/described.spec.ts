import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer, Call } from './support/gateway.ts';

/** As Apidog exports pages: one operation each, in 3.0.1 with habits of 3.1, and a security that means nothing. */
const PAYMENT = `
openapi: 3.0.1
info: { title: '', description: '', version: 1.0.0 }
tags: [{ name: Payments }]
paths:
  /v1/group/{groupno}/customer/{custno}/transaction/payment/:
    post:
      summary: Make Payment
      deprecated: false
      description: "Takes a payment.\\n\\n:::tip[]\\nSee <Accordion title='x'>[here](javascript:alert(1))</Accordion>\\n:::"
      tags: [Payments, Payments]
      x-apidog-folder: Payments
      x-run-in-apidog: https://app.apidog.com/web/project/1/apis/api-5033269-run
      parameters:
        - { name: ' groupno ', in: path, required: true, schema: { type: string } }
        - { name: custno, in: path, required: true, schema: { type: integer } }
        - { name: Accept, in: header, required: true, schema: { type: string } }
      requestBody:
        content:
          application/json; charset=utf-8:
            schema: { $ref: '#/components/schemas/Make%20Payment' }
            example: { transactionType: P, amount: 20, comment: OFF, details: { custNo: '700123' } }
      responses:
        '200': { description: OK, content: { application/json: { schema: { type: object, properties: {} } } } }
      security: []
components:
  schemas:
    Make Payment:
      type: object
      properties:
        transactionType: { type: string, enum: [P], x-apidog-enum: [{ value: P, name: Payment }] }
        ' amount ': { type: number, format: double, examples: [20] }
        comment: { $ref: '#/components/schemas/Comment', description: Beside a reference. }
        details:
          type: object
          properties: { custNo: { type: string }, type: { type: string }, $ref: { type: string } }
        secret: { type: string, readOnly: true }
      required: [transactionType, ' amount']
      x-apidog-orders: [transactionType, amount]
    Comment: { type: string, enum: [OFF, NO, Y, 2024-01-31], nullable: true }
  securitySchemes: { bearer: { type: bearer } }
servers: []
security: [{ bearer: [], x-apidog: { schemeGroups: [] } }]
`;

/** One whole document, with shared parts and anchors. */
const WHOLE = `
openapi: 3.1.0
info: { title: Octane, version: '1' }
servers: [{ url: 'https://evil.example.com/other' }]
paths:
  /v1/datapool:
    get:
      summary: Get Data Pool
      tags: [Data pools]
      parameters: &pool
        - { name: custno, in: query, required: true, schema: { type: integer } }
        - { name: lineseqno, in: query, required: true, schema: { type: integer } }
        - $ref: '#/components/parameters/tags'
      responses:
        2XX: { $ref: '#/components/responses/Pool' }
        '204': { description: Nothing }
  /v1/datapool/disconnect:
    post:
      summary: Disconnect
      requestBody: { $ref: '#/components/requestBodies/Lines' }
      responses:
        '200': { description: Done, content: { 'application/vnd.octane+json': { schema: { type: object, properties: { orderId: { type: integer } } } } } }
  /v1/group/{groupno}/customer/{custno}/services:
    parameters:
      - { name: groupno, in: path, required: true, schema: { type: string } }
      - { name: custno, in: path, required: true, schema: { type: integer } }
    get:
      summary: List Services
      responses:
        '200':
          description: Services
          content:
            '*/*':
              schema:
                type: object
                properties:
                  services: { type: array, items: { type: object, properties: { lineSeqNo: { type: integer }, msn: { type: string } } } }
  /v1/mobile/{msn}.{format}/{ part }:
    get:
      summary: Get Details
      parameters:
        - { name: msn, in: path, required: true, schema: { type: string } }
        - { name: format, in: path, required: true, schema: { type: string } }
        - { name: part, in: path, required: true, schema: { type: string } }
      responses: { '200': { description: Details } }
    post:
      summary: Reset
      parameters:
        - { name: msn, in: path, required: true, schema: { type: string } }
        - { name: format, in: path, required: true, schema: { type: string } }
        - { name: part, in: path, required: true, schema: { type: string } }
      responses: { '200': { description: Reset } }
  /v1/qualification/check:
    $ref: '#/components/pathItems/Check'
components:
  parameters:
    tags: { name: tag, in: query, schema: { $ref: '#/components/schemas/Tags' } }
  schemas:
    Tags: { type: array, items: { $ref: '#/components/schemas/Tag' } }
    Tag: { type: string, maxLength: 3, description: A <i>tag</i>. }
  pathItems:
    Check:
      get:
        summary: Check
        parameters: [{ name: locationId, in: query, schema: { type: string } }]
        responses: { '200': { description: Result } }
  requestBodies:
    Lines:
      content:
        application/json:
          schema:
            type: object
            properties:
              consumerServices:
                type: array
                minItems: 1
                items:
                  type: object
                  properties: { custNo: { type: integer }, lineSeqNo: { type: integer } }
                  required: [custNo, lineSeqNo]
              reason: { type: object, properties: { code: { type: string }, note: { type: string } }, required: [code] }
            required: [consumerServices]
  responses:
    Pool:
      description: The pool
      content:
        application/json;charset=UTF-8:
          schema:
            type: object
            properties:
              provider: { type: object, properties: { dataUsage: { type: string }, size: { type: number } } }
`;

const OPERATIONS = `
documents: [octane/]
operations:
  - name: welcome-email
    maxAuthAgeSeconds: 3600
  - name: payment
    octane: POST /v1/group/{groupno}/customer/{custno}/transaction/payment/
    route: POST /v1/customers/{custno}/payments
    scope: payment:take
    effect: change
    repeat: once
    fixed: { /transactionType: P, /details/type: card }
    body: { properties: { amount: { exclusiveMinimum: 0, maximum: 5000 }, comment: { maxLength: 20 } } }
    decimals: { /amount: 2 }
    limit: 1000/hour
    failure: &no [{ at: /errorCode, unless: [0] }, { at: /success, is: [false, 'false'] }]
    answer: none
    inDoubt: Look at the customer's transactions before it is sent again.
  - name: data-pool
    octane: GET /v1/datapool
    route: GET /v1/customers/{custno}/services/{lineseqno}/data-pool
    customer: { query: custno }
    scope: data-pool:read
    effect: read
    failure: *no
    cache: 60s
  - name: services
    octane: GET /v1/group/{groupno}/customer/{custno}/services
    route: GET /v1/customers/{custno}/services
    scope: services:read
    effect: read
  - name: disconnect
    octane: POST /v1/datapool/disconnect
    route: POST /v1/customers/{custno}/disconnections
    customer: { body: /consumerServices/*/custNo }
    ownedBy: { read: services, at: /services/*/lineSeqNo, is: /consumerServices/*/lineSeqNo }
    fixed: { /reason/code: APP }
    scope: data-pool:disconnect
    effect: change
    repeat: harmless
  - name: details
    octane: GET /v1/mobile/{msn}.{format}/{part}
    route: GET /v1/customers/{custno}/mobiles/{msn}/{part}
    fixed: { /path/format: json }
    ownedBy: { read: services, at: /services/*/msn, is: msn }
    scope: mobile:read
    effect: read
    answer: as-is
  - name: reset
    octane: POST /v1/mobile/{msn}.{format}/{part}
    route: POST /v1/mobiles/{msn}/{format}/{part}
    customers: none
    scope: mobile:reset
    effect: change
    key: optional
  - name: latest
    octane: GET /v1/qualification/check
    route: GET /v1/customers/{custno}/services/latest/data-pool
    ownedBy: { read: services, at: /services/*/msn, is: locationId }
    scope: check:read
    effect: read
    answer: as-is
    tag: Checks
    summary: The latest <b>check</b>
    description: "Tells the latest check. <script>alert(1)</script>"
`;

const SCOPES =
  'payment:take data-pool:read services:read data-pool:disconnect mobile:read mobile:reset check:read welcome-email:send';
const CUSTOMER = '/v1/customers/700123';

let gateway: TestGateway;
let document: any;
beforeAll(async () => {
  gateway = await TestGateway.start({
    files: {
      'operations.yaml': OPERATIONS,
      'octane/payment.yaml': PAYMENT,
      'octane/whole.yml': `\uFEFF${WHOLE}`,
    },
  });
  document = (await gateway.call({ method: 'GET', path: '/openapi.json' })).json;
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.octane.reset());

const answers = (bodies: Record<string, unknown>, status = 200): void => {
  gateway.octane.script = ({ path }, response) => {
    const [, body] = Object.entries(bodies).find(([part]) => path.includes(part)) ?? [];
    const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
    response.writeHead(status, { 'content-type': 'application/json' }).end(status === 204 ? undefined : text);
  };
};
let keys = 0;
const call = async ({ headers, ...rest }: Partial<Call>): Promise<Answer> =>
  gateway.call({
    path: CUSTOMER,
    token: await gateway.issuer.token({ claims: { scope: SCOPES } }),
    headers: { 'idempotency-key': `described-${(keys += 1)}`, ...headers },
    ...rest,
  });
const get = (path: string, rest: Partial<Call> = {}): Promise<Answer> =>
  call({ method: 'GET', path: `${CUSTOMER}${path}`, ...rest });
const pay = (body: unknown, rest: Partial<Call> = {}): Promise<Answer> =>
  call({ path: `${CUSTOMER}/payments`, body, ...rest });
const asService = async (): Promise<string> =>
  gateway.issuer.token({ claims: { client_id: 'billing-service', custno: undefined, scope: SCOPES } });
const sent = () =>
  gateway.octane.hits.map(({ method, path, body }) =>
    `${method} ${path.slice('/tiab/api'.length)} ${body}`.trim(),
  );

describe('a change that a document describes', () => {
  it('reaches Octane with what was checked and what the file sets', async () => {
    const answer = await pay({ amount: 20.5, comment: '2024-01-31', details: { custNo: 'x', $ref: 'y' } });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(gateway.octane.hits).toHaveLength(1);
    const [{ path, body, headers }] = gateway.octane.hits as [(typeof gateway.octane.hits)[0]];
    expect(path).toBe('/tiab/api/v1/group/1001/customer/700123/transaction/payment/');
    expect(JSON.parse(body)).toEqual({
      transactionType: 'P',
      amount: 20.5,
      comment: '2024-01-31',
      details: { custNo: 'x', $ref: 'y', type: 'card' },
    });
    expect(headers['authorization']).toMatch(/^Basic /);
  });

  it('has objects made for what the file sets inside, and nulls where the document allows them', async () => {
    expect((await pay({ amount: 1, comment: null })).status).toBe(204);
    expect(JSON.parse(gateway.octane.hits[0]!.body)).toEqual({
      transactionType: 'P',
      amount: 1,
      comment: null,
      details: { type: 'card' },
    });
  });

  it.each<[unknown, readonly [string, string][]]>([
    [{}, [['#/amount', 'required']]],
    [
      { amount: 0, comment: 'Yes', tip: 1 },
      [
        ['#/amount', 'range'],
        ['#/comment', 'enum'],
        ['#/tip', 'unknown_property'],
      ],
    ],
    [{ amount: 1.234 }, [['#/amount', 'precision']]],
    [{ amount: '1' }, [['#/amount', 'type']]],
    [{ amount: 1, transactionType: 'P' }, [['#/transactionType', 'unknown_property']]],
    [{ amount: 1, secret: 'x' }, [['#/secret', 'read_only']]],
    [{ amount: 1, details: { type: 'x' } }, [['#/details/type', 'unknown_property']]],
    [[], [['#', 'type']]],
  ])('refuses %j with all that it breaks', async (body, broken) => {
    const answer = await pay(body);
    expectProblem(answer, 422, 'validation-failed', { errors: expect.anything() });
    const found = (answer.json.errors as { pointer: string; code: string }[]).map(({ pointer, code }) => [
      pointer,
      code,
    ]);
    expect(new Set(found)).toEqual(new Set(broken));
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('needs a key, and is made once for it; its own words stand where nobody knows', async () => {
    const headers = { 'idempotency-key': 'payment' };
    expectProblem(
      await gateway.call({
        path: `${CUSTOMER}/payments`,
        token: await gateway.issuer.token({ claims: { scope: SCOPES } }),
        body: { amount: 1 },
      }),
      400,
      'idempotency-key-required',
    );
    expect((await pay({ amount: 1 }, { headers })).status).toBe(204);
    const again = await pay({ amount: 1.0 }, { headers });
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([204, 'true']);
    expect(gateway.octane.hits).toHaveLength(1);
    answers({}, 500);
    const answer = await pay({ amount: 1 });
    expectProblem(answer, 502, 'octane-error', { outcome: 'unknown', retryable: false });
    expect(answer.json.detail).toContain("Look at the customer's transactions before it is sent again.");
  });

  it.each([{ errorCode: 5 }, { errorCode: 0, success: 'false' }, { success: false }])(
    'is refused by a 2xx that says no: %j',
    async (body) => {
      answers({ payment: body });
      expectProblem(await pay({ amount: 1 }), 422, 'octane-rejected', {
        outcome: 'rejected',
        retryable: false,
      });
    },
  );

  it.each(['', 'no JSON', '{"errorCode": 0}', '{}'])('is a success by any other 2xx: %j', async (body) => {
    answers({ payment: body }, 201);
    expect((await pay({ amount: 1 })).status).toBe(204);
  });

  it('answers Octane’s 404 with resource-not-found', async () => {
    answers({}, 404);
    expectProblem(await pay({ amount: 1 }), 404, 'resource-not-found', {
      outcome: 'rejected',
      retryable: false,
    });
  });
});

describe('a customer in a body', () => {
  const disconnect = (lines: readonly number[], rest: object = {}): Promise<Answer> =>
    call({
      path: `${CUSTOMER}/disconnections`,
      body: { consumerServices: lines.map((lineSeqNo) => ({ lineSeqNo })), ...rest },
    });

  it('is set in every element, as Octane’s kind of number, where all that is named is his', async () => {
    answers({
      services: { services: [{ lineSeqNo: 1 }, { lineSeqNo: 2 }] },
      disconnect: { orderId: 9, more: 1 },
    });
    const answer = await disconnect([1, 2], { reason: { note: 'x' } });
    expect([answer.status, answer.json, answer.headers['content-type']]).toEqual([
      200,
      { orderId: 9 },
      'application/json; charset=utf-8',
    ]);
    expect(sent()[0]).toBe('GET /v1/group/1001/customer/700123/services');
    expect(JSON.parse(gateway.octane.hits[1]!.body)).toEqual({
      consumerServices: [
        { lineSeqNo: 1, custNo: 700123 },
        { lineSeqNo: 2, custNo: 700123 },
      ],
      reason: { note: 'x', code: 'APP' },
    });
  });

  it('is not asked for with what is somebody else’s', async () => {
    answers({ services: { services: [{ lineSeqNo: 1 }] } });
    expectProblem(await disconnect([1, 3]), 404, 'resource-not-found', {
      outcome: 'not-sent',
      retryable: false,
    });
    expect(sent()).toEqual(['GET /v1/group/1001/customer/700123/services']);
    const foreign = { consumerServices: [{ lineSeqNo: 1, custNo: 700124 }] };
    expectProblem(
      await call({ path: `${CUSTOMER}/disconnections`, body: foreign }),
      422,
      'validation-failed',
      {
        errors: [
          expect.objectContaining({ pointer: '#/consumerServices/0/custNo', code: 'unknown_property' }),
        ],
      },
    );
  });
});

describe('a read that a document describes', () => {
  const pool = { provider: { dataUsage: '1 GB', size: 1, hidden: 1 }, hidden: 1 };

  it('has the customer where Octane wants him, and parameters as they were sent', async () => {
    answers({ datapool: pool });
    const answer = await get('/services/7/data-pool?tag=a&tag=b%26c');
    expect([answer.status, answer.json]).toEqual([200, { provider: { dataUsage: '1 GB', size: 1 } }]);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['x-cache']).toBe('miss');
    expect(sent()).toEqual(['GET /v1/datapool?custno=700123&lineseqno=7&tag=a&tag=b%26c']);
    const again = await get('/services/7/data-pool?tag=a&tag=b%26c');
    expect([again.json, again.headers['x-cache']]).toEqual([answer.json, 'hit']);
    expect(gateway.octane.hits).toHaveLength(1);
  });

  it.each<[string, string, string]>([
    ['/services/seven/data-pool', 'lineseqno', 'type'],
    ['/services/7.5/data-pool', 'lineseqno', 'type'],
    ['/services/7/data-pool?tag=long', 'tag', 'length'],
  ])('refuses %s by its parameter', async (path, parameter, code) => {
    expectProblem(await get(path), 422, 'validation-failed', {
      errors: [{ parameter, code, detail: expect.any(String) }],
    });
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it.each(['?custno=700124', '?groupno=2002', '?lineseqno=8', '?more=1'])(
    'refuses the query %s',
    async (query) => {
      expectProblem(await get(`/services/7/data-pool${query}`), 400, 'invalid-request');
      expect(gateway.octane.hits).toHaveLength(0);
    },
  );

  it.each([
    ['{"provider":{"size":12345678901234567890.1}}', 200, '{"provider":{"size":12345678901234567890.1}}'],
    ['{"provider":{"size":1,"dataUsage":null}}', 200, '{"provider":{"size":1}}'],
    ['{"provider":{"size":"1"}}', 502, 'octane-contract-violation'],
    ['no JSON', 502, 'octane-contract-violation'],
  ])('answers %s with %d', async (body, status, text) => {
    answers({ datapool: body });
    const answer = await get(`/services/${(keys += 1)}/data-pool`);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(text);
  });

  it('answers a documented 2xx without a body with 204', async () => {
    answers({}, 204);
    const answer = await get(`/services/${(keys += 1)}/data-pool`);
    expect([answer.status, answer.text]).toEqual([204, '']);
  });

  it('passes on what nobody has described, where the file says so', async () => {
    const text = '{"__proto__": {"a": 1}, "then": [1.0], "constructor": null}';
    answers({ services: { services: [{ msn: '0491' }] }, mobile: text });
    const answer = await get('/mobiles/0491/a%2F..%2Fb');
    expect([answer.status, answer.text]).toEqual([200, text]);
    expect(sent()[1]).toBe('GET /v1/mobile/0491.json/a%2F..%2Fb');
  });

  it('has a fixed segment of its route before a parameter', async () => {
    answers({ services: { services: [{ msn: 'x' }] }, qualification: { a: 1 } });
    expect((await get('/services/latest/data-pool?locationId=x')).json).toEqual({ a: 1 });
    expect(sent()[1]).toBe('GET /v1/qualification/check?locationId=x');
    expectProblem(await get('/services/latest/data-pool'), 404, 'resource-not-found', { retryable: false });
  });
});

describe('what belongs to no customer', () => {
  it('is for callers that may act for every customer', async () => {
    expectProblem(await call({ path: '/v1/mobiles/0491/json/x' }), 403, 'customer-not-permitted');
    const answer = await call({ path: '/v1/mobiles/0491/json/x', token: await asService() });
    expect(answer.status).toBe(204);
    expect(sent()).toEqual(['POST /v1/mobile/0491.json/x']);
  });

  it.each<[string, string]>([
    ['/v1/mobiles/0491/json/..', 'part'],
    ['/v1/mobiles/0491/json/%2e%2E', 'part'],
    ['/v1/mobiles/0491/json/.', 'part'],
  ])('reaches no other path of Octane: %s', async (path, parameter) => {
    const answer = await call({ path, token: await asService() });
    expect([answer.status, answer.json.errors?.[0]?.parameter ?? parameter]).toEqual([
      answer.status === 404 ? 404 : 422,
      parameter,
    ]);
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('takes what the welcome email takes, where Octane has no body', async () => {
    const token = await asService();
    const path = '/v1/mobiles/0491/json/x';
    for (const body of [undefined, '', {}]) expect((await call({ path, token, body })).status).toBe(204);
    expectProblem(await call({ path, token, body: { a: 1 } }), 422, 'validation-failed', {
      errors: [expect.objectContaining({ pointer: '#/a', code: 'unknown_property' })],
    });
    expectProblem(await call({ path, token, body: [] }), 422, 'validation-failed', {
      errors: [expect.objectContaining({ pointer: '#', code: 'type' })],
    });
  });
});

it('an operation in code may ask for a login of some age', async () => {
  const send = async (claims: object): Promise<Answer> =>
    gateway.sendWelcomeEmail({ token: await gateway.issuer.token({ claims: { scope: SCOPES, ...claims } }) });
  expectProblem(await send({}), 401, 'insufficient-user-authentication');
  expect((await send({ auth_time: Math.floor(Date.now() / 1000) - 60 })).status).toBe(204);
});

describe('the OpenAPI document', () => {
  it('has the open operations, and tells of no other', async () => {
    const ids = Object.values<any>(document.paths).flatMap((path) =>
      Object.values<any>(path).map(({ operationId }) => operationId as string),
    );
    expect(ids).toEqual(
      expect.arrayContaining([
        'payment',
        'dataPool',
        'services',
        'disconnect',
        'details',
        'reset',
        'latest',
        'sendWelcomeEmail',
      ]),
    );
    expect(ids).not.toContain('setDirectDebit');
    const problems = await gateway.call({ method: 'GET', path: '/problems' });
    expect(`${JSON.stringify(document)}${problems.text}`.match(/.{20}direct.?debit/i)).toBeNull();
    expectProblem(await gateway.call({ path: `${CUSTOMER}/direct-debit` }), 404, 'not-found');
  });

  it('has nothing of Octane’s paths and hosts, of extensions, and of markup that runs', () => {
    const text = JSON.stringify(document);
    const hidden = [
      '/v1/group',
      '/v1/mobile/',
      '/v1/datapool',
      'evil.example',
      'x-apidog',
      'x-run',
      'x-octane',
    ];
    const markup = ['<script', '<Accordion', '<b>', ']('];
    expect([...hidden, ...markup].filter((part) => text.includes(part))).toEqual([]);
    expect(document.paths['/v1/customers/{custno}/payments'].post).toMatchObject({
      summary: 'Make Payment',
      tags: ['Payments'],
      security: expect.arrayContaining([{ accessToken: ['payment:take'] }]),
    });
    const { get: latest } = document.paths['/v1/customers/{custno}/services/latest/data-pool'];
    expect([latest.tags, latest.summary]).toEqual([['Checks'], 'The latest ‹b>check‹/b>']);
  });

  it('refers to nothing that it has not', () => {
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g);
    const loose = [...references].filter(
      ([, kind, name]) => document.components[kind!]?.[name!] === undefined,
    );
    expect(loose.map(([reference]) => reference)).toEqual([]);
    expect(
      document.paths['/v1/customers/{custno}/services/{lineseqno}/data-pool'].get.parameters,
    ).toContainEqual(
      expect.objectContaining({
        name: 'tag',
        in: 'query',
        schema: { $ref: '#/components/schemas/whole.Tags' },
      }),
    );
    expect(document.components.schemas['whole.Tag'].description).toBe('A &lt;i>tag&lt;/i>.');
  });

  it('describes what an app may send, and names its components by what every tool takes', async () => {
    const schema = document.components.schemas['PaymentBody'];
    const names = JSON.stringify(schema);
    expect(names).not.toContain('transactionType');
    for (const name of Object.keys(document.components.schemas)) expect(name).toMatch(/^[A-Za-z0-9._-]+$/);
    const { examples } =
      document.paths['/v1/customers/{custno}/payments'].post.requestBody.content['application/json'];
    expect(examples.example.value).toEqual({ amount: 20, comment: 'OFF', details: { custNo: '700123' } });
    expect((await pay(examples.example.value)).status).toBe(204);
  });
});

it('the log tells of a read whose it is', async () => {
  answers({ services: {} });
  await get('/services', { headers: { 'x-request-id': 'a-described-read' } });
  const line = await eventually(() =>
    gateway.log.find((each) => each.includes('"a-described-read"') && each.includes('request completed')),
  );
  expect(JSON.parse(line)).toMatchObject({
    audit: true,
    operation: 'services',
    custno: '700123',
    route: '/v1/customers/:custno/services',
  });
});
