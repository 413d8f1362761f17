import { KeyObject } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { startIdentityProvider } from '../sandbox/identity-provider.ts';
import { requestToken } from '../sandbox/request-token.ts';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { TokenIssuer, publicPem, signingKey } from './support/token-issuer.ts';
import type { SigningKey, TokenContent } from './support/token-issuer.ts';

const SECONDS = 1000;
const MINUTES = 60 * SECONDS;
const HOURS = 60 * MINUTES;
const KEY_SET_LIMIT_BYTES = 256 * 1024;

let gateway: TestGateway;
/** Serves the key sets of all issuers but the real one, each at a path of its own. */
let server: TokenIssuer;
let realIssuer: Awaited<ReturnType<typeof startIdentityProvider>>;
let oldKey: SigningKey;
let newKey: SigningKey;

type Behaviour = (response: ServerResponse) => void;

/** An identity provider that publishes a key until a test has it do something else. */
class Provider {
  keys = [oldKey];
  /** What it does instead of publishing, while set. */
  behaviour: Behaviour | undefined;

  constructor(readonly name: string) {}

  get issuer(): string {
    return `https://${this.name}.example.com/`;
  }

  get fetches(): number {
    return server.fetches.filter((path) => path === `/${this.name}`).length;
  }

  answer(response: ServerResponse): void {
    if (this.behaviour) this.behaviour(response);
    else response.end(keySetOf(this.keys));
  }

  async call(key: SigningKey = oldKey, content: TokenContent = {}): Promise<Answer> {
    gateway.octane.reset();
    const claims = { iss: this.issuer, ...content.claims };
    return gateway.sendWelcomeEmail({ token: await server.token({ key, ...content, claims }) });
  }

  /** The answers to tokens that come at one time, as one list of statuses without repetitions. */
  async callTimes(times: number, key: SigningKey, content: TokenContent = {}): Promise<number[]> {
    const answers = await Promise.all(Array.from({ length: times }, () => this.call(key, content)));
    return [...new Set(answers.map(({ status }) => status))];
  }
}

const spareProviders: Provider[] = [];
let providers: ReadonlyMap<string, Provider>;

/** One that the gateway never asked before. */
function freshProvider(): Provider {
  const provider = spareProviders.pop();
  if (!provider) throw new Error('configure more providers');
  return provider;
}

beforeAll(async () => {
  [oldKey, newKey, server, realIssuer] = await Promise.all([
    signingKey('old'),
    signingKey('new', 'ES256'),
    TokenIssuer.start(),
    startIdentityProvider({ port: 0 }),
  ]);
  spareProviders.push(...Array.from({ length: 50 }, (_, index) => new Provider(`provider-${index}`)));
  providers = new Map(spareProviders.map((provider) => [`/${provider.name}`, provider]));
  server.misbehave = (response) => providers.get(response.req.url ?? '')?.answer(response);
  gateway = await TestGateway.start({
    files: { 'key.pem': await publicPem(oldKey), 'keys.json': keySetOf([oldKey, newKey]) },
    gatewayFile: (file) => {
      const sources = new Map<string, object>([
        ...spareProviders.map(
          ({ issuer, name }) => [issuer, { jwksUri: `${server.issuer}${name}` }] as const,
        ),
        ['urn:pem', { publicKeyFile: 'key.pem' }],
        ['urn:key-set', { publicKeyFile: 'keys.json' }],
        ['urn:nobody', { jwksUri: 'http://127.0.0.1:1/jwks' }],
        [realIssuer.issuer, { jwksUri: `${realIssuer.issuer}/jwks` }],
      ]);
      for (const [issuer, source] of sources) {
        file['issuers'].push({ issuer, audience: 'octane-bff', algorithms: ['RS256', 'ES256'], ...source });
        file['callers'].push({ clientId: 'selfcare-app', issuer, groupno: '1001', customers: 'own' });
      }
    },
  });
});
afterAll(() => Promise.all([gateway.stop(), server.stop(), realIssuer.close()]));

const realClock = performance.now.bind(performance);
let aheadMs = 0;
beforeAll(() => {
  performance.now = () => realClock() + aheadMs;
});
afterAll(() => {
  performance.now = realClock;
});

/** Sets forward the clock by which the gateway tells how old keys are. */
function after(milliseconds: number): void {
  aheadMs += milliseconds;
}

function keySetOf(keys: readonly SigningKey[]): string {
  return JSON.stringify({
    keys: keys.map(({ kid, alg, publicKey }) => ({
      ...KeyObject.from(publicKey).export({ format: 'jwk' }),
      kid,
      alg,
      use: 'sig',
    })),
  });
}

