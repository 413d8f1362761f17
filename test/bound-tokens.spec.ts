import { exportJWK } from 'jose';
import { eventually } from './support/eventually.ts';
import { proofKey, proofOf } from './support/bound-token.ts';
import type { ProofContent, ProofKey } from './support/bound-token.ts';
import { expectProblem } from './support/expect-problem.ts';
import { open, services } from './support/further-operations.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { TestPostgres } from './support/postgres.ts';
import { TokenIssuer } from './support/token-issuer.ts';

const PATH = '/v1/customers/700123/send-welcome-email';
/** It asks for a strong and recent login. */
const vault = {
  ...services,
  name: 'vault',
  id: 'vault',
  route: 'GET /v1/customers/{custno}/vault',
  requireAcr: ['urn:bank:2', 'phr'],
  maxAuthAgeSeconds: 300,
} as const;
const NOT_SENT = { outcome: 'not-sent', retryable: true };

let gateway: TestGateway;
/** An issuer that must bind its tokens. */
let strict: TokenIssuer;
let key: ProofKey;
let otherKey: ProofKey;
let token: string;

beforeAll(async () => {
  [strict, key, otherKey] = await Promise.all([TokenIssuer.start(), proofKey(), proofKey()]);
  gateway = await TestGateway.start({
    // A second bad token would be 429.
    environment: { AUTH_FAILURE_RATE_LIMIT: '1' },
    operations: [
      open(vault),
      open({ ...services, requireAcr: ['"a\\b" ü'] }),
      open({
        ...services,
        name: 'age',
        id: 'age',
        route: 'GET /v1/customers/{custno}/age',
        maxAuthAgeSeconds: 1,
      }),
    ],
    gatewayFile: ({ issuers, callers }) => {
      const { issuer, jwksUri } = strict;
      issuers.push({ issuer, audience: 'octane-bff', jwksUri, requireSenderConstrained: true });
      callers.push({ clientId: 'selfcare-app', issuer, groupno: '1001', customers: 'own' });
    },
  });
  token = await boundToken(key);
});
afterAll(() => Promise.all([gateway.stop(), strict.stop()]));
beforeEach(() => gateway.octane.reset());

const boundToken = ({ jkt }: ProofKey, claims: Record<string, unknown> = {}): Promise<string> =>
  gateway.issuer.token({ claims: { cnf: { jkt }, ...claims } });

const urlOf = (): string => `http://127.0.0.1:${gateway.port}${PATH}`;

const proof = (content?: ProofContent, bound = token): Promise<string> =>
  proofOf(key, { method: 'POST', url: urlOf(), token: bound }, content);

/** Sends a token with the scheme DPoP, and the DPoP headers. */
const send = (
  dpop: string | string[] | undefined,
  { bound = token, to = gateway, headers = {} }: { bound?: string; to?: TestGateway; headers?: object } = {},
): Promise<Answer> =>
  to.call({
    path: PATH,
    headers: { authorization: `DPoP ${bound}`, ...(dpop !== undefined && { dpop }), ...headers },
  });

function expectBadProof(answer: Answer): void {
  expectProblem(answer, 401, 'invalid-dpop-proof');
  expect(answer.headers['www-authenticate']).toBe(
    'DPoP error="invalid_dpop_proof", algs="ES256 ES384 ES512 RS256 PS256 EdDSA Ed25519"',
  );
  expect(gateway.octane.hits).toHaveLength(0);
}

function expectInvalidToken(answer: Answer, scheme = 'DPoP'): void {
  expectProblem(answer, 401, 'invalid-token');
  expect(answer.headers['www-authenticate']).toBe(`${scheme} error="invalid_token"`);
  expect(gateway.octane.hits).toHaveLength(0);
}

