import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Dispatch } from '../src/dispatch/dispatch.ts';
import { routerPathOf } from '../src/operations/operation.ts';
import { Operations } from '../src/operations/operations.ts';
import { eventually } from './support/eventually.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer, Call } from './support/gateway.ts';
import type { Script } from './support/scripted-octane.ts';
import { requestText, sendRaw } from './support/raw-connection.ts';

const PATH = '/v1/customers/700123/direct-debit';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparentOf = (traceId: string): string => `00-${traceId}-00f067aa0ba902b7-01`;

type Line = Record<string, unknown>;

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.octane.reset());

const lines = (): Line[] => gateway.log.map((line) => JSON.parse(line) as Line);
const linesOf = (requestId: unknown): Line[] => lines().filter((line) => line['requestId'] === requestId);

async function lineOf({ headers }: Answer): Promise<Line> {
  const requestId = headers['x-request-id'];
  return eventually(() => linesOf(requestId).find(({ msg }) => msg === 'request completed'));
}

async function set(claims: Record<string, unknown> = {}, call: Partial<Call> = {}): Promise<Answer> {
  return gateway.setDirectDebit(undefined, { token: await gateway.issuer.token({ claims }), ...call });
}

describe('the audit event of an attempted change', () => {
  const who = (): Line => ({ issuer: gateway.issuer.issuer, client: 'selfcare-app', subject: 'user-1' });
  const change = { audit: true, operation: 'direct-debit', group: '1001', custno: '700123' };

  it.each<[string, () => Promise<Answer>, () => Line]>([
    ['was made', () => set(), () => ({ ...who(), ...change, status: 200, outcome: 'applied' })],
    [
      'was made for the token’s own customer',
      () => set({}, { path: '/v1/customers/me/direct-debit' }),
      () => ({ ...who(), ...change, outcome: 'applied' }),
    ],
    [
      'was an email',
      async () => gateway.sendWelcomeEmail(),
      () => ({ ...who(), ...change, operation: 'welcome-email', outcome: 'applied' }),
    ],
    [
      'broke a rule',
      () => set({}, { body: {} }),
      () => ({ ...who(), ...change, outcome: 'not-sent', code: 'validation-failed' }),
    ],
    [
      'was for somebody else',
      () => set({}, { path: PATH.replace('700123', '700124') }),
      () => ({ ...who(), ...change, custno: '700124', outcome: 'not-sent', code: 'customer-not-permitted' }),
    ],
  ])('that %s says who, for whom, and what became of it', async (_, attempt, told) => {
    expect(await lineOf(await attempt())).toMatchObject(told());
  });

  it('names the client of a good token that no caller has', async () => {
    const line = await lineOf(await set({ client_id: 'nobodys-app' }));
    const of = { issuer: gateway.issuer.issuer, client: 'nobodys-app', subject: 'user-1', custno: '700123' };
    expect(line).toMatchObject({ audit: true, ...of, outcome: 'not-sent', code: 'caller-not-mapped' });
    expect(line).not.toHaveProperty('group');
  });

  it.each([
    ['no token', () => gateway.call({ path: PATH }), 'authentication-required'],
    ['a bad token', () => gateway.call({ path: PATH, token: 'bad' }), 'invalid-token'],
    ['a token of another issuer', () => set({ iss: 'https://x.example/' }), 'invalid-token'],
  ])('with %s names nobody', async (_, attempt, code) => {
    const line = await lineOf(await attempt());
    expect(line).toMatchObject({ audit: true, operation: 'direct-debit', custno: '700123', code });
    expect(line).toMatchObject({ outcome: 'not-sent' });
    for (const name of ['client', 'group', 'issuer', 'subject']) expect(line).not.toHaveProperty(name);
  });

  it('names no customer where the path has none', async () => {
    const line = await lineOf(await set({}, { path: '/v1/customers/0700123/direct-debit' }));
    expect(line).toMatchObject({ audit: true, code: 'invalid-request' });
    expect(line).not.toHaveProperty('custno');
  });

  it('names the peer where it was refused, and nowhere else', async () => {
    const { port } = gateway;
    const refused: Answer[] = [
      await gateway.call({ path: PATH }),
      await gateway.call({ path: PATH, token: 'bad', headers: { 'x-forwarded-for': '203.0.113.9' } }),
      await set({ custno: undefined }),
      await gateway.call({ method: 'GET', path: '/nowhere' }),
      await gateway.call({ method: 'GET', path: '/%zz' }),
      await sendRaw(port, 'NO HTTP\r\n\r\n'),
      await sendRaw(port, requestText('CONNECT a:1 HTTP/1.1')),
      await sendRaw(port, requestText('GET /problems HTTP/1.1', ['Host: gateway', 'Expect: x'])),
    ];
    for (const answer of refused) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(await lineOf(answer)).toMatchObject({ peer: '127.0.0.1' });
    }
    expect(await lineOf(await set())).not.toHaveProperty('peer');
    expect(await lineOf(await gateway.call({ method: 'GET', path: '/problems' }))).not.toHaveProperty('peer');
  });

  it.each([
    ['of 129 characters', 'x'.repeat(129)],
    ['beyond ASCII', 'Zoë'],
    ['of thousands of characters beyond ASCII', `${'a'.repeat(5000)}é`],
  ])('shows a subject and a client id %s only as digits', async (_, name) => {
    const digits = createHash('sha256').update(name).digest('hex').slice(0, 16);
    expect(await lineOf(await set({ client_id: name }))).toMatchObject({ client: digits });
    expect(await lineOf(await set({ sub: name }))).toMatchObject({ subject: digits, outcome: 'applied' });
  });

  it('shows an email address only as the digits that stand for it in the journal', async () => {
    const line = await lineOf(await set({ sub: 'person@example.com', client_id: 'app@example.com' }));
    expect(line).toMatchObject({
      subject: '542d240129883c01',
      client: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });

  it('tells a replay from the change that it repeats', async () => {
    const headers = { 'idempotency-key': 'audited' };
    expect(await lineOf(await set({}, { headers }))).not.toHaveProperty('replayed');
    expect(await lineOf(await set({}, { headers }))).toMatchObject({ audit: true, replayed: true });
  });

  it.each([
    ['a page', () => gateway.call({ method: 'GET', path: '/problems' })],
    ['another method', () => set({}, { method: 'PUT' })],
    ['another path', () => set({}, { path: `${PATH}/` })],
  ])('is not written for %s', async (_, attempt) => {
    expect(await lineOf(await attempt())).not.toHaveProperty('audit');
  });

  it('is written for every route that takes a change', async () => {
    const { json } = await gateway.call({ method: 'GET', path: '/openapi.json' });
    const changes = Object.entries(json.paths as Record<string, object>)
      .filter(([, methods]) => 'post' in methods)
      .map(([path]) => path.replaceAll(/\{(\w+)\}/g, ':$1'));
    expect(changes.toSorted()).toEqual(
      gateway.application
        .get(Operations)
        .all.map(({ route }) => routerPathOf(route))
        .toSorted(),
    );
  });
});

describe('each line that is written while a request is served', () => {
  /** The handler fails only when all requests are in it. */
  async function crash(calls: Partial<Call>[]): Promise<Answer[]> {
    const dispatch = gateway.application.get(Dispatch, { strict: false });
    const all = Promise.withResolvers<void>();
    let waiting = 0;
    const value = async (): Promise<never> => {
      waiting += 1;
      if (waiting === calls.length) all.resolve();
      await all.promise;
      throw new Error('defect');
    };
    Object.defineProperty(dispatch, 'change', { value, configurable: true });
    const token = await gateway.issuer.token();
    const answers = await Promise.all(
      calls.map((call) => gateway.setDirectDebit(undefined, { token, ...call })),
    );
    Reflect.deleteProperty(dispatch, 'change');
    return answers;
  }

  it('has its request id and its trace id, however many are served at once', async () => {
    const traceIds = Array.from({ length: 20 }, (_, index) => String(index + 10).repeat(16));
    await crash(
      traceIds.map((traceId) => ({
        headers: { 'x-request-id': `r-${traceId}`, traceparent: traceparentOf(traceId) },
      })),
    );
    for (const traceId of traceIds) {
      const requestId = `r-${traceId}`;
      await eventually(() => linesOf(requestId).length === 2);
      expect(linesOf(requestId)).toEqual([
        expect.objectContaining({ msg: 'request failed', requestId, traceId }),
        expect.objectContaining({ msg: 'request completed', requestId, traceId }),
      ]);
    }
  });

  it('is found by them also where it is written far from the request', async () => {
    const { issuer } = gateway;
    issuer.misbehave = (response) => response.writeHead(500).end();
    const answer = await gateway.setDirectDebit(undefined, {
      token: await issuer.token({ header: { kid: 'unknown' } }),
      headers: { traceparent: traceparentOf(TRACE) },
    });
    issuer.misbehave = undefined;
    await lineOf(answer);
    expect(linesOf(answer.headers['x-request-id'])).toContainEqual(
      expect.objectContaining({ msg: 'signing keys could not be fetched', traceId: TRACE }),
    );
  });

  it('has no trace id where the app sent none, or nonsense', async () => {
    for (const headers of [{}, { traceparent: `00-${TRACE}-x` }]) {
      expect(await lineOf(await set({}, { headers }))).not.toHaveProperty('traceId');
    }
  });
});

describe('the line of a change that failed', () => {
  it.each<[string, Script]>([
    ['HTTP_500', (_hit, response) => response.writeHead(500, 'ECONNREFUSED').end()],
    ['HTTP_404', (_hit, response) => response.writeHead(404).end()],
    ['ECONNRESET', (_hit, _response, socket) => socket.resetAndDestroy()],
    ['ECONNRESET', (_hit, _response, socket) => socket.end()],
    ['NOT_HTTP', (_hit, _response, socket) => socket.end('SSH-2.0-OpenSSH_9.2p1\r\n')],
  ])('says why in one word: %s', async (cause, script) => {
    gateway.octane.script = script;
    expect(await lineOf(await gateway.sendWelcomeEmail())).toMatchObject({ audit: true, cause });
  });

  it('says why there were no keys to check the token with', async () => {
    gateway.issuer.misbehave = (response) => response.writeHead(503).end();
    const token = await gateway.issuer.token({ header: { kid: 'nowhere' } });
    const line = await lineOf(await gateway.setDirectDebit(undefined, { token }));
    gateway.issuer.misbehave = undefined;
    expect(line).toMatchObject({ code: 'keys-unavailable', cause: expect.stringMatching(/^HTTP_50[03]$/) });
  });

  it('has no cause where the change was made', async () => {
    expect(await lineOf(await set())).not.toHaveProperty('cause');
  });
});

describe('control characters', () => {
  const NASTY = 'a\r\n{"level":"fatal"}\u001b[2J\u009b2J\u0085\u2028\u2029\u202e\u007fb';
  const UNSEEN = 'a\u2028{"level":"fatal"}\u2029\u202eb';

  it.each<[string, () => Promise<Answer>]>([
    ['a request id', () => set({}, { headers: { 'x-request-id': '\u0085{"level":"fatal"}' } })],
    ['a traceparent', () => set({}, { headers: { traceparent: '00-\u009b2J' } })],
    ['a subject', () => set({ sub: NASTY })],
    ['a subject without what is replaced', () => set({ sub: UNSEEN })],
    ['a client id', () => set({ client_id: NASTY })],
    ['a client id without what is replaced', () => set({ client_id: UNSEEN })],
    ['a customer', () => set({ custno: NASTY })],
    ['a scope', () => set({ scope: NASTY })],
    ['a path', () => set({}, { path: `/${encodeURIComponent(NASTY)}` })],
    ['a customer number', () => set({}, { path: `/v1/customers/${encodeURIComponent(NASTY)}/direct-debit` })],
    ['the name of a property', () => set({}, { body: { directDebit: { [NASTY]: NASTY }, [NASTY]: 1 } })],
    ['an idempotency key', () => set({}, { headers: { 'idempotency-key': '\u009b2J' } })],
  ])('in %s neither break a line nor stand in it', async (_, attempt) => {
    const before = gateway.log.length;
    await lineOf(await attempt());
    for (const line of gateway.log.slice(before)) {
      expect(line).toMatch(/^\{[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*\}\n$/u);
      expect((JSON.parse(line) as Line)['level']).not.toBe('fatal');
    }
  });
});

it('the guide for shipping logs names only fields that a line has', async () => {
  const [guide, source] = await Promise.all([
    readFile('docs/logs.md', 'utf8'),
    readFile('src/audit/request-line.ts', 'utf8'),
  ]);
  const rows = [...guide.matchAll(/^\| (`.*?) +\|/gm)].map(([, names = '']) => names.matchAll(/`(\w+)`/g));
  const named = [
    ...rows,
    guide.matchAll(/octane_bff\.(?!receiver)(\w+)/g),
    guide.matchAll(/\b(\w+) = ""/g),
  ].flatMap((names) => [...names].map(([, name]) => name));
  expect(named.length).toBeGreaterThan(30);
  const known = new Set([
    'level',
    'time',
    'msg',
    ...[...source.matchAll(/^ {8}(\w+)[:,]/gm)].map(([, name]) => name),
  ]);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});