function expectAccepted(answer: Answer): void {
  expect({ status: answer.status, code: answer.json?.code }).toEqual({ status: 204 });
  expect(gateway.octane.hits).toHaveLength(1);
}

function expectInvalid(answer: Answer): void {
  expectProblem(answer, 401, 'invalid-token');
  expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  expect(gateway.octane.hits).toHaveLength(0);
}

function expectUnavailable(answer: Answer): void {
  expectProblem(answer, 503, 'keys-unavailable', { outcome: 'not-sent', retryable: true });
  expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(answer.headers).not.toHaveProperty('www-authenticate');
  expect(gateway.octane.hits).toHaveLength(0);
}

describe('the key set', () => {
  it('is fetched once for 50 tokens that come first', async () => {
    const provider = freshProvider();
    expect(await provider.callTimes(50, oldKey)).toEqual([204]);
    expect(provider.fetches).toBe(1);
  });

  it('is fetched again for a key that was published since', async () => {
    const provider = freshProvider();
    expectAccepted(await provider.call(oldKey));
    provider.keys = [oldKey, newKey];
    expect(await provider.callTimes(50, newKey)).toEqual([204]);
    expectAccepted(await provider.call(oldKey));
    expect(provider.fetches).toBe(2);
  });

  it('is fetched at most once in 30 s for keys that nobody published', async () => {
    const provider = freshProvider();
    expectAccepted(await provider.call(oldKey));
    expect(await provider.callTimes(50, oldKey, { header: { kid: 'unknown' } })).toEqual([401]);
    expect(provider.fetches).toBe(2);
    after(20 * SECONDS);
    provider.keys = [newKey];
    expectInvalid(await provider.call(newKey));
    expect(provider.fetches).toBe(2);
    after(10 * SECONDS);
    expectAccepted(await provider.call(newKey));
    expect(provider.fetches).toBe(3);
  });

  it('is fetched again for the new key of an old name', async () => {
    const provider = freshProvider();
    expectAccepted(await provider.call(oldKey));
    provider.keys = [{ ...server.key, kid: oldKey.kid }];
    expect(await provider.callTimes(50, { ...server.key, kid: oldKey.kid })).toEqual([204]);
    expect(provider.fetches).toBe(2);
    expectInvalid(await provider.call(oldKey));
    expect(provider.fetches).toBe(2);
  });

  it('is fetched at most once in 30 s for signatures that no key made', async () => {
    const provider = freshProvider();
    const forger = { ...server.key, kid: oldKey.kid };
    expectAccepted(await provider.call(oldKey));
    expect(await provider.callTimes(50, forger)).toEqual([401]);
    expect(await provider.callTimes(50, oldKey, { header: { kid: 'unknown' } })).toEqual([401]);
    after(10 * SECONDS);
    expect(await provider.callTimes(50, forger)).toEqual([401]);
    expectAccepted(await provider.call(oldKey));
    expect(provider.fetches).toBe(2);
    after(20 * SECONDS);
    expectInvalid(await provider.call(forger));
    expect(provider.fetches).toBe(3);
  });

  it('may have several keys of one name', async () => {
    const provider = freshProvider();
    const twin = { ...server.key, kid: oldKey.kid };
    provider.keys = [oldKey, twin];
    expectAccepted(await provider.call(twin));
    expectAccepted(await provider.call(oldKey));
    expect(provider.fetches).toBe(1);
  });

  it('is 10 minutes old at most, so that a removed key is refused', async () => {
    const provider = freshProvider();
    const iat = Math.floor(Date.now() / 1000);
    const theSame = { claims: { iat, exp: iat + 600 } };
    expectAccepted(await provider.call(oldKey, theSame));
    provider.keys = [newKey];
    after(10 * MINUTES);
    expectInvalid(await provider.call(oldKey, theSame));
    expectAccepted(await provider.call(newKey));
    expect(provider.fetches).toBe(2);
  });

  it('says by being empty that no token is good', async () => {
    const provider = freshProvider();
    provider.keys = [];
    expectInvalid(await provider.call(oldKey));
  });

  it('may be as large as the limit', async () => {
    const provider = freshProvider();
    provider.behaviour = (response) => response.end(keySetOf([oldKey]).padEnd(KEY_SET_LIMIT_BYTES));
    expectAccepted(await provider.call(oldKey));
  });

  it('belongs to one issuer alone', async () => {
    const [first, second] = [freshProvider(), freshProvider()];
    second.keys = [newKey];
    expectAccepted(await first.call(oldKey));
    expectInvalid(await second.call(oldKey));
    expectAccepted(await second.call(newKey));
    expectInvalid(await first.call(newKey));
  });
});