describe('a bound token', () => {
  it.each(['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'EdDSA', 'Ed25519'])(
    'is accepted with a proof by %s, when it is remembered, too',
    async (alg) => {
      const ofAlg = await proofKey(alg);
      const bound = await boundToken(ofAlg);
      const newProof = () => proofOf(ofAlg, { method: 'POST', url: urlOf(), token: bound });
      expect((await send(await newProof(), { bound })).status).toBe(204);
      expect((await send(await newProof(), { bound })).status).toBe(204);
      expectBadProof(Object.assign(await send(undefined, { bound }), gateway.octane.reset()));
    },
  );

  it.each(['dpop', 'DPOP', 'dPoP'])('may be sent as %s', async (scheme) => {
    const headers = { authorization: `${scheme}  ${token}` };
    expect((await send(await proof(), { headers })).status).toBe(204);
  });

  it('is told apart in the log, with how its user logged in', async () => {
    const lineOf = ({ headers }: Answer): Promise<Record<string, unknown>> =>
      eventually(() =>
        gateway.log
          .map((line) => JSON.parse(line) as Record<string, unknown>)
          .find(({ requestId, audit }) => audit === true && requestId === headers['x-request-id']),
      );
    const bound = await boundToken(key, { acr: 'urn:bank:2' });
    const line = await lineOf(await send(await proof({}, bound), { bound }));
    expect(line).toMatchObject({ bound: true, acr: 'urn:bank:2' });
    const bearer = await gateway.issuer.token({ claims: { acr: 'jo@example.com' } });
    const other = await lineOf(await gateway.sendWelcomeEmail({ token: bearer }));
    expect(other).toMatchObject({ acr: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(other).not.toHaveProperty('bound');
  });

  it('is no bearer token', async () => {
    const headers = { authorization: `Bearer ${token}` };
    const good = await proof();
    expectInvalidToken(await send(undefined, { headers }));
    expectInvalidToken(await send(good, { headers }));
    // Nobody asked for the proof.
    expect((await send(good)).status).toBe(204);
  });

  it('is refused as such when it has expired', async () => {
    const bound = await boundToken(key, { exp: 1 });
    expectInvalidToken(await send(await proof({}, bound), { bound }));
    expectInvalidToken(await send(undefined, { headers: { authorization: `Bearer ${bound}` } }));
  });

  it('is refused with a proof of another key', async () => {
    const url = urlOf();
    expectInvalidToken(await send(await proofOf(otherKey, { method: 'POST', url, token })));
  });

  it('is told what scope it lacks by its own scheme', async () => {
    const bound = await boundToken(key, { scope: 'openid' });
    const answer = await send(await proof({}, bound), { bound });
    expectProblem(answer, 403, 'insufficient-scope');
    expect(answer.headers['www-authenticate']).toBe(
      'DPoP error="insufficient_scope", scope="welcome-email:send"',
    );
  });

  it.each([
    ['by a certificate', { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' }],
    ['by nothing', {}],
    ['by a key in two ways', (jkt: string) => ({ jkt, kid: 'a' })],
    ['by something else than a text', { jkt: 7 }],
  ])('is refused where it is bound %s', async (_, cnf) => {
    const bound = await gateway.issuer.token({
      claims: { cnf: typeof cnf === 'function' ? cnf(key.jkt) : cnf },
    });
    expectInvalidToken(await send(await proof({}, bound), { bound }));
    expectInvalidToken(await send(undefined, { headers: { authorization: `Bearer ${bound}` } }), 'Bearer');
  });
});

describe('a token that is not bound', () => {
  it('is refused with the scheme DPoP', async () => {
    const bound = await gateway.issuer.token();
    expectInvalidToken(await send(await proof({}, bound), { bound }));
    expect((await gateway.sendWelcomeEmail({ token: bound })).status).toBe(204);
  });

  it('is refused where the issuer must bind its tokens', async () => {
    expectInvalidToken(await gateway.sendWelcomeEmail({ token: await strict.token() }));
    const bound = await strict.token({ claims: { cnf: { jkt: key.jkt } } });
    expect((await send(await proof({}, bound), { bound })).status).toBe(204);
  });

  it('is none where none is sent', async () => {
    for (const authorization of ['DPoP', 'DPoP ']) {
      const answer = await send(await proof(), { headers: { authorization } });
      expectProblem(answer, 401, 'authentication-required');
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    expectInvalidToken(await send(await proof(), { bound: 'x' }));
  });
});

describe('a bad proof is refused and never counts as a bad token:', () => {
  const now = (): number => Math.floor(Date.now() / 1000);
  it.each<[string, () => ProofContent | Promise<ProofContent>]>([
    ['another type', () => ({ header: { typ: 'JWT' } })],
    ['no type', () => ({ header: { typ: undefined } })],
    ['an unknown critical parameter', () => ({ header: { crit: ['x'], x: 1 } })],
    ['no key', () => ({ header: { jwk: undefined } })],
    ['the signature of another key', () => ({ signer: otherKey })],
    ['a private key', async () => ({ header: { jwk: await exportJWK(key.privateKey) } })],
    ['a private member', () => ({ header: { jwk: { ...key.jwk, p: 'AA' } } })],
    ['a key that is no object', () => ({ header: { jwk: 'x' } })],
    ['another algorithm than that of the key', () => ({ header: { jwk: { ...key.jwk, alg: 'ES384' } } })],
    ['another method', () => ({ claims: { htm: 'GET' } })],
    ['a method in lower case', () => ({ claims: { htm: 'post' } })],
    ['no method', () => ({ claims: { htm: undefined } })],
    ['no URL', () => ({ claims: { htu: undefined } })],
    ['a URL that is a number', () => ({ claims: { htu: 7 } })],
    ['an id that is empty', () => ({ claims: { jti: '' } })],
    ['no id', () => ({ claims: { jti: undefined } })],
    ['an id that is a number', () => ({ claims: { jti: 7 } })],
    ['another token', () => ({ claims: { ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo' } })],
    ['no token', () => ({ claims: { ath: undefined } })],
    ['no time', () => ({ claims: { iat: undefined } })],
    ['a time that is a text', () => ({ claims: { iat: String(now()) } })],
    ['one that has expired', () => ({ claims: { exp: now() - 600 } })],
  ])('%s', async (_, content) => {
    expectBadProof(await send(await proof(await content())));
  });

  it.each([-90, 90])('a time %i s from now, and says so', async (seconds) => {
    const answer = await send(await proof({ claims: { iat: now() + seconds } }));
    expectBadProof(answer);
    expect(answer.json.detail).toMatch(/"iat"/);
    expect((await send(await proof({ claims: { iat: now() + seconds / 2 } }))).status).toBe(204);
  });

  it('a weak RSA key, a curve of another algorithm, and a secret', async () => {
    const { privateKey, publicKey } = await crypto.subtle.generateKey(
      {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: 1024,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: 'SHA-256',
      },
      true,
      ['sign', 'verify'],
    );
    const jwk = await exportJWK(publicKey);
    const input = [
      { typ: 'dpop+jwt', alg: 'RS256', jwk },
      { jti: 'a', htm: 'POST', htu: urlOf(), iat: now() },
    ]
      .map((each) => Buffer.from(JSON.stringify(each)).toString('base64url'))
      .join('.');
    const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, Buffer.from(input));
    expectBadProof(await send(`${input}.${Buffer.from(signature).toString('base64url')}`));
    const p384 = await proofKey('ES384');
    const good = await proof();
    const [, claims, mark] = good.split('.');
    for (const header of [
      { typ: 'dpop+jwt', alg: 'ES256', jwk: p384.jwk },
      { typ: 'dpop+jwt', alg: 'none', jwk: key.jwk },
      { typ: 'dpop+jwt', alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } },
    ]) {
      const part = Buffer.from(JSON.stringify(header)).toString('base64url');
      expectBadProof(await send(`${part}.${claims}.${mark}`));
    }
  });

  it('none, an empty one, no JWT, and two', async () => {
    for (const dpop of [undefined, '', 'x', 'a.b.c', [await proof(), await proof()]])
      expectBadProof(await send(dpop));
    const twice = await proof();
    expectBadProof(await send([twice, twice]));
    expect((await send(twice)).status).toBe(204);
  });
});

describe('the URL of a proof', () => {
  const htu = (change: (url: string) => string) => async (): Promise<Answer> =>
    send(await proof({ claims: { htu: change(urlOf()) } }));

  it.each<[string, () => Promise<Answer>]>([
    ['scheme and host in upper case', htu((url) => url.replace('http', 'HTTP'))],
    ['a query and a fragment', htu((url) => `${url}?a=b#c`)],
    ['dot segments', htu((url) => url.replace('/v1/', '/x/../v1/./'))],
    ['encoded letters', htu((url) => url.replace('customers', '%63ustomer%73'))],
  ])('may have %s', async (_, sent) => {
    expect((await sent()).status).toBe(204);
  });

  it.each<[string, () => Promise<Answer>]>([
    ['another scheme', htu((url) => url.replace('http', 'https'))],
    ['another host', htu((url) => url.replace('127.0.0.1', 'localhost'))],
    ['another port', htu((url) => url.replace(/:\d+/, ':1'))],
    ['no port', htu((url) => url.replace(/:\d+/, ''))],
    ['another path', htu((url) => `${url}/`)],
    ['another case of the path', htu((url) => url.replace('customers', 'Customers'))],
    ['an encoded slash', htu((url) => url.replace('/v1/', '/v1%2F'))],
    ['a user', htu((url) => url.replace('//', '//user@'))],
    ['a path alone', htu(() => PATH)],
    ['a backslash', htu((url) => url.replace('/v1/', '/v1\\'))],
  ])('must not have %s', async (_, sent) => {
    expectBadProof(await sent());
  });

  it('is that of the Host, whatever a proxy says', async () => {
    const sent = async (url: string, headers: object) =>
      (await send(await proof({ claims: { htu: url } }), { headers })).status;
    const forwarded = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
    expect(await sent(urlOf(), forwarded)).toBe(204);
    expect(await sent(`https://evil.example${PATH}`, forwarded)).toBe(401);
    expect(await sent(`http://api.example.com${PATH}`, { host: 'API.example.com:80' })).toBe(204);
    expect(await sent('http://api.example.com/', { host: 'api.example.com/?' })).toBe(401);
  });
});

describe('a proof that was used', () => {
  it('is bad for the same request', async () => {
    const good = await proof();
    expect((await send(good)).status).toBe(204);
    gateway.octane.reset();
    const again = await send(good);
    expectBadProof(again);
    expect(again.json.detail).toMatch(/used before/);
  });

  it('is bad when the first request was refused later, and its id is free for another key', async () => {
    const good = await proof({ claims: { jti: 'one' } });
    const refused = await send(good, { headers: { 'content-type': 'text/plain', 'idempotency-key': '' } });
    expect(refused.status).toBe(400);
    expectBadProof(await send(good));
    const bound = await boundToken(otherKey);
    const content = { claims: { jti: 'one' } };
    const other = await proofOf(otherKey, { method: 'POST', url: urlOf(), token: bound }, content);
    expect((await send(other, { bound })).status).toBe(204);
  });

  it('is not used up by a bad one of its id', async () => {
    const claims = { jti: 'two' };
    expectBadProof(await send(await proof({ claims: { ...claims, htm: 'GET' } })));
    expect((await send(await proof({ claims }))).status).toBe(204);
  });

  it('is used by one of many requests at once', async () => {
    const good = await proof();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(good)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(gateway.octane.hits).toHaveLength(1);
  });
});

describe('an operation that asks for a login', () => {
  const VAULT = '/v1/customers/700123/vault';
  const NEEDED =
    'Bearer error="insufficient_user_authentication", acr_values="urn:bank:2 phr", max_age="300"';
  const now = (): number => Math.floor(Date.now() / 1000);
  const scope = 'services:read';
  const ask = async (claims: Record<string, unknown>, path = VAULT): Promise<Answer> =>
    gateway.call({
      method: 'GET',
      path,
      token: await gateway.issuer.token({ claims: { scope, ...claims } }),
    });
  beforeEach(() => {
    gateway.octane.script = (_hit, response) => response.writeHead(200).end('{}');
  });
  afterEach(() => jest.restoreAllMocks());

  it.each(['urn:bank:2', 'phr'])('takes one of the strength %s', async (acr) => {
    for (const seconds of [0, -290, 20])
      expect((await ask({ acr, auth_time: now() + seconds })).status).toBe(200);
  });

  it.each<[string, () => Record<string, unknown>]>([
    ['says nothing', () => ({})],
    ['does not say how', () => ({ auth_time: now() })],
    ['does not say when', () => ({ acr: 'phr' })],
    ['is too weak', () => ({ acr: 'urn:bank:1', auth_time: now() })],
    ['says how in a list', () => ({ acr: ['phr'], auth_time: now() })],
    ['is too long ago', () => ({ acr: 'phr', auth_time: now() - 310 })],
    ['is yet to come', () => ({ acr: 'phr', auth_time: now() + 60 })],
    ['says when in a text', () => ({ acr: 'phr', auth_time: String(now()) })],
    ['says when in nothing', () => ({ acr: 'phr', auth_time: null })],
  ])('refuses one that %s, and tells what it needs', async (_, claims) => {
    const answer = await ask(claims());
    expect({ status: answer.status, code: answer.json.code }).toEqual({
      status: 401,
      code: 'insufficient-user-authentication',
    });
    expect(answer.headers['www-authenticate']).toBe(NEEDED);
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('comes after the customer, and asks by the scheme of the token', async () => {
    expect((await ask({}, VAULT.replace('700123', '700124'))).json.code).toBe('customer-not-permitted');
    const bound = await boundToken(key, { scope });
    const url = `http://127.0.0.1:${gateway.port}${VAULT}`;
    const dpop = await proofOf(key, { method: 'GET', url, token: bound });
    const headers = { authorization: `DPoP ${bound}`, dpop };
    const answer = await gateway.call({ method: 'GET', path: VAULT, headers });
    expect(answer.headers['www-authenticate']).toBe(NEEDED.replace('Bearer', 'DPoP'));
  });

  it('judges the age of a remembered token anew', async () => {
    const remembered = await gateway.issuer.token({ claims: { scope, acr: 'phr', auth_time: now() } });
    const again = (): Promise<Answer> => gateway.call({ method: 'GET', path: VAULT, token: remembered });
    expect((await again()).status).toBe(200);
    const later = Date.now() + 310_000;
    jest.spyOn(Date, 'now').mockReturnValue(later);
    expect((await again()).json.code).toBe('insufficient-user-authentication');
  });

  it('tells only what it asks for, in characters that a header may hold', async () => {
    const strength = await ask({}, '/v1/customers/700123/services');
    expect(strength.headers['www-authenticate']).toBe(
      String.raw`Bearer error="insufficient_user_authentication", acr_values="\"a\\b\" %C3%BC"`,
    );
    const age = await ask({}, '/v1/customers/700123/age');
    expect(age.headers['www-authenticate']).toBe(
      'Bearer error="insufficient_user_authentication", max_age="1"',
    );
    const { paths } = (await gateway.call({ method: 'GET', path: '/openapi.json' })).json;
    const documented = JSON.stringify(paths['/v1/customers/{custno}/vault'].get.responses[401]);
    expect(documented).toContain('insufficient-user-authentication');
  });
});

describe('two replicas with PostgreSQL behind one address', () => {
  let postgres: TestPostgres;
  let one: TestGateway;
  let other: TestGateway;
  beforeAll(async () => {
    postgres = await TestPostgres.start();
    const environment = {
      DATABASE_URL: await postgres.newDatabase(),
      PUBLIC_URL: 'https://api.example.com/bff/',
      OCTANE_TIMEOUT_MS: '2000',
    };
    [one, other] = [
      await TestGateway.start({ environment, beside: gateway }),
      await TestGateway.start({ environment, beside: gateway }),
    ];
  });
  afterAll(async () => {
    await Promise.all([one.stop(), other.stop()]);
    await postgres.stop();
  });

  const publicProof = () => proof({ claims: { htu: `https://API.example.com:443/bff${PATH}` } });

  it('take a proof of the public URL, and no other', async () => {
    expect((await send(await publicProof(), { to: one })).status).toBe(204);
    for (const htu of [`http://127.0.0.1:${one.port}${PATH}`, `https://api.example.com${PATH}`]) {
      const answer = await send(await proof({ claims: { htu } }), { to: one });
      expect(answer.json.code).toBe('invalid-dpop-proof');
    }
  });

  it('take a proof once between them', async () => {
    const good = await publicProof();
    expect((await send(good, { to: one })).status).toBe(204);
    expect((await send(good, { to: other })).json.code).toBe('invalid-dpop-proof');
    const answers = await publicProof().then((each) =>
      Promise.all(Array.from({ length: 20 }, (_, index) => send(each, { to: index % 2 ? one : other }))),
    );
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  });

  it('take none while the store is down, and then go on', async () => {
    await postgres.goDown();
    try {
      const answer = await send(await publicProof(), { to: one });
      expect({ status: answer.status, ...answer.json }).toMatchObject({
        status: 503,
        code: 'journal-unavailable',
        ...NOT_SENT,
      });
      expect(answer.headers['retry-after']).toBe('5');
      expect(gateway.octane.hits).toHaveLength(0);
      // Whoever has a bad one learns it all the same.
      expect((await send(undefined, { to: one })).json.code).toBe('invalid-dpop-proof');
    } finally {
      await postgres.comeBack();
    }
    await eventually(async () => (await send(await publicProof(), { to: one })).status === 204);
  });
});
