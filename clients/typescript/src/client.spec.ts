import { getRandomValues, randomUUID } from 'node:crypto';
import { createClient, isOctaneBffError } from './index.ts';
import type { AnyOctaneBffError, ChangeOptions, ClientOptions, Fetch } from './index.ts';

type Reply = Error | { status: number; headers?: Record<string, string>; body?: unknown };

const SENT: Reply = { status: 204 };
const problem = (code: string, status: number, rest: object = {}, headers = {}): Reply => ({
  status,
  headers,
  body: { type: `/problems/${code}`, title: code, status, detail: `${code}.`, instance: 'id', code, ...rest },
});
const OVERLOADED = problem(
  'overloaded',
  503,
  { outcome: 'not-sent', retryable: true },
  { 'retry-after': '2' },
);
const UNKNOWN = problem('octane-error', 502, { outcome: 'unknown', retryable: true });

/** Answers with one reply after the other, and with the last one for ever. */
function scripted(...replies: Reply[]) {
  const requests: { url: string; headers: Record<string, string>; body: string | undefined; atMs: number }[] =
    [];
  const fetch: Fetch = async (url, { headers, body }) => {
    requests.push({ url, headers, body, atMs: Date.now() });
    const reply = replies.length > 1 ? replies.shift()! : replies[0]!;
    if (reply instanceof Error) throw reply;
    return {
      status: reply.status,
      headers: { get: (name) => reply.headers?.[name] ?? null },
      text: async () => (typeof reply.body === 'string' ? reply.body : (JSON.stringify(reply.body) ?? '')),
    };
  };
  return { fetch, requests };
}

/** Lets the time of a call pass, and gives what it comes to. */
async function send(
  fetch: Fetch,
  options: Partial<ClientOptions> = {},
  call: ChangeOptions = {},
): Promise<unknown> {
  const client = createClient({
    baseUrl: 'https://api.example.com/',
    token: () => 'token',
    fetch,
    ...options,
  });
  const settled = client.sendWelcomeEmail('me', call).catch((error: unknown) => error);
  await jest.advanceTimersByTimeAsync(120_000);
  return settled;
}

/** Lets `use` run on a platform with this `crypto`. */
async function withCrypto<T>(platformCrypto: object | undefined, use: () => Promise<T>): Promise<T> {
  const { crypto: original } = globalThis;
  Object.defineProperty(globalThis, 'crypto', { value: platformCrypto, configurable: true });
  try {
    return await use();
  } finally {
    Object.defineProperty(globalThis, 'crypto', { value: original, configurable: true });
  }
}