describe('an identity provider that is down', () => {
  const down: Behaviour = (response) => void response.socket?.destroy();
  const redirect =
    (status: number): Behaviour =>
    (response) =>
      response.writeHead(status, { location: '/elsewhere' }).end();
  /** Without an end, and without saying how much. */
  const endless: Behaviour = (response) => {
    const more = (): void =>
      void (response.destroyed || response.write(' '.repeat(64 * 1024), () => setImmediate(more)));
    more();
  };

  it('that never answered lets nobody in and blames no token', async () => {
    const token = await server.token({ claims: { iss: 'urn:nobody' } });
    expectUnavailable(await gateway.sendWelcomeEmail({ token }));
  });

  it.each<[string, Behaviour]>([
    ['cuts the connection', down],
    ...[500, 503, 404, 401, 304].map((status): [string, Behaviour] => [
      `answers ${status}`,
      (response) => response.writeHead(status).end(),
    ]),
    ...[301, 302, 303, 307, 308].map((status): [string, Behaviour] => [
      `redirects with ${status}`,
      redirect(status),
    ]),
    ['answers nothing', (response) => response.writeHead(204).end()],
    ['answers HTML', (response) => response.end('<html>maintenance</html>')],
    ['answers other JSON', (response) => response.end('{"error":"maintenance"}')],
    ['answers a list', (response) => response.end('[]')],
    ['answers null', (response) => response.end('null')],
    ['answers half a key set', (response) => response.end(keySetOf([oldKey]).slice(0, -2))],
    [
      'breaks off',
      (response) => {
        response.writeHead(200, { 'content-length': 10_000 }).write(keySetOf([oldKey]));
        setImmediate(() => response.destroy());
      },
    ],
    ['answers too much', (response) => response.end(keySetOf([oldKey]).padEnd(KEY_SET_LIMIT_BYTES + 1))],
    ['answers without an end', endless],
    [
      'answers too much when unpacked',
      (response) =>
        response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(gzipSync(keySetOf([oldKey]).padEnd(100 * KEY_SET_LIMIT_BYTES))),
    ],
  ])('is one that %s', async (_, behaviour) => {
    const provider = freshProvider();
    provider.behaviour = behaviour;
    expectUnavailable(await provider.call());
    expect(server.fetches).not.toContain('/elsewhere');

    provider.behaviour = undefined;
    after(5 * SECONDS);
    expectAccepted(await provider.call());
    provider.behaviour = behaviour;
    after(10 * MINUTES);
    expectAccepted(await provider.call());
    expectUnavailable(await provider.call(newKey));
  });

  it.each<[string, Behaviour]>([
    [
      'is compressed',
      (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(keySetOf([oldKey]))),
    ],
    ['begins with a byte order mark', (response) => response.end(`\ufeff${keySetOf([oldKey])}`)],
    [
      'is in UTF-16',
      (response) =>
        response
          .writeHead(200, { 'content-type': 'application/json; charset=utf-16le' })
          .end(Buffer.from(keySetOf([oldKey]), 'utf16le')),
    ],
    [
      'comes after interim answers',
      (response) => {
        response.socket?.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n');
        response.end(keySetOf([oldKey]));
      },
    ],
  ])('is not one whose set %s', async (_, behaviour) => {
    const provider = freshProvider();
    provider.behaviour = behaviour;
    expectAccepted(await provider.call());
  });

  it('is one that hangs or drips, too, and no token waits for it whose key is known', async () => {
    const hang: Behaviour = () => {};
    const hangInBody: Behaviour = (response) => void response.write('{"keys":[');
    const drip: Behaviour = (response) => {
      const dripping = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(dripping));
    };
    const slow = [hang, hangInBody, drip].map((behaviour) => ({ provider: freshProvider(), behaviour }));
    let givenUp = 0;
    for (const { provider, behaviour } of slow) {
      expectAccepted(await provider.call());
      provider.behaviour = (response) => {
        response.on('close', () => (givenUp += 1));
        behaviour(response);
      };
    }
    after(5 * MINUTES);
    for (const { provider } of slow) expectAccepted(await provider.call());
    expect(givenUp).toBe(0);
    gateway.octane.reset();
    const refusals = await Promise.all(slow.map(({ provider }) => provider.call(newKey)));
    await eventually(() => givenUp === slow.length);
    for (const refusal of refusals) expectUnavailable(refusal);
  });

  it('leaves known keys good for 24 hours', async () => {
    const provider = freshProvider();
    expectAccepted(await provider.call());
    provider.behaviour = down;
    for (const milliseconds of [10 * MINUTES, 1 * HOURS, 22 * HOURS]) {
      after(milliseconds);
      expectAccepted(await provider.call());
    }
    after(1 * HOURS);
    expectUnavailable(await provider.call());
  });

  it('is told of once when it goes, and once when it is back', async () => {
    const provider = freshProvider();
    const told = (): unknown[] =>
      gateway.log
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ issuer, msg }) => issuer === provider.issuer && msg !== 'request completed')
        .map(({ level, msg }) => [level, msg]);
    expectAccepted(await provider.call());
    expect(told()).toEqual([]);
    for (const outage of [1, 2]) {
      provider.behaviour = down;
      for (const milliseconds of [10 * MINUTES, 1 * MINUTES, 1 * HOURS]) {
        const before = provider.fetches;
        after(milliseconds);
        expectUnavailable(await provider.call(newKey));
        expect(provider.fetches).toBeGreaterThan(before);
      }
      provider.behaviour = undefined;
      after(1 * MINUTES);
      expectInvalid(await provider.call(newKey));
      after(10 * MINUTES);
      expectInvalid(await provider.call(newKey));
      const once = [
        ['warn', 'signing keys could not be fetched'],
        ['warn', 'signing keys can be fetched again'],
      ];
      expect(told()).toEqual(Array.from({ length: outage }, () => once).flat());
    }
  });

  it('does not make good what is bad anyway', async () => {
    const provider = freshProvider();
    expectAccepted(await provider.call());
    provider.behaviour = down;
    expectInvalid(await provider.call(oldKey, { claims: { exp: 1 } }));
    expectInvalid(await provider.call({ ...server.key, kid: oldKey.kid }));
    expectInvalid(await provider.call(oldKey, { header: { typ: 'at+jwt', b64: true } }));
  });

  it('is trusted again when it is back', async () => {
    const provider = freshProvider();
    provider.behaviour = down;
    expectUnavailable(await provider.call());
    provider.behaviour = undefined;
    after(1 * SECONDS);
    expectAccepted(await provider.call());
    provider.behaviour = down;
    expectUnavailable(await provider.call(newKey));
    provider.behaviour = undefined;
    provider.keys = [newKey];
    after(30 * SECONDS);
    expectAccepted(await provider.call(newKey));
    expectInvalid(await provider.call(oldKey));
  });
});

