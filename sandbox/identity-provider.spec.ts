import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JWTPayload } from 'jose';
import { startIdentityProvider, type IdentityProvider } from './identity-provider.ts';
import { authorize, logIn } from './log-in.ts';
import { newProofKey } from './proof-key.ts';
import { requestToken as requestBoundToken } from './request-token.ts';
import { scopes } from './seed.ts';
import { tokenExchange } from './token-exchange.ts';

let provider: IdentityProvider;
beforeAll(async () => {
  provider = await startIdentityProvider({ port: 0 });
});
afterAll(() => provider.close());

interface TokenAnswer {
  status: number;
  body: {
    access_token: string;
    refresh_token: string;
    expires_in: number;
    token_type: string;
    scope: string;
    error: string;
  };
}

async function requestToken(
  client: string,
  form: string,
  secret = `sandbox-only-${client}`,
): Promise<TokenAnswer> {
  return post(new URLSearchParams(`grant_type=client_credentials&${form}`), basic(client, secret));
}

function basic(client: string, secret = `sandbox-only-${client}`): Record<string, string> {
  return { Authorization: `Basic ${btoa(`${client}:${secret}`)}` };
}

async function post(body: URLSearchParams, headers: Record<string, string> = {}): Promise<TokenAnswer> {
  const response = await fetch(`${provider.issuer}/token`, { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as TokenAnswer['body'] };
}

async function claimsOf({ body }: TokenAnswer): Promise<JWTPayload> {
  const keys = createRemoteJWKSet(new URL(`${provider.issuer}/jwks`));
  const { payload } = await jwtVerify(body.access_token, keys, {
    issuer: provider.issuer,
    audience: 'octane-bff',
    algorithms: ['RS256'],
    typ: 'at+jwt',
  });
  return payload;
}

it('tells where everything is', async () => {
  const response = await fetch(`${provider.issuer}/.well-known/openid-configuration`);
  expect(await response.json()).toMatchObject({
    issuer: provider.issuer,
    jwks_uri: `${provider.issuer}/jwks`,
    token_endpoint: `${provider.issuer}/token`,
    authorization_endpoint: `${provider.issuer}/auth`,
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials', tokenExchange],
    code_challenge_methods_supported: ['S256'],
    acr_values_supported: ['basic', 'strong'],
  });
});

it('publishes one RSA signing key of 2048 bits, without its private part', async () => {
  const { keys } = (await (await fetch(`${provider.issuer}/jwks`)).json()) as {
    keys: Record<string, string>[];
  };
  expect(keys).toEqual([
    { kty: 'RSA', use: 'sig', alg: 'RS256', kid: expect.any(String), n: expect.any(String), e: 'AQAB' },
  ]);
  expect(Buffer.from(keys[0]?.['n'] ?? '', 'base64url')).toHaveLength(256);
});

it('gives a signed access token for an hour, with the customer asked for', async () => {
  const answer = await requestToken('selfcare-app', 'custno=700123&scope=direct-debit:write');
  expect(answer).toMatchObject({
    status: 200,
    body: { token_type: 'Bearer', expires_in: 3600, scope: 'direct-debit:write' },
  });
  const { iat = 0, exp, jti, ...claims } = await claimsOf(answer);
  expect(claims).toEqual({
    iss: provider.issuer,
    aud: 'octane-bff',
    sub: 'selfcare-app',
    client_id: 'selfcare-app',
    scope: 'direct-debit:write',
    custno: '700123',
  });
  expect(exp).toBe(iat + 3600);
  expect(jti).toEqual(expect.any(String));
  expect(decodeProtectedHeader(answer.body.access_token).kid).toEqual(expect.any(String));
});

it('binds a token to the key of a proof', async () => {
  const { issuer } = provider;
  const { accessToken } = await requestBoundToken({
    issuer,
    client: 'billing-service',
    key: await newProofKey(),
  });
  expect(decodeJwt(accessToken)).toMatchObject({ cnf: { jkt: expect.stringMatching(/^[\w-]{43}$/) } });
});

it('gives every scope to a request without any', async () => {
  const claims = await claimsOf(await requestToken('selfcare-app', 'custno=700123'));
  expect(claims['scope']).toBe(scopes.join(' '));
});

it('names several customers as a list', async () => {
  const claims = await claimsOf(await requestToken('selfcare-app', 'custno=700123,700124'));
  expect(claims['custno']).toEqual(['700123', '700124']);
});

it('names no customer for a client that acts for all of its group', async () => {
  const claims = await claimsOf(await requestToken('billing-service', 'custno=700123'));
  expect(claims).toMatchObject({ client_id: 'billing-service' });
  expect(claims).not.toHaveProperty('custno');
});

it.each([
  ['no custno', ''],
  ['an empty one', 'custno='],
  ['a leading zero', 'custno=0700123'],
  ['11 digits', 'custno=12345678901'],
  ['letters', 'custno=me'],
  ['a line after it', 'custno=700123%0A'],
  ['two', 'custno=700123&custno=700124'],
  ['a comma at the end', 'custno=700123,'],
])('refuses a token for one customer with %s', async (_case, form) => {
  expect(await requestToken('selfcare-app', form)).toMatchObject({
    status: 400,
    body: { error: 'invalid_request' },
  });
});

it.each([
  ['a wrong secret', 'selfcare-app', 'custno=700123', 'wrong', 401, 'invalid_client'],
  ['an unknown client', 'nobody', '', undefined, 401, 'invalid_client'],
  [
    'an unknown scope',
    'billing-service',
    'scope=direct-debit:write+direct-debit:read',
    undefined,
    400,
    'invalid_scope',
  ],
  ['another resource', 'billing-service', 'resource=urn:other', undefined, 400, 'invalid_target'],
])('refuses %s', async (_case, client, form, secret, status, error) => {
  expect(await requestToken(client, form, secret)).toMatchObject({ status, body: { error } });
});

const VERIFIER = 'a-verifier-of-the-test-that-is-long-enough-for-rfc-7636';
const REDIRECT_URI = 'com.example.octane-bff:/callback';

/** An authorization request of the mobile app, changed; an empty text leaves a parameter out. */
function loginQuery(changes: Record<string, string> = {}): URLSearchParams {
  const query = {
    client_id: 'mobile-app',
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  };
  return new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''));
}

