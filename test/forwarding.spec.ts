import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { inspect } from 'node:util';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { HttpService } from '@nestjs/axios';
import type { AxiosResponse } from 'axios';
import fc from 'fast-check';
import { firstValueFrom } from 'rxjs';
import { TransportFailure } from '../src/outbound/exchange.ts';
import { packageVersion } from '../src/telemetry/metrics.ts';
import { brokenDirectDebit, validDirectDebit } from './support/direct-debit-arbitraries.ts';
import { expectAnswerHeaders, expectProblem } from './support/expect-problem.ts';
import { CREDENTIALS, TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import { RawConnection, requestText } from './support/raw-connection.ts';
import type { Hit } from './support/scripted-octane.ts';

const SPECIAL_DIRECT_DEBIT = {
  directDebitType: 'SPECIAL_DIRECT_DEBIT',
  ddNotificationFlag: 'N',
  ddPaymentDay: 'last Friday',
  ddSpecialPaymentPeriod: 'fn',
  ddSpecialPaymentMethod: 'SO',
  ddSpecialPaymentAmount: 49.95,
  ddSpecialDayOfWeek: 7,
  ddSpecialStartDate: '2027-03-01T00:00:00+11:00',
  ddSpecialRequiredCount: 12,
};

/** All that Octane is told beside the body. */
const HEADER_NAMES = [
  'accept',
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'host',
  'user-agent',
  'x-request-id',
];

const basicOf = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.octane.reset());

function theOnlyHit(): Hit {
  expect(gateway.octane.hits).toHaveLength(1);
  return gateway.octane.hits[0]!;
}

describe('the request to Octane', () => {
  it.each([VALID_DIRECT_DEBIT, SPECIAL_DIRECT_DEBIT])(
    'is the direct debit of the app: %j',
    async (directDebit) => {
      const answer = await gateway.setDirectDebit(directDebit);
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual({ directDebit });
      const { method, path, headers, rawHeaders, body } = theOnlyHit();
      expect({ method, path, body: JSON.parse(body) }).toEqual({
        method: 'POST',
        path: '/tiab/api/v1/group/1001/customer/700123/direct-debit',
        body: { directDebit },
      });
      expect(rawHeaders.filter((_, index) => index % 2 === 0).toSorted()).toEqual(HEADER_NAMES);
      expect(headers).toMatchObject({
        authorization: basicOf(CREDENTIALS.OCTANE_1001_USERNAME, CREDENTIALS.OCTANE_1001_PASSWORD),
        'content-type': 'application/json',
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': `octane-bff/${packageVersion()}`,
        'x-request-id': answer.headers['x-request-id'],
      });
    },
  );

  it('is an empty object for the welcome email', async () => {
    const answer = await gateway.sendWelcomeEmail();
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
    expectAnswerHeaders(answer);
    const { method, path, headers, body } = theOnlyHit();
    expect({ method, path, body }).toEqual({
      method: 'POST',
      path: '/tiab/api/v1/group/1001/customer/700123/send-welcome-email',
      body: '{}',
    });
    expect(Object.keys(headers).toSorted()).toEqual(HEADER_NAMES);
    expect(headers).toMatchObject({
      authorization: basicOf(CREDENTIALS.OCTANE_1001_USERNAME, CREDENTIALS.OCTANE_1001_PASSWORD),
      'content-type': 'application/json',
    });
  });

  it.each(['direct-debit', 'send-welcome-email'])(
    'has the group and credentials of the caller: %s',
    async (route) => {
      const token = await gateway.issuer.token({ claims: { client_id: 'other-group', custno: undefined } });
      const body = route === 'direct-debit' ? { directDebit: VALID_DIRECT_DEBIT } : undefined;
      await gateway.call({ path: `/v1/customers/4294967296/${route}`, token, body });
      const { path, headers } = theOnlyHit();
      expect(path).toBe(`/tiab/api/v1/group/2002/customer/4294967296/${route}`);
      expect(headers.authorization).toBe(
        basicOf(CREDENTIALS.OCTANE_2002_USERNAME, CREDENTIALS.OCTANE_2002_PASSWORD),
      );
    },
  );

  it('names the customer of the token for "me"', async () => {
    await gateway.sendWelcomeEmail({ path: '/v1/customers/me/send-welcome-email' });
    expect(theOnlyHit().path).toBe('/tiab/api/v1/group/1001/customer/700123/send-welcome-email');
  });

  it('holds nothing else of the request of the app', async () => {
    const answer = await gateway.setDirectDebit(VALID_DIRECT_DEBIT, {
      path: '/v1/customers/700123/direct-debit?groupno=2002&custno=1&access_token=canary',
      headers: {
        cookie: 'session=canary',
        forwarded: 'for=192.0.2.1;host=canary',
        'x-forwarded-for': '192.0.2.1',
        'x-forwarded-host': 'canary.example',
        'x-forwarded-proto': 'https',
        'x-real-ip': '192.0.2.1',
        'x-api-key': 'canary',
        'x-groupno': '2002',
        groupno: '2002',
        'x-http-method-override': 'DELETE',
        'proxy-authorization': 'Basic canary',
        'accept-language': 'canary',
        'user-agent': 'canary',
        referer: 'https://canary.example/',
        origin: 'https://canary.example',
        baggage: 'canary=1',
        b3: '80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1',
        via: '1.1 canary',
        'if-match': '"canary"',
        expect: '100-continue',
      },
    });
    expect(answer.status).toBe(200);
    const { path, headers, rawHeaders } = theOnlyHit();
    expect(path).toBe('/tiab/api/v1/group/1001/customer/700123/direct-debit');
    expect(Object.keys(headers).toSorted()).toEqual(HEADER_NAMES);
    expect(rawHeaders.join('\n')).not.toMatch(/canary|192\.0\.2\.1|2002/);
  });

  it('carries the request id of the app', async () => {
    const answer = await gateway.sendWelcomeEmail({ headers: { 'x-request-id': 'app-1.2_3' } });
    expect(answer.headers['x-request-id']).toBe('app-1.2_3');
    expect(theOnlyHit().headers['x-request-id']).toBe('app-1.2_3');
  });
});

