import { HttpException } from '@nestjs/common';
import { Dispatch } from '../src/dispatch/dispatch.ts';
import { OpenApi } from '../src/open-api/open-api.ts';
import { eventually } from './support/eventually.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer, Call } from './support/gateway.ts';
import { RawConnection, requestText, sendRaw } from './support/raw-connection.ts';
import { answerProperly } from './support/scripted-octane.ts';
import { signingKey } from './support/token-issuer.ts';

const PATH = '/v1/customers/700123/direct-debit';
const USERNAME = 'canary-username';
const PASSWORD = 'canary-password';
const ORDER = {
  directDebitType: 'SPECIAL_DIRECT_DEBIT',
  ddNotificationFlag: 'Y',
  ddNotificationEmail: 'canary-email@example.com',
  ddPaymentDay: 'canary-day',
  ddSpecialPaymentPeriod: 'wk',
  ddSpecialPaymentAmount: 47_110.81,
  ddSpecialStartDate: '2031-07-19T03:14:15Z',
};
/** Whatever holds one of these holds something that nobody but its owner may see. */
const CANARY = /canary|47110\.81|2031-07-19/i;

let gateway: TestGateway;
let token: string;
async function start(): Promise<void> {
  gateway = await TestGateway.start({
    environment: {
      LOG_LEVEL: 'trace',
      OCTANE_TIMEOUT_MS: '1000',
      OCTANE_1001_USERNAME: USERNAME,
      OCTANE_1001_PASSWORD: PASSWORD,
    },
  });
  token = await gateway.issuer.token({ claims: { sub: 'canary-subject@example.com' } });
}

beforeAll(start);
afterAll(() => gateway.stop());
beforeEach(() => gateway.octane.reset());

const set = (call: Partial<Call> = {}): Promise<Answer> => gateway.setDirectDebit(ORDER, { token, ...call });
const raw = (bytes: string): Promise<Answer> => sendRaw(gateway.port, bytes);
const withClaims = async (claims: Record<string, unknown>): Promise<Answer> =>
  set({ token: await gateway.issuer.token({ claims }) });

function octaneAnswers(status: number, body = '{"error":"canary"}'): void {
  gateway.octane.script = (_hit, response) =>
    response.writeHead(status, 'Canary', { 'x-canary': 'canary', 'set-cookie': 'canary=1' }).end(body);
}

/** Makes the handler of the direct debit fail by a defect. */
async function crashing(fault: unknown): Promise<Answer> {
  const dispatch = gateway.application.get(Dispatch, { strict: false });
  Object.defineProperty(dispatch, 'change', { value: () => Promise.reject(fault), configurable: true });
  try {
    return await set();
  } finally {
    Reflect.deleteProperty(dispatch, 'change');
  }
}

class CanaryError extends Error {
  override readonly name = 'TypeError';
  readonly config = { auth: { username: USERNAME, password: PASSWORD }, data: ORDER };
  readonly response = { data: 'canary', status: 500 };
}

