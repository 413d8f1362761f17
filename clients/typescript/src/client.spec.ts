import { jest } from '@jest/globals';
import { createClient, isOctaneBffError } from './index.ts';
import type { AnyOctaneBffError, CallOptions, ClientOptions, Fetch } from './index.ts';

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
  call: CallOptions = {},
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

function refused(settled: unknown): AnyOctaneBffError {
  if (!isOctaneBffError(settled)) throw new Error('not refused', { cause: settled });
  return settled;
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
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

  it('makes different keys where the platform has no crypto', async () => {
    const { crypto } = globalThis;
    Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
    const { fetch, requests } = scripted(SENT);
    for (let call = 0; call < 100; call += 1) await send(fetch);
    Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
    const keys = requests.map(({ headers }) => headers['idempotency-key']!);
    expect(new Set(keys).size).toBe(100);
    expect(keys.filter((key) => !/^"[\da-f]{8}(-[\da-f]{8}){3}"$/.test(key))).toEqual([]);
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