describe('a public key file', () => {
  const token = (iss: string, key: SigningKey, header = {}): Promise<string> =>
    server.token({ key, header, claims: { iss } });

  it.each([
    ['a PEM key', 'urn:pem', () => oldKey, {}],
    ['a PEM key, whatever the kid', 'urn:pem', () => oldKey, { kid: 'any' }],
    ['a PEM key, without a kid', 'urn:pem', () => oldKey, { kid: undefined }],
    ['the key of the name in a JWK Set', 'urn:key-set', () => newKey, {}],
    ['the only fitting key in a JWK Set', 'urn:key-set', () => oldKey, { kid: undefined }],
  ])('verifies with %s', async (_, iss, key, header) => {
    gateway.octane.reset();
    expectAccepted(await gateway.sendWelcomeEmail({ token: await token(iss, key(), header) }));
  });

  it.each([
    ['another key', 'urn:pem', () => server.key, {}],
    ['a key of another kind', 'urn:pem', () => newKey, {}],
    ['another key of a name in the set', 'urn:key-set', () => server.key, { kid: 'old' }],
    ['a name that is not in the set', 'urn:key-set', () => oldKey, { kid: 'unknown' }],
    ['the name of a key of another kind', 'urn:key-set', () => oldKey, { kid: 'new' }],
  ])('does not verify with %s', async (_, iss, key, header) => {
    gateway.octane.reset();
    expectInvalid(await gateway.sendWelcomeEmail({ token: await token(iss, key(), header) }));
  });
});

describe('a real OpenID provider', () => {
  it('gives tokens that are accepted, and goes on doing so when it changes its key', async () => {
    const getToken = async (): Promise<string> =>
      (await requestToken({ issuer: realIssuer.issuer, client: 'selfcare-app', custno: '700123' }))
        .accessToken;
    const call = (token: string): Promise<Answer> => {
      gateway.octane.reset();
      return gateway.sendWelcomeEmail({ token });
    };

    const oldToken = await getToken();
    expectAccepted(await call(oldToken));
    expect(gateway.octane.hits[0]?.path).toBe('/tiab/api/v1/group/1001/customer/700123/send-welcome-email');

    const { issuer } = realIssuer;
    await realIssuer.close();
    expectAccepted(await call(oldToken));
    realIssuer = await startIdentityProvider({ port: Number(new URL(issuer).port) });
    expect(realIssuer.issuer).toBe(issuer);

    expectAccepted(await call(oldToken));
    expectAccepted(await call(await getToken()));
    expectInvalid(await call(oldToken));
  });
});