const ALEX = { user: 'alex', acr: 'basic' };

async function codeFor(changes?: Record<string, string>, choice = ALEX): Promise<string> {
  return (await authorize(provider.issuer, loginQuery(changes), choice)).get('code') ?? '';
}

function redeem(code: string, changes: Record<string, string> = {}): Promise<TokenAnswer> {
  const form = {
    grant_type: 'authorization_code',
    client_id: 'mobile-app',
    redirect_uri: REDIRECT_URI,
    code_verifier: VERIFIER,
    code,
    ...changes,
  };
  return post(new URLSearchParams(Object.entries(form).filter(([, value]) => value !== '')));
}

function refresh(refreshToken: string): Promise<TokenAnswer> {
  return post(
    new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'mobile-app',
      refresh_token: refreshToken,
    }),
  );
}

describe('a login', () => {
  it('gives a token of the user, with state and issuer on the way', async () => {
    const query = loginQuery({ scope: 'openid direct-debit:write', state: 'of the app', nonce: 'n' });
    const answer = await authorize(provider.issuer, query, ALEX);
    expect(Object.fromEntries(answer)).toEqual({
      code: expect.any(String),
      state: 'of the app',
      iss: provider.issuer,
    });
    const token = await redeem(answer.get('code') ?? '');
    expect(token).toMatchObject({
      status: 200,
      body: {
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'direct-debit:write',
        id_token: expect.any(String),
      },
    });
    const { iat = 0, ...claims } = await claimsOf(token);
    expect(claims).toEqual({
      exp: iat + 3600,
      jti: expect.any(String),
      iss: provider.issuer,
      aud: 'octane-bff',
      sub: 'alex',
      client_id: 'mobile-app',
      scope: 'direct-debit:write',
      custno: '700123',
      brand: 'acme',
      acr: 'basic',
      auth_time: expect.any(Number),
    });
    expect(claims['auth_time']).toBeLessThanOrEqual(iat);
  });

  it.each([
    ['billie', { custno: ['700124', '700125'], brand: 'acme' }],
    ['eden', { custno: '800201', brand: 'bolt' }],
    ['robin', { scope: scopes.join(' ') }],
  ])('as %s names the customers of that user', async (user, expected) => {
    const { accessToken } = await logIn({ issuer: provider.issuer, user });
    const { custno, brand, scope } = decodeJwt(accessToken);
    expect({ custno, brand, scope }).toEqual({ scope: scopes.join(' '), ...expected });
  });

  it('is bound to the key of a proof', async () => {
    const { issuer } = provider;
    const { accessToken } = await logIn({ issuer, user: 'alex', key: await newProofKey() });
    expect(decodeJwt(accessToken)).toMatchObject({ cnf: { jkt: expect.any(String) } });
  });

  it.each(['http://127.0.0.1:51234/callback', 'http://localhost:5173/callback'])(
    'comes back to %s',
    async (redirectUri) => {
      const code = await codeFor({ redirect_uri: redirectUri });
      expect(await redeem(code, { redirect_uri: redirectUri })).toMatchObject({ status: 200 });
    },
  );

  it('can be refreshed once by each refresh token, and stays as old and as strong as it was', async () => {
    const first = await redeem(await codeFor({}, { user: 'alex', acr: 'strong' }));
    const second = await refresh(first.body.refresh_token);
    const { auth_time: authTime, acr, custno } = await claimsOf(first);
    expect(await claimsOf(second)).toMatchObject({ sub: 'alex', auth_time: authTime, acr, custno });
    expect(await refresh(first.body.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    // Whoever uses one twice may be a thief: the others of the login are over too.
    expect(await refresh(second.body.refresh_token)).toMatchObject({ status: 400 });
  });

  it.each([
    [
      'a redirect URI that is not the app’s',
      { redirect_uri: 'com.example.other:/callback' },
      'invalid_redirect_uri',
    ],
    [
      'another path of a loopback host',
      { redirect_uri: 'http://127.0.0.1:51234/other' },
      'invalid_redirect_uri',
    ],
    ['an unknown client', { client_id: 'nobody' }, 'invalid_client'],
    ['a client without login', { client_id: 'selfcare-app' }, 'invalid_redirect_uri'],
  ])('is refused where it began, for %s', async (_case, changes, error) => {
    const response = await fetch(`${provider.issuer}/auth?${loginQuery(changes).toString()}`, {
      redirect: 'manual',
    });
    expect([response.status, await response.json()]).toEqual([400, expect.objectContaining({ error })]);
  });

  it.each([
    ['no PKCE', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['an unknown scope', { scope: 'direct-debit:read' }, 'invalid_scope'],
    ['no login page', { prompt: 'none' }, 'login_required'],
  ])('is refused to the app, for %s', async (_case, changes, error) => {
    const answer = await authorize(provider.issuer, loginQuery(changes), ALEX);
    expect(answer.get('error')).toBe(error);
  });

  it.each([
    ['a wrong verifier', { code_verifier: `${VERIFIER}.` }],
    ['no verifier', { code_verifier: '' }],
    ['another redirect URI', { redirect_uri: 'http://127.0.0.1/callback' }],
  ])('gives no token for %s', async (_case, changes) => {
    expect(await redeem(await codeFor(), changes)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it('gives one token for one code', async () => {
    const code = await codeFor();
    const { body } = await redeem(code);
    expect(await redeem(code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await refresh(body.refresh_token)).toMatchObject({ status: 400 });
  });

  it('may be asked for by a page of any origin, but only for a public client', async () => {
    const origin = { Origin: 'http://localhost:5173' };
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'mobile-app',
      refresh_token: 'x',
    });
    const open = await fetch(`${provider.issuer}/token`, { method: 'POST', headers: origin, body: form });
    expect(open.headers.get('access-control-allow-origin')).toBe(origin.Origin);
    const discovery = await fetch(`${provider.issuer}/.well-known/openid-configuration`, { headers: origin });
    expect(discovery.headers.get('access-control-allow-origin')).toBe(origin.Origin);
    const secret = await fetch(`${provider.issuer}/token`, {
      method: 'POST',
      headers: { ...origin, ...basic('billing-service') },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    expect([secret.status, secret.headers.get('access-control-allow-origin')]).toEqual([400, null]);
  });
});

describe('the login page', () => {
  /** Begins a login, as a browser does: where the page is, and the cookies that go with it. */
  async function begin(
    changes?: Record<string, string>,
  ): Promise<{ page: string; headers: { Cookie: string } }> {
    const response = await fetch(`${provider.issuer}/auth?${loginQuery(changes).toString()}`, {
      redirect: 'manual',
    });
    const cookies = response.headers.getSetCookie().map((cookie) => cookie.slice(0, cookie.indexOf(';')));
    const page = new URL(response.headers.get('location') ?? '', provider.issuer).href;
    return { page, headers: { Cookie: cookies.join('; ') } };
  }

  it('is made of nothing but itself, for this login alone', async () => {
    const { page, headers } = await begin({ scope: 'direct-debit:write' });
    const response = await fetch(page, { headers });
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'unsafe-inline';/,
    );
    const html = await response.text();
    expect(html).toContain('Billie, customer 700124 and 700125');
    expect(html).toContain('direct-debit:write.');
    expect(html).not.toMatch(/<script|src=|url\(/);
    expect((await fetch(page)).status).toBe(400);
  });

  it.each([
    ['all logins', undefined, ['basic', 'strong']],
    ['the one that the app needs', { scope: 'openid', acr_values: 'strong' }, ['strong']],
    [
      'all, where the app asks for one that there is not',
      { scope: 'openid', acr_values: 'gold' },
      ['basic', 'strong'],
    ],
  ])('offers %s', async (_case, changes, offered) => {
    const { page, headers } = await begin(changes);
    const html = await (await fetch(page, { headers })).text();
    expect([...html.matchAll(/name="acr" value="(\w+)"/g)].map(([, acr]) => acr)).toEqual(offered);
  });

  it.each([
    ['a login that it does not offer', { user: 'alex', acr: 'basic' }],
    ['an unknown user', { user: 'nobody', acr: 'strong' }],
    ['nothing', {}],
  ])('stays with %s', async (_case, choice) => {
    const { page, headers } = await begin({ scope: 'openid', acr_values: 'strong' });
    const body = new URLSearchParams(choice as Record<string, string>);
    const response = await fetch(page, { method: 'POST', headers, body, redirect: 'manual' });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('<form')]);
  });

  it('outlives a browser that leaves in the middle of a form', async () => {
    const { page, headers } = await begin();
    const { hostname, port, pathname } = new URL(page);
    const socket = connect(Number(port), hostname);
    const head = `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nCookie: ${headers.Cookie}\r\nContent-Length: 99\r\n\r\n`;
    socket.end(`${head}user=alex`).resume();
    await once(socket, 'close');
    expect((await fetch(page, { headers })).status).toBe(200);
  });

  it('lets the user cancel', async () => {
    const answer = await authorize(provider.issuer, loginQuery(), { cancel: 'yes' });
    expect(answer.get('error')).toBe('access_denied');
  });
});

describe('token exchange', () => {
  const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

  const tokenOf = async (user: string, scope?: string): Promise<string> =>
    (await logIn({ issuer: provider.issuer, user, scope })).accessToken;

  function exchange(
    subjectToken: string,
    changes: Record<string, string> = {},
    client: Record<string, string> = basic('portal-backend'),
  ): Promise<TokenAnswer> {
    const form = {
      grant_type: tokenExchange,
      subject_token: subjectToken,
      subject_token_type: ACCESS_TOKEN,
      ...changes,
    };
    return post(new URLSearchParams(form), client);
  }

  it('gives the client a token of the user, and says who acts', async () => {
    const subject = await tokenOf('billie');
    const answer = await exchange(subject, { audience: 'octane-bff', requested_token_type: ACCESS_TOKEN });
    const allowed = 'direct-debit:write welcome-email:send customer:read data-pool:read';
    expect(answer).toMatchObject({
      status: 200,
      body: { issued_token_type: ACCESS_TOKEN, token_type: 'Bearer', scope: allowed },
    });
    const { exp, auth_time: authTime } = decodeJwt(subject);
    expect(await claimsOf(answer)).toEqual({
      iat: expect.any(Number),
      exp,
      jti: expect.any(String),
      iss: provider.issuer,
      aud: 'octane-bff',
      sub: 'billie',
      client_id: 'portal-backend',
      scope: allowed,
      custno: ['700124', '700125'],
      brand: 'acme',
      acr: 'basic',
      auth_time: authTime,
      act: { sub: 'portal-backend' },
    });
  });

  it.each([
    [
      'the client itself',
      async () => (await requestToken('portal-backend', '')).body.access_token,
      'portal-backend',
    ],
    ['a person who works with it', () => tokenOf('robin'), 'robin'],
  ])('takes the word of an actor token for who acts: %s', async (_case, actorToken, sub) => {
    const actor = { actor_token: await actorToken(), actor_token_type: ACCESS_TOKEN };
    const answer = await exchange(await tokenOf('alex'), actor);
    expect(await claimsOf(answer)).toMatchObject({ sub: 'alex', custno: '700123', act: { sub } });
  });

  it('gives no more scopes than are asked for', async () => {
    const answer = await exchange(await tokenOf('alex'), { scope: 'welcome-email:send' });
    expect(await claimsOf(answer)).toMatchObject({ scope: 'welcome-email:send' });
  });

  it.each([
    ['than the user’s token', 'welcome-email:send', 'direct-debit:write'],
    ['than the client’s own', 'payment:take', 'payment:take'],
  ])('refuses wider scopes %s', async (_case, has, scope) => {
    expect(await exchange(await tokenOf('alex', has), { scope })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    });
  });

  it.each<[string, () => Promise<string>]>([
    ['a client’s', async () => (await requestToken('selfcare-app', 'custno=700123')).body.access_token],
    ['one that was exchanged', async () => (await exchange(await tokenOf('alex'))).body.access_token],
    ['nonsense', async () => 'x.y.z'],
    [
      'one that is bound to a key',
      async () =>
        (await logIn({ issuer: provider.issuer, user: 'alex', key: await newProofKey() })).accessToken,
    ],
    [
      'another provider’s',
      async () => {
        const other = await startIdentityProvider({ port: 0 });
        const { accessToken } = await logIn({ issuer: other.issuer, user: 'alex' });
        await other.close();
        return accessToken;
      },
    ],
  ])('refuses a subject token that is %s', async (_case, token) => {
    expect(await exchange(await token())).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it.each<[string, Record<string, string>, string]>([
    [
      'another type of subject token',
      { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
      'invalid_request',
    ],
    [
      'another type of answer',
      { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      'invalid_request',
    ],
    ['another audience', { audience: 'another-api' }, 'invalid_target'],
    ['an actor token without its type', { actor_token: 'x.y.z' }, 'invalid_request'],
    ['the type of an actor token without one', { actor_token_type: ACCESS_TOKEN }, 'invalid_request'],
    [
      'an actor token that is none',
      { actor_token: 'x.y.z', actor_token_type: ACCESS_TOKEN },
      'invalid_request',
    ],
  ])('refuses %s', async (_case, changes, error) => {
    expect(await exchange(await tokenOf('alex'), changes)).toMatchObject({ status: 400, body: { error } });
  });

  it.each([
    ['another client', basic('billing-service'), 400],
    ['a wrong secret', basic('portal-backend', 'wrong'), 401],
  ])('is refused to %s', async (_case, client, status) => {
    expect(await exchange(await tokenOf('alex'), {}, client)).toMatchObject({ status });
  });

  describe('with time', () => {
    afterEach(() => {
      jest.useRealTimers();
    });

    /** What reads the clock sees this time; timers and sockets go on. */
    function later(minutes: number): void {
      jest.useFakeTimers({
        now: Date.now() + minutes * 60_000,
        doNotFake: [
          'nextTick',
          'queueMicrotask',
          'setImmediate',
          'clearImmediate',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'performance',
          'hrtime',
        ],
      });
    }

    it('gives a token for no longer than the user’s has left, and none when that is over', async () => {
      const subject = await tokenOf('alex');
      later(45);
      const { body } = await exchange(subject);
      expect(decodeJwt(body.access_token).exp).toBe(decodeJwt(subject).exp);
      expect(body.expires_in).toBeLessThanOrEqual(15 * 60);
      later(16);
      expect(await exchange(subject)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    });
  });
});

it('signs with another key after a restart', async () => {
  const answer = await requestToken('billing-service', '');
  await provider.close();
  provider = await startIdentityProvider({ port: Number(new URL(provider.issuer).port) });
  await expect(claimsOf(answer)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  await expect(claimsOf(await requestToken('billing-service', ''))).resolves.toMatchObject({
    iss: provider.issuer,
  });
});

it("gives the gateway's reference a token without credentials, whatever the origin of the page", async () => {
  const response = await fetch(provider.docsTokenUrl, { method: 'POST' });
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  const body = (await response.json()) as TokenAnswer['body'];
  expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
  expect(await claimsOf({ status: response.status, body })).toMatchObject({
    client_id: 'selfcare-app',
    custno: '700123',
    scope: scopes.join(' '),
  });
});