describe('the HttpService', () => {
  let http: HttpService;
  beforeAll(() => {
    http = gateway.application.get(HttpService, { strict: false });
  });
  afterEach(() => {
    http.axiosRef.interceptors.request.clear();
    http.axiosRef.interceptors.response.clear();
  });

  it('runs interceptors: Octane gets the header of one, another sees the answer', async () => {
    const seen: unknown[] = [];
    http.axiosRef.interceptors.request.use(async (config) => {
      seen.push([config.method, config.url, config.data]);
      config.headers.set('X-Intercepted', 'yes').setUserAgent('intercepted');
      return config;
    });
    http.axiosRef.interceptors.response.use((response) => {
      seen.push([response.status, response.headers['x-answered'], JSON.parse(response.data)]);
      return response;
    });
    gateway.octane.script = (hit, response) => response.writeHead(200, { 'x-answered': 'yes' }).end(hit.body);
    expect((await gateway.setDirectDebit()).json).toEqual({ directDebit: VALID_DIRECT_DEBIT });
    const body = { directDebit: VALID_DIRECT_DEBIT };
    expect(seen).toEqual([
      ['post', '/v1/group/1001/customer/700123/direct-debit', JSON.stringify(body)],
      [200, 'yes', body],
    ]);
    expect(Object.keys(theOnlyHit().headers).toSorted()).toEqual(
      [...HEADER_NAMES, 'x-intercepted'].toSorted(),
    );
    expect(theOnlyHit().headers).toMatchObject({ 'x-intercepted': 'yes', 'user-agent': 'intercepted' });
  });

  it('shows nobody the credentials', async () => {
    const shown: string[] = [];
    const show = <T>(message: T): T => {
      shown.push(inspect(message, { depth: null, showHidden: true }));
      return message;
    };
    http.axiosRef.interceptors.request.use(show);
    http.axiosRef.interceptors.response.use(show);
    await gateway.setDirectDebit();
    expect(shown).toHaveLength(2);
    const { authorization } = theOnlyHit().headers;
    for (const secret of [authorization!.slice('Basic '.length), CREDENTIALS.OCTANE_1001_PASSWORD]) {
      expect(shown.join('\n')).not.toContain(secret);
    }
  });

  it('tells interceptors of a call that failed, which goes on as it was', async () => {
    const seen: unknown[] = [];
    http.axiosRef.interceptors.response.use(undefined, (error: unknown) => {
      seen.push(error);
      throw error;
    });
    gateway.octane.script = (_hit, _response, socket) => socket.resetAndDestroy();
    expectProblem(await gateway.sendWelcomeEmail(), 502, 'octane-error', {
      outcome: 'unknown',
      retryable: false,
    });
    expect(seen).toEqual([expect.any(TransportFailure)]);
  });

  it('sends nothing where an interceptor fails', async () => {
    http.axiosRef.interceptors.request.use(() => {
      throw new Error('an interceptor failed');
    });
    expect((await gateway.sendWelcomeEmail()).status).toBe(500);
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('lives with an answer whose headers are called as what its headers can do', async () => {
    const head = [
      'HTTP/1.1 204 No Content',
      'normalize: a',
      '__proto__: a',
      '__proto__: b',
      'X-Answered: yes',
    ];
    gateway.octane.script = (_hit, _response, socket) => socket.end(`${head.join('\r\n')}\r\n\r\n`);
    const answers: AxiosResponse[] = [];
    http.axiosRef.interceptors.response.use((response) => {
      answers.push(response);
      return response;
    });
    expect((await gateway.sendWelcomeEmail()).status).toBe(204);
    expect(answers.map(({ headers }) => Object.entries(headers))).toEqual([[['x-answered', 'yes']]]);
  });

  it('gives a request without a body no type of one', async () => {
    gateway.octane.script = (_hit, response) => response.writeHead(204).end();
    await http.axiosRef.post('/v1/ping');
    expect(theOnlyHit().headers).not.toHaveProperty('content-type');
  });

  it('asks Octane for whoever subscribes to its observable', async () => {
    gateway.octane.script = (_hit, response) => response.writeHead(418, { 'x-answered': 'yes' }).end();
    const asked = http.request({
      method: 'GET',
      url: '/v1/ping',
      params: { a: 'b c' },
      headers: { Accept: 'text/plain' },
    });
    const { status, headers } = await firstValueFrom(asked);
    expect({ status, answered: headers['x-answered'] }).toEqual({ status: 418, answered: 'yes' });
    const { method, path, rawHeaders } = theOnlyHit();
    expect({ method, path }).toEqual({ method: 'GET', path: '/tiab/api/v1/ping?a=b+c' });
    const host = new URL(gateway.octane.baseUrl).host;
    expect(rawHeaders).toEqual(['host', host, 'connection', 'keep-alive', 'accept', 'text/plain']);
  });
});

describe('trace context', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  it.each([
    { traceparent },
    { traceparent, tracestate: 'vendor=t61rcWkgMzE,other=00f067aa0ba902b7' },
    { traceparent: traceparent.replace(/01$/, '00') },
  ])('goes on when valid: %j', async (sent) => {
    await gateway.sendWelcomeEmail({ headers: sent });
    const { traceparent: parent, tracestate: state } = theOnlyHit().headers;
    expect({ parent, state }).toEqual({ parent: sent.traceparent, state: sent.tracestate });
  });

  it.each(['01', 'cc', 'fe'])('of the later version %s goes on as version 00', async (version) => {
    const later = traceparent.replace(/^00/, version);
    const tracestate = 'vendor=1';
    for (const sent of [later, `${later}-canary`]) {
      gateway.octane.reset();
      await gateway.sendWelcomeEmail({ headers: { traceparent: sent, tracestate } });
      expect(theOnlyHit().headers).toMatchObject({ traceparent, tracestate });
    }
  });

  it.each([
    ['without a traceparent', undefined],
    ['of zeros for a trace', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['of zeros for a parent', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
    ['in capitals', traceparent.toUpperCase()],
    ['of the forbidden version', traceparent.replace(/^00/, 'ff')],
    ['with more behind it', `${traceparent}-canary`],
    ['of a later version without a dash before more', `${traceparent.replace(/^00/, '01')}canary`],
    ['of the forbidden version with more behind it', `${traceparent.replace(/^00/, 'ff')}-canary`],
    ['cut off', traceparent.slice(0, -1)],
    ['of another making', 'canary'],
  ])('stays behind %s', async (_, invalid) => {
    const answer = await gateway.sendWelcomeEmail({
      headers: { ...(invalid !== undefined && { traceparent: invalid }), tracestate: 'vendor=1' },
    });
    expect(answer.status).toBe(204);
    expect(Object.keys(theOnlyHit().headers).toSorted()).toEqual(HEADER_NAMES);
  });

  it.each([
    ['too long', `a=${'b'.repeat(511)}`],
    ['not ASCII', 'vendor=é'],
  ])('goes on without a tracestate that is %s', async (_, tracestate) => {
    await gateway.sendWelcomeEmail({ headers: { traceparent, tracestate } });
    expect(theOnlyHit().headers).toMatchObject({ traceparent });
    expect(theOnlyHit().headers).not.toHaveProperty('tracestate');
  });
});

describe('values', () => {
  it.each([
    '2027-03-01T00:00:00Z',
    '2027-03-01T00:00:00+05:45',
    '2027-03-01T00:00:00-00:00',
    '2027-03-01T23:59:59.999999999-09:30',
    '2028-02-29T12:00:00.1+14:00',
  ])('the date %s reaches Octane as it is', async (ddSpecialStartDate) => {
    const answer = await gateway.setDirectDebit({ ...SPECIAL_DIRECT_DEBIT, ddSpecialStartDate });
    expect(answer.json.directDebit.ddSpecialStartDate).toBe(ddSpecialStartDate);
    expect(JSON.parse(theOnlyHit().body).directDebit.ddSpecialStartDate).toBe(ddSpecialStartDate);
  });

  it.each(['10.10', '0.1', '0.01', '1e2', '0.29', '1.15', '9999999.99'])(
    'the amount %s reaches Octane with its value',
    async (amount) => {
      const text = JSON.stringify({ directDebit: SPECIAL_DIRECT_DEBIT }).replace('49.95', amount);
      const answer = await gateway.setDirectDebit(undefined, { body: text });
      expect(answer.status).toBe(200);
      expect(/"ddSpecialPaymentAmount":(?<sent>[^,}]+)/.exec(theOnlyHit().body)?.groups?.['sent']).toBe(
        String(Number(amount)),
      );
    },
  );

  it('any valid direct debit reaches Octane unchanged in meaning', async () => {
    const token = await gateway.issuer.token();
    await fc.assert(
      fc.asyncProperty(validDirectDebit('standard'), async (directDebit) => {
        gateway.octane.reset();
        const answer = await gateway.setDirectDebit(directDebit, { token });
        expect({ status: answer.status, json: answer.json }).toEqual({ status: 200, json: { directDebit } });
        expect(JSON.parse(theOnlyHit().body)).toEqual({ directDebit });
      }),
      { numRuns: 60 },
    );
  });

  it('any valid direct debit with one wrong change never reaches Octane', async () => {
    const token = await gateway.issuer.token();
    await fc.assert(
      fc.asyncProperty(brokenDirectDebit('standard'), async ({ field, directDebit }) => {
        const answer = await gateway.setDirectDebit(directDebit, { token });
        expectProblem(answer, 422, 'validation-failed', { errors: expect.any(Array) });
        expect(answer.json.errors).toContainEqual({
          pointer: `#/directDebit/${field}`,
          code: expect.any(String),
          detail: expect.any(String),
        });
        expect(gateway.octane.hits).toHaveLength(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the answer to a direct debit', () => {
  const REQUIRED = { directDebitType: 'OFF', ddNotificationFlag: 'N' };
  const EVERY_FIELD = {
    directDebitType: 'SPECIAL_DIRECT_DEBIT',
    ddNotificationFlag: 'Y',
    ddNotificationEmail: 'not checked in an answer',
    ddPaymentDay: '',
    ddSpecialPaymentPeriod: 'wk',
    ddSpecialPaymentMethod: 'ST',
    ddSpecialPaymentAmount: 0,
    ddSpecialDayOfWeek: 1,
    ddSpecialEndType: 'EA',
    ddSpecialStartDate: '2019-08-24T14:15:22Z',
    ddSpecialEndDate: '2019-08-24T14:15:22Z',
    ddSpecialRequiredCount: 0,
    ddSpecialCurrentCount: 0,
  };

  function octaneAnswers(body: unknown): void {
    gateway.octane.script = (_hit, response) =>
      response
        .writeHead(200, {
          'content-type': 'application/json',
          'x-upstream': 'canary',
          'set-cookie': 'canary=1',
        })
        .end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  it('is every documented field', async () => {
    octaneAnswers({ directDebit: EVERY_FIELD });
    const answer = await gateway.setDirectDebit();
    expect({ status: answer.status, json: answer.json }).toEqual({
      status: 200,
      json: { directDebit: EVERY_FIELD },
    });
    expectAnswerHeaders(answer);
  });

  it('is nothing but the documented fields', async () => {
    octaneAnswers({
      requestTime: 'canary',
      directDebit: { ...EVERY_FIELD, bsb: 'canary', constructor: 'canary', card: { number: 'canary' } },
    });
    const answer = await gateway.setDirectDebit();
    expect({ status: answer.status, json: answer.json }).toEqual({
      status: 200,
      json: { directDebit: EVERY_FIELD },
    });
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(answer.headers).not.toHaveProperty('x-upstream');
  });

  it('leaves nulls out', async () => {
    const optional = Object.keys(EVERY_FIELD).filter((field) => !Object.hasOwn(REQUIRED, field));
    octaneAnswers({
      directDebit: { ...REQUIRED, ...Object.fromEntries(optional.map((field) => [field, null])) },
    });
    expect((await gateway.setDirectDebit()).json).toEqual({ directDebit: REQUIRED });
  });

  it.each(['', 0])('leaves out what is %j for "not set"', async (notSet) => {
    const texts = ['ddNotificationEmail', 'ddPaymentDay'];
    const numbers = ['ddSpecialPaymentAmount', 'ddSpecialRequiredCount', 'ddSpecialCurrentCount'];
    const kept = new Set(notSet === '' ? texts : numbers);
    const optional = Object.keys(EVERY_FIELD).filter((field) => !Object.hasOwn(REQUIRED, field));
    const sent = Object.fromEntries(optional.map((field) => [field, notSet]));
    octaneAnswers({ directDebit: { ...REQUIRED, ...sent } });
    const answer = await gateway.setDirectDebit();
    const expected = Object.fromEntries(Object.entries(sent).filter(([field]) => kept.has(field)));
    expect({ status: answer.status, json: answer.json }).toEqual({
      status: 200,
      json: { directDebit: { ...REQUIRED, ...expected } },
    });
  });

  const wrongFields = Object.entries({
    directDebitType: ['', 0, 'off', 1, null, undefined],
    ddNotificationFlag: ['', 0, 'y', true, null, undefined],
    ddNotificationEmail: [1, ['a@b.c']],
    ddPaymentDay: [15, {}],
    ddSpecialPaymentPeriod: [' ', 'dd', 1],
    ddSpecialPaymentMethod: ['XX', false],
    ddSpecialPaymentAmount: ['10.00', [], false],
    ddSpecialDayOfWeek: ['0', 8, 1.5, '1'],
    ddSpecialEndType: ['EX', 1],
    ddSpecialStartDate: [1566656122, false],
    ddSpecialEndDate: [1566656122, {}],
    ddSpecialRequiredCount: ['1', 1.5],
    ddSpecialCurrentCount: ['0', 0.1],
  }).flatMap(([field, values]) =>
    values.map((value) => [JSON.stringify({ ...EVERY_FIELD, [field]: value })]),
  );

  it.each([
    ...wrongFields.map(([directDebit]) => `{"directDebit":${directDebit}}`),
    JSON.stringify({ directDebit: { ...EVERY_FIELD, ddSpecialPaymentAmount: 'AMOUNT' } }).replace(
      '"AMOUNT"',
      '1e400',
    ),
    '{"directDebit":{"__proto__":{"directDebitType":"OFF","ddNotificationFlag":"N"}}}',
    '{"__proto__":{"directDebit":{"directDebitType":"OFF","ddNotificationFlag":"N"}}}',
    '{"directDebit":[{"directDebitType":"OFF","ddNotificationFlag":"N"}]}',
    '{"directDebitType":"OFF","ddNotificationFlag":"N"}',
    '{"directDebit":null}',
    '{"directDebit":"OFF"}',
    '[]',
    'null',
    '"ok"',
    '{',
    '',
    '<html>Service temporarily moved</html>',
  ])('is refused in another form: %s', async (body) => {
    octaneAnswers(body);
    const answer = await gateway.setDirectDebit();
    expectProblem(answer, 502, 'octane-contract-violation', { outcome: 'applied', retryable: false });
    expect(gateway.octane.hits).toHaveLength(1);
  });

  it.each([
    [200, 64 * 1024],
    [502, 64 * 1024 + 1],
  ])('is %i for a body of %i bytes', async (status, bytes) => {
    octaneAnswers(JSON.stringify({ directDebit: REQUIRED }).padEnd(bytes));
    expect((await gateway.setDirectDebit()).status).toBe(status);
  });
});

describe('the bytes of the answer to a direct debit', () => {
  const answerOf = (ddPaymentDay: string): string =>
    JSON.stringify({ directDebit: { directDebitType: 'OFF', ddNotificationFlag: 'N', ddPaymentDay } });
  const bytesOf = (text: string, charset: 'latin1' | 'utf8' | 'utf16le'): Buffer =>
    Buffer.from(text, charset);
  const bigEndian = (text: string): Buffer => bytesOf(text, 'utf16le').swap16();
  const octaneSends = (body: Buffer, headers: Record<string, string>): void => {
    gateway.octane.script = (_hit, response) => response.writeHead(200, headers).end(body);
  };
  const json = (charset: string): Record<string, string> => ({
    'content-type': `application/json; charset=${charset}`,
  });
  const coded = (coding: string): Record<string, string> => ({ 'content-encoding': coding });

  const ofZeros = (bytes: number): Buffer =>
    brotliCompressSync(Buffer.alloc(bytes), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

  const DAY = 'é – 15';
  const UTF8 = bytesOf(answerOf(DAY), 'utf8');
  const READ: Readonly<Record<string, readonly [body: Buffer, headers: Record<string, string>]>> = {
    'of no declared charset': [UTF8, { 'content-type': 'application/json' }],
    'of no type': [UTF8, {}],
    'with a byte order mark': [bytesOf(`\ufeff${answerOf(DAY)}`, 'utf8'), json('utf-8')],
    'in windows-1252': [bytesOf(answerOf('é \x96 15'), 'latin1'), json('windows-1252')],
    'in ISO-8859-1, as browsers read it': [bytesOf(answerOf('é \x96 15'), 'latin1'), json('"ISO-8859-1"')],
    'in UTF-16': [bytesOf(answerOf(DAY), 'utf16le'), json('utf-16le')],
    'in UTF-16 as Java writes it': [bigEndian(`\ufeff${answerOf(DAY)}`), json('UTF-16')],
    'in UTF-16 that only its mark tells': [bytesOf(`\ufeff${answerOf(DAY)}`, 'utf16le'), {}],
    'compressed by gzip': [gzipSync(UTF8), coded('gzip')],
    'compressed by gzip, as it was once called': [gzipSync(UTF8), coded('X-GZIP')],
    'compressed by deflate': [deflateSync(UTF8), coded('deflate')],
    'compressed by deflate without a header': [deflateRawSync(UTF8), coded('deflate')],
    'compressed by br': [brotliCompressSync(UTF8), coded('br')],
    'compressed twice': [gzipSync(brotliCompressSync(UTF8)), coded('br, gzip')],
    'compressed and in another charset': [
      gzipSync(bytesOf(answerOf('é \x96 15'), 'latin1')),
      { ...coded('gzip'), ...json('latin1') },
    ],
    'of an identity coding': [UTF8, coded('identity')],
  };

  it.each(Object.entries(READ))('are read %s', async (_, [body, headers]) => {
    octaneSends(body, headers);
    const answer = await gateway.setDirectDebit();
    expect({ status: answer.status, day: answer.json.directDebit?.ddPaymentDay }).toEqual({
      status: 200,
      day: DAY,
    });
  });

  const filled = (length: number): Buffer => bytesOf(answerOf('15').padEnd(length), 'utf8');
  const VIOLATIONS: typeof READ = {
    'no UTF-8': [bytesOf(answerOf('é'), 'latin1'), {}],
    'half a character of UTF-16': [bytesOf(answerOf('15'), 'utf16le').subarray(1), json('utf-16le')],
    'of an unknown charset': [UTF8, json('x-none')],
    'of an unknown coding': [UTF8, coded('compress')],
    'not compressed as they say': [UTF8, coded('gzip')],
    'compressed, and cut off': [gzipSync(UTF8).subarray(0, -9), coded('gzip')],
    'compressed to nothing': [Buffer.alloc(0), coded('gzip')],
    'more than 64 KiB once decompressed': [gzipSync(filled(64 * 1024 + 1)), coded('gzip')],
    'many megabytes once decompressed': [ofZeros(2 ** 26), coded('br')],
    'compressed time and again': [UTF8, coded(Array.from({ length: 1000 }, () => 'gzip').join())],
  };

  it.each(Object.entries(VIOLATIONS))('break the contract where they are %s', async (_, [body, headers]) => {
    octaneSends(body, headers);
    const answer = await gateway.setDirectDebit();
    expectProblem(answer, 502, 'octane-contract-violation', { outcome: 'applied', retryable: false });
    expect(gateway.octane.hits).toHaveLength(1);
  });

  it('may be 64 KiB when they are decompressed, and more before', async () => {
    const text = answerOf('15').slice(0, -1);
    const noise = randomBytes(64 * 1024)
      .toString('base64')
      .slice(0, 64 * 1024 - text.length - 8);
    octaneSends(gzipSync(bytesOf(`${text},"x":"${noise}"}`, 'utf8'), { level: 0 }), coded('gzip'));
    expect((await gateway.setDirectDebit()).status).toBe(200);
  });
});

describe('the welcome email', () => {
  const path = '/v1/customers/700123/send-welcome-email';
  const json = 'Content-Type: application/json';

  it.each([
    ['no body', [], ''],
    ['an empty body', ['Content-Length: 0'], ''],
    ['an empty body declared as JSON', [json, 'Content-Length: 0'], ''],
    ['an empty body declared as text', ['Content-Type: text/plain', 'Content-Length: 0'], ''],
    ['an empty object', [json, 'Content-Length: 2'], '{}'],
    ['a spacious empty object', [json, 'Content-Length: 8'], ' {\r\n\t } '],
    ['an empty body in chunks', ['Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['an empty object in chunks', [json, 'Transfer-Encoding: chunked'], '1\r\n{\r\n1\r\n}\r\n0\r\n\r\n'],
  ])('takes %s', async (_, headers, body) => {
    const authorization = `Authorization: Bearer ${await gateway.issuer.token()}`;
    const connection = await RawConnection.open(gateway.port);
    const all = ['Host: gateway', authorization, 'Connection: close', ...headers];
    connection.write(requestText(`POST ${path} HTTP/1.1`, all, body));
    const answer = await connection.answer();
    expect({ status: answer.status, rest: await connection.end() }).toEqual({ status: 204, rest: '' });
    expect(answer.headers).not.toHaveProperty('content-length');
    expect(theOnlyHit().body).toBe('{}');
  });

  it.each([
    ['{"email":"jo@example.com"}', '#/email', 'unknown_property'],
    ['{"directDebit":{}}', '#/directDebit', 'unknown_property'],
    ['{"__proto__":{}}', '#/__proto__', 'unknown_property'],
    ['{"constructor":null}', '#/constructor', 'unknown_property'],
    ['[]', '#', 'type'],
    ['[{}]', '#', 'type'],
    ['null', '#', 'type'],
    ['""', '#', 'type'],
    ['0', '#', 'type'],
    ['false', '#', 'type'],
  ])('takes no %s', async (body, pointer, code) => {
    const answer = await gateway.sendWelcomeEmail({ body });
    expectProblem(answer, 422, 'validation-failed', {
      errors: [{ pointer, code, detail: expect.any(String) }],
    });
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it.each([200, 201, 202, 204, 206, 299])('was sent when Octane answers %i', async (status) => {
    gateway.octane.script = (_hit, response) =>
      response.writeHead(status).end(status === 204 ? '' : 'canary');
    const answer = await gateway.sendWelcomeEmail();
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
    theOnlyHit();
  });

  it('was sent when Octane begins a body that never ends, which is then cut off', async () => {
    let cut: Promise<unknown> | undefined;
    gateway.octane.script = (_hit, response, socket) => {
      cut = once(socket, 'close');
      response.writeHead(200);
      const more = (): void =>
        void (response.destroyed || response.write('x'.repeat(1024), () => setImmediate(more)));
      more();
    };
    expect((await gateway.sendWelcomeEmail()).status).toBe(204);
    await cut;
    theOnlyHit();
  });
});