const REFUSALS: Readonly<Record<string, () => Promise<Answer>>> = {
  'no token': () => gateway.call({ path: PATH, body: { directDebit: ORDER } }),
  'another scheme': () => set({ headers: { authorization: 'Basic Y2FuYXJ5OmNhbmFyeQ==, canary' } }),
  'no JWT': () => set({ token: 'canary-token' }),
  'a token of nobody': () => withClaims({ iss: 'https://canary.example/' }),
  'an expired token': () => withClaims({ exp: 1 }),
  'a token with a wrong key': async () =>
    set({ token: await gateway.issuer.token({ key: await signingKey('canary-key') }) }),
  'a token of the wrong audience': () => withClaims({ aud: 'canary-audience' }),
  'two tokens': () => set({ headers: { authorization: [`Bearer ${token}`, 'Bearer canary'] } }),
  // The issuer vouches for its name, and an operator has to learn it: see logs.spec.ts.
  'an unknown client': () => withClaims({ client_id: 'nobodys-app' }),
  'no scope': () => withClaims({ scope: 'canary-scope' }),
  'another customer': () => withClaims({ custno: '700124' }),
  'no customer': () => withClaims({ custno: 'canary-custno' }),
  'a customer number that is none': () => set({ path: '/v1/customers/canary/direct-debit' }),
  'an unknown path': () => set({ path: '/canary?canary=canary' }),
  'an encoded path': () => set({ path: '/canary%0d%0acanary' }),
  'a bad path': () => set({ path: '/canary%zz' }),
  'a wrong method': () => set({ method: 'DELETE', path: `${PATH}?canary` }),
  'another type': () => set({ headers: { 'content-type': 'text/canary' } }),
  'a body that is too large': () => set({ body: 'canary'.repeat(5000) }),
  'no JSON': () => set({ body: '{"canary-email@example.com' }),
  'no object': () => set({ body: '"canary"' }),
  'wrong values': () =>
    gateway.setDirectDebit(
      Object.fromEntries(Object.keys(ORDER).map((field) => [field, ['canary', 47_110.81]])),
      { token },
    ),
  'wrong values of the right type': () =>
    gateway.setDirectDebit(
      {
        ...ORDER,
        ddNotificationEmail: 'canary@canary@canary',
        ddPaymentDay: 'canary canary canary',
        ddSpecialPaymentAmount: 47_110.8101,
        ddSpecialEndDate: '2031-07-18T00:00:00Z',
        ddSpecialRequiredCount: 0,
      },
      { token },
    ),
  'a property too many': () => gateway.setDirectDebit({ ...ORDER, surprise: 'canary' }, { token }),
  'a broken message': () => raw('GET /canary canary HTTP/1.1\r\nCanary: canary\r\n\r\n'),
  'a broken header': () => raw(requestText('GET /canary HTTP/1.1', ['Host: canary', 'Can ary: canary'])),
  'an unknown method': () => raw(requestText('CANARY /canary HTTP/1.1', ['Host: canary'])),
  'an unknown expectation': () =>
    raw(requestText('GET /canary HTTP/1.1', ['Host: canary', 'Expect: canary'])),
  'a proxy request': () => raw(requestText('CONNECT canary.example:443 HTTP/1.1', ['Host: canary'])),
  'no Host': () => raw(requestText('GET /canary HTTP/1.1', ['X-Canary: canary'])),
  'large headers': () =>
    raw(requestText('GET / HTTP/1.1', ['Host: canary', `X-Canary: ${'canary'.repeat(4000)}`])),
  'an unknown problem': () => gateway.call({ method: 'GET', path: '/problems/canary' }),
  ...Object.fromEntries(
    [201, 204, 302, 400, 403, 404, 409, 418, 422, 429, 500, 502, 503, 504].map((status) => [
      `Octane's ${status}`,
      () => {
        octaneAnswers(status, status === 204 ? '' : undefined);
        return set();
      },
    ]),
  ),
  // After it nothing is sent for that group for a second.
  'Octane’s 401': () => {
    octaneAnswers(401);
    return withClaims({ client_id: 'other-group' });
  },
  'Octane’s answer in another form': () => {
    octaneAnswers(200);
    return set();
  },
  'Octane’s wrong value': () => {
    octaneAnswers(200, '{"directDebit":{"directDebitType":"canary","ddNotificationFlag":"Y"}}');
    return set();
  },
  'Octane’s answer that is no HTTP': () => {
    gateway.octane.script = (_hit, _response, socket) => socket.end('canary canary canary\r\n');
    return set();
  },
  'Octane’s bad header': () => {
    gateway.octane.script = (_hit, _response, socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncan ary: canary\r\n\r\n');
    return set();
  },
  'Octane’s reset': () => {
    gateway.octane.script = (_hit, _response, socket) => socket.resetAndDestroy();
    return set();
  },
  'Octane’s silence': () => {
    gateway.octane.script = () => {};
    return set();
  },
  'a crash': () => crashing(new CanaryError('canary')),
  'a crash that looks like a stack': () =>
    crashing(new CanaryError('canary\n    at canary (/canary.ts:1:1)')),
  'a crash in parsing': () => crashing(parseFault('{"ddNotificationEmail":canary-email@example.com}')),
  'a crash that is text': () => crashing('canary'),
  'a crash that is nothing': () => crashing(undefined),
  'a crash that is an object': () => crashing({ message: 'canary', config: ORDER, statusCode: 'canary' }),
  'a crash with a cause': () => crashing(new Error('failed', { cause: new CanaryError('canary') })),
  'a crash of Nest': () => crashing(new HttpException({ message: 'canary', error: 'canary' }, 500)),
  'a refusal of Nest': () => crashing(new HttpException('canary', 418)),
};

function parseFault(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}

describe('a refusal shows nothing', () => {
  it.each(Object.entries(REFUSALS))('for %s', async (_, refused) => {
    const before = gateway.log.length;
    const answer = await refused();
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    const shown = JSON.stringify([answer.headers, answer.text]);
    expect(shown).not.toMatch(CANARY);
    expect(shown).not.toContain(new URL(gateway.octane.baseUrl).host);
    expect(shown).not.toContain(token);
    expect(shown).not.toMatch(/node_modules|\.ts\b|\.js\b|file:|^ {4}at /m);
    await eventually(() => gateway.log.slice(before).some((line) => line.includes(answer.json.instance)));
  });
});

describe('the log', () => {
  it('shows nothing either, whatever happened', async () => {
    for (const made of [
      set(),
      gateway.sendWelcomeEmail({ token }),
      gateway.call({ method: 'GET', path: '/problems' }),
    ]) {
      expect((await made).status).toBeLessThan(300);
    }
    for (const refused of Object.values(REFUSALS)) {
      gateway.octane.reset();
      await refused();
    }
    await eventually(() => completedLines().length > Object.keys(REFUSALS).length);
    const secrets = [token.split('.')[2]!, Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')];
    const telling = gateway.log.filter(
      (line) => CANARY.test(line) || secrets.some((secret) => line.includes(secret)),
    );
    expect(telling).toEqual([]);
  });

  it('tells of a defect where it is in the code', async () => {
    const before = gateway.log.length;
    const { json } = await crashing(new CanaryError('canary'));
    const lines = gateway.log.slice(before).map((line) => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        msg: 'request failed',
        requestId: json.instance,
        error: 'TypeError',
        frames: expect.arrayContaining([expect.stringContaining('secrecy.spec')]),
      }),
    );
  });

  it('says in words what is wrong only where the words hold no value', async () => {
    const openApi = gateway.application.get(OpenApi);
    const usual = openApi['make']!;
    const reasonFor = async (make: () => Promise<never>): Promise<unknown> => {
      openApi.madeBy(make);
      const { status, json } = await gateway.call({ method: 'GET', path: '/openapi.json' });
      expect(status).toBe(500);
      const lines = gateway.log.map((line) => JSON.parse(line));
      return lines.find(({ msg, requestId }) => msg === 'request failed' && requestId === json.instance)
        .reason;
    };
    const missing = undefined as unknown as { canary: string };
    expect(await reasonFor(() => JSON.parse('{"canary'))).toBeUndefined();
    expect(await reasonFor(() => Promise.reject(new Error('canary')))).toBeUndefined();
    expect(await reasonFor(async () => missing.canary as never)).toBe(
      "Cannot read properties of undefined (reading 'canary')",
    );
    expect(await reasonFor(undefined as never)).toBe('nothing makes the description');
    openApi.madeBy(usual);
  });

  it.each([
    ['a header', { headers: { 'user-agent': 'a\tb', 'x-a': '\u0085\u00a0' } }],
    ['a request id', { headers: { 'x-request-id': '\u0085{"level":"fatal"}' } }],
    ['a path', { path: '/%0a%0d%1b%5b2J%e2%80%a8{"level":"fatal"}' }],
    ['a customer', { path: '/v1/customers/%0a%0d%00/direct-debit' }],
    ['a body', { body: '{"directDebit":{"\\n\\r\\u0000\\u2028":"\\n"}}' }],
  ])(
    'has one line for each event, whatever control characters stand in %s',
    async (_, call: Partial<Call>) => {
      const before = gateway.log.length;
      await set(call);
      await eventually(() => gateway.log.length > before);
      for (const line of gateway.log.slice(before)) {
        expect(line).toMatch(/^\{[^\p{Cc}\u2028\u2029]*\}\n$/u);
        expect(JSON.parse(line).level).not.toBe('fatal');
      }
    },
  );
});

