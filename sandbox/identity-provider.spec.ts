import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JWTPayload } from 'jose';
import { startIdentityProvider, type IdentityProvider } from './identity-provider.ts';
import { newProofKey } from './proof-key.ts';
import { requestToken as requestBoundToken } from './request-token.ts';
import { scopes } from './seed.ts';

let provider: IdentityProvider;
beforeAll(async () => {
  provider = await startIdentityProvider({ port: 0 });
});
afterAll(() => provider.close());

interface TokenAnswer {
  status: number;
  body: { access_token: string; expires_in: number; token_type: string; scope: string; error: string };
}

async function requestToken(
  client: string,
  form: string,
  secret = `sandbox-only-${client}`,
): Promise<TokenAnswer> {
  const response = await fetch(`${provider.issuer}/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${client}:${secret}`)}` },
    body: new URLSearchParams(`grant_type=client_credentials&${form}`),
  });
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
    grant_types_supported: ['client_credentials'],
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