function refused(settled: unknown): AnyOctaneBffError {
  if (!isOctaneBffError(settled)) throw new Error('not refused', { cause: settled });
  return settled;
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

describe('the client', () => {
  it('sends the same key with each try, and a request id of its own', async () => {
    const { fetch, requests } = scripted(new TypeError('offline'), OVERLOADED, SENT);
    const receipt = await send(fetch);
    const [first, ...others] = requests.map(({ headers }) => headers['idempotency-key']);
    expect(others).toEqual([first, first]);
    const ids = requests.map(({ headers }) => headers['x-request-id']);
    expect(new Set(ids).size).toBe(3);
    expect(receipt).toEqual({
      idempotencyKey: first!.slice(1, -1),
      requestId: ids[2],
      replayed: false,
    });
    expect(requests[0]).toMatchObject({
      url: 'https://api.example.com/v1/customers/me/send-welcome-email',
      body: '{}',
    });
  });

  it.each<[string, object]>([
    ['randomUUID', { randomUUID }],
    ['getRandomValues alone', { getRandomValues }],
  ])('makes keys with %s, and never with Math.random', async (_what, platformCrypto) => {
    const { fetch, requests } = scripted(SENT);
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    await withCrypto(platformCrypto, async () => {
      for (let call = 0; call < 100; call += 1) await send(fetch);
    });
    const keys = requests.map(({ headers }) => headers['idempotency-key']!);
    expect(new Set(keys).size).toBe(100);
    expect(keys.filter((key) => !/^"[\da-f-]{32,36}"$/.test(key))).toEqual([]);
  });

  it.each([undefined, {}])('makes no key where crypto is %j, and says what to do', async (platformCrypto) => {
    const { fetch, requests } = scripted(SENT);
    const [settled, given, made] = await withCrypto(platformCrypto, async () => [
      await send(fetch),
      await send(fetch, {}, { idempotencyKey: 'of the app' }),
      await send(fetch, { newIdempotencyKey: () => 'made by the app' }),
    ]);
    expect(settled).toMatchObject({ message: expect.stringContaining('newIdempotencyKey') });
    expect([given, made]).toMatchObject([
      { idempotencyKey: 'of the app' },
      { idempotencyKey: 'made by the app' },
    ]);
    expect(requests).toHaveLength(2);
  });

  it('takes its request ids from elsewhere than its keys', async () => {
    const made = jest.fn(() => 'from the generator of keys');
    const { fetch, requests } = scripted(OVERLOADED);
    await send(fetch, { newIdempotencyKey: made });
    expect(made).toHaveBeenCalledTimes(1);
    const drawn = jest.fn(randomUUID);
    await withCrypto({ randomUUID: drawn }, () => send(fetch));
    expect(drawn).toHaveBeenCalledTimes(1);
    for (const { headers } of requests) expect(headers['x-request-id']).toMatch(/^[\w.-]{1,128}$/);
  });

  it.each([
    '',
    'api.example.com',
    '/billing',
    'ftp://api.example.com',
    'https://',
    'https://user:password@api.example.com',
    'https://api.example.com?tenant=1',
    'https://api.example.com/#top',
    ' https://api.example.com',
    'https://api.example.com/a b',
  ])('refuses the baseUrl %j at once', (baseUrl) => {
    expect(() => createClient({ baseUrl, token: () => 'token' })).toThrow(
      new TypeError('baseUrl must be an address such as https://api.example.com, without a query'),
    );
  });

  it.each([
    ['https://api.example.com', 'https://api.example.com'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['http://[::1]:3000/', 'http://[::1]:3000'],
    ['HTTPS://api.example.com/billing//', 'HTTPS://api.example.com/billing'],
  ])('takes the baseUrl %j', async (baseUrl, start) => {
    const { fetch, requests } = scripted(SENT);
    await send(fetch, { baseUrl });
    expect(requests[0]!.url).toBe(`${start}/v1/customers/me/send-welcome-email`);
  });

  it.each(['', 'ключ', 'a\nb', 'x'.repeat(256)])(
    'refuses the key %j before it sends anything',
    async (idempotencyKey) => {
      const { fetch, requests } = scripted(SENT);
      expect(await send(fetch, {}, { idempotencyKey })).toBeInstanceOf(RangeError);
      expect(requests).toEqual([]);
    },
  );

  it('waits for Retry-After and a little more, twice as much each time', async () => {
    const { fetch, requests } = scripted(OVERLOADED);
    expect(refused(await send(fetch, { maxTries: 4 })).code).toBe('overloaded');
    const waits = requests.slice(1).map(({ atMs }, index) => atMs - requests[index]!.atMs);
    expect(waits).toHaveLength(3);
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(2000 + 250 * 2 ** index);
      expect(wait).toBeLessThanOrEqual(2001 + 500 * 2 ** index);
    }
  });

  it.each([
    [OVERLOADED, 3],
    [UNKNOWN, 3],
    [new TypeError('offline'), 3],
    [{ status: 502, body: '<h1>Bad Gateway</h1>' }, 3],
    [{ status: 429 }, 3],
    [{ status: 200, body: '<h1>Welcome to our hotel</h1>' }, 1],
    [{ status: 200, body: 'null' }, 1],
    [problem('octane-error', 502, { outcome: 'unknown', retryable: false }), 1],
    [problem('validation-failed', 422, { errors: [] }), 1],
    [problem('a-code-of-a-later-version', 400), 1],
  ])('tries after %j so many times: %i', async (reply, tries) => {
    const { fetch, requests } = scripted(reply);
    refused(await send(fetch));
    expect(requests).toHaveLength(tries);
  });

  it.each([
    ['120', 120],
    ['0', 0],
    ['Sat, 28 Nov 2026 12:00:30 GMT', 30],
    ['Saturday, 28-Nov-26 12:00:30 GMT', 30],
    ['Sat Nov 28 12:00:30 2026', 30],
    ['Sat, 28 Nov 2026 11:00:00 GMT', 0],
    ['', undefined],
    ['1.5', undefined],
    ['-5', undefined],
    ['+3', undefined],
    ['7, 7', undefined],
    ['2026-11-28T12:00:30Z', undefined],
    ['Sat, soon', undefined],
  ])('reads the Retry-After %j as %s', async (retryAfter, seconds) => {
    jest.setSystemTime(new Date('2026-11-28T12:00:00Z'));
    const { fetch } = scripted(problem('overloaded', 503, {}, { 'retry-after': retryAfter }));
    expect(refused(await send(fetch, { maxTries: 1 })).retryAfterSeconds).toBe(seconds);
  });

  it('keeps what fetch threw as the cause', async () => {
    const cause = new TypeError('fetch failed', { cause: new Error('self-signed certificate') });
    expect(refused(await send(scripted(cause).fetch))).toMatchObject({ code: 'network-error', cause });
    expect(refused(await send(scripted(OVERLOADED).fetch))).not.toHaveProperty('cause');
  });

  it('does not begin a wait that would outlast the call', async () => {
    const { fetch, requests } = scripted(
      problem('rate-limited', 429, { outcome: 'not-sent', retryable: true }, { 'retry-after': '3600' }),
    );
    expect(refused(await send(fetch))).toMatchObject({ code: 'rate-limited', retryAfterSeconds: 3600 });
    expect(requests).toHaveLength(1);
  });

  it('waits for its own request for as long as the call may take', async () => {
    const { fetch, requests } = scripted(problem('request-in-progress', 409, {}, { 'retry-after': '1' }));
    const error = refused(await send(fetch, { timeoutMs: 10_000 }));
    expect(error).toMatchObject({ code: 'request-in-progress', outcome: 'unknown', retryable: true });
    expect(requests.length).toBeGreaterThan(5);
  });

  it.each<[string, Reply[], string | undefined]>([
    ['nothing was sent', [OVERLOADED], 'not-sent'],
    ['one try got lost', [new TypeError('reset'), OVERLOADED], 'unknown'],
    [
      'one try is in doubt',
      [UNKNOWN, problem('octane-rejected', 422, { outcome: 'rejected', retryable: false })],
      'unknown',
    ],
    [
      'a lost try was refused',
      [
        new TypeError('reset'),
        problem(
          'octane-rejected',
          422,
          { outcome: 'rejected', retryable: false },
          { 'idempotency-replayed': 'true' },
        ),
      ],
      'rejected',
    ],
    [
      'the change was made',
      [UNKNOWN, problem('octane-contract-violation', 502, { outcome: 'applied', retryable: false })],
      'applied',
    ],
    ['the gateway refused', [problem('customer-not-permitted', 403)], undefined],
  ])('looks back on all tries: %s', async (_case, replies, outcome) => {
    expect(refused(await send(scripted(...replies).fetch)).outcome).toBe(outcome);
  });

  it('lets out what the token function throws', async () => {
    const loggedOut = new Error('logged out');
    const { fetch, requests } = scripted(SENT);
    expect(await send(fetch, { token: () => Promise.reject(loggedOut) })).toBe(loggedOut);
    expect(requests).toEqual([]);
  });

  it('does not wait for a token for ever', async () => {
    const token = (): Promise<string> => new Promise(() => undefined);
    const error = refused(await send(scripted(SENT).fetch, { token }));
    expect(error).toMatchObject({ code: 'timeout', outcome: 'not-sent' });
  });

  it('leaves no timer behind', async () => {
    await send(scripted(OVERLOADED, SENT).fetch, {}, { signal: new AbortController().signal });
    expect(jest.getTimerCount()).toBe(0);
  });
});