interface CompletedLine {
  readonly msg: string;
  readonly requestId: string;
}

const completedLines = (): CompletedLine[] =>
  gateway.log
    .map((line) => JSON.parse(line) as CompletedLine)
    .filter(({ msg }) => msg === 'request completed');

async function theLineOf(requestId: string): Promise<CompletedLine> {
  await eventually(() => completedLines().some((line) => line.requestId === requestId));
  // One more request behind it: whatever is still to be written about the first is written now.
  await gateway.call({ method: 'GET', path: '/problems' });
  const lines = completedLines().filter((line) => line.requestId === requestId);
  expect(lines).toHaveLength(1);
  return lines[0]!;
}

describe('the line of a completed request', () => {
  // So far Octane has failed so often that the breaker is open.
  beforeAll(async () => {
    await gateway.stop();
    await start();
  });

  const of = { client: 'selfcare-app', group: '1001' };
  const direct = { method: 'POST', route: '/v1/customers/:custno/direct-debit' };
  const email = { method: 'POST', route: '/v1/customers/:custno/send-welcome-email' };

  it.each<[string, () => Promise<Answer>, Record<string, unknown>]>([
    ['a direct debit', () => set(), { ...direct, ...of, status: 200, outcome: 'applied' }],
    [
      'an email',
      () => gateway.sendWelcomeEmail({ token }),
      { ...email, ...of, status: 204, outcome: 'applied' },
    ],
    [
      'a service of another group',
      async () =>
        gateway.sendWelcomeEmail({
          token: await gateway.issuer.token({ claims: { client_id: 'other-group' } }),
        }),
      { ...email, client: 'other-group', group: '2002', status: 204 },
    ],
    [
      'a page',
      () => gateway.call({ method: 'GET', path: '/problems/not-found?x=1' }),
      { route: '/problems/:code', status: 200 },
    ],
    ['no path', () => set({ path: '/nowhere' }), { route: 'none', status: 404, code: 'not-found' }],
    [
      'no method',
      () => set({ method: 'PUT' }),
      { method: 'PUT', route: 'none', status: 405, code: 'method-not-allowed' },
    ],
    ['a bad path', () => set({ path: '/%zz' }), { route: 'none', status: 400, code: 'invalid-request' }],
    [
      'a broken message',
      () => raw('GET /a b HTTP/1.1\r\n\r\n'),
      { route: 'none', status: 400, code: 'invalid-request' },
    ],
    [
      'no token',
      () => gateway.call({ path: PATH }),
      { ...direct, status: 401, code: 'authentication-required' },
    ],
    ['a bad token', () => set({ token: 'bad' }), { ...direct, status: 401, code: 'invalid-token' }],
    [
      'no scope',
      () => withClaims({ scope: '' }),
      { ...direct, ...of, status: 403, code: 'insufficient-scope', outcome: 'not-sent' },
    ],
    [
      'a wrong body',
      () => set({ body: {} }),
      { ...direct, ...of, status: 422, code: 'validation-failed', outcome: 'not-sent' },
    ],
    [
      'a refusal of Octane',
      () => {
        octaneAnswers(409);
        return set();
      },
      { ...direct, ...of, status: 422, code: 'octane-rejected', outcome: 'rejected' },
    ],
    [
      'a failure of Octane',
      () => {
        octaneAnswers(500);
        return gateway.sendWelcomeEmail({ token });
      },
      { ...email, ...of, status: 502, code: 'octane-error', outcome: 'unknown' },
    ],
    [
      'a defect',
      () => crashing(new Error('defect')),
      { ...direct, ...of, status: 500, code: 'internal-error', outcome: 'unknown' },
    ],
  ])('tells what became of %s', async (_, made, told) => {
    const { headers } = await made();
    expect(await theLineOf(String(headers['x-request-id']))).toMatchObject({
      level: 'info',
      durationMs: expect.any(Number),
      ...told,
    });
  });

  it('names no client and no group before the caller is known, and nothing was sent', async () => {
    const { headers } = await gateway.call({ path: PATH });
    const line = await theLineOf(String(headers['x-request-id']));
    for (const name of ['client', 'group']) expect(line).not.toHaveProperty(name);
    expect(line).toMatchObject({ outcome: 'not-sent' });
  });

  it('comes with the outcome when the app hangs up before the answer', async () => {
    let answerNow: (() => void) | undefined;
    gateway.octane.script = (hit, response, socket) => {
      answerNow = () => answerProperly(hit, response, socket);
    };
    const body = JSON.stringify({ directDebit: ORDER });
    const connection = await RawConnection.open(gateway.port);
    const headers = [
      'Host: gateway',
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'X-Request-Id: hung-up',
    ];
    connection.write(requestText(`POST ${PATH} HTTP/1.1`, headers, body));
    await eventually(() => answerNow);
    connection.socket.destroy();
    await connection.end();
    answerNow!();
    expect(await theLineOf('hung-up')).toMatchObject({
      ...direct,
      ...of,
      clientClosed: true,
      outcome: 'applied',
    });
  });
});
