import { generateKeyPair, randomBytes, randomUUID, type KeyObject } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import Provider, {
  errors,
  type AccessToken,
  type ClientMetadata,
  type Configuration,
  type JWK,
  type KoaContextWithOIDC,
  type ResourceServer,
} from 'oidc-provider';
import { isObject } from './fields.ts';
import { listen } from './listen.ts';
import { loginPath, serveLogin } from './login-page.ts';
import { memoryAdapter } from './memory-adapter.ts';
import { requestToken } from './request-token.ts';
import { audience, clients, docsTokenRequest, logins, scopes, users, type Client } from './seed.ts';
import { addTokenExchange, tokenExchange } from './token-exchange.ts';

export interface IdentityProvider {
  /** The exact `iss` of its tokens. Below it: /.well-known/openid-configuration, /jwks, /auth and /token. */
  issuer: string;
  /** Gives anybody a token, without credentials, also to a page of another origin: the gateway's own reference. */
  docsTokenUrl: string;
  close: () => Promise<void>;
}

const tokenLifetimeSeconds = 3600;
const loginLifetimeSeconds = 600;
const refreshTokenLifetimeSeconds = 24 * 3600;
const docsTokenPath = '/docs-token';
const resource = `urn:${audience}`;

/** Scopes of the protocol itself: an ID token, and a refresh token, which every login gives. */
const ownScopes = ['openid', 'offline_access'];

const resourceServer: ResourceServer = {
  audience,
  scope: scopes.join(' '),
  accessTokenTTL: tokenLifetimeSeconds,
  accessTokenFormat: 'jwt',
  jwt: { sign: { alg: 'RS256' } },
};

const grantTypes = {
  secret: ['client_credentials'],
  login: ['authorization_code', 'refresh_token'],
  exchange: ['client_credentials', tokenExchange],
};

/**
 * Starts a local OpenID provider with the clients of the seed and a signing key of its own, made anew at each start. Port 0
 * picks a free one. Its tokens are RFC 9068 access tokens with the scopes asked for (all, where none is). Their `custno` is that of
 * the user who logged in, or what the token request of `selfcare-app` must name: a text, or a list where there are several.
 *
 * @throws the system's error, with `code` and `port`, when the port cannot be had
 */
export async function startIdentityProvider(options: {
  port: number;
  host?: string | undefined;
}): Promise<IdentityProvider> {
  const { signingKey, publicKey } = await generateSigningKey();
  let serve: RequestListener = (_request, response) => response.writeHead(503).end();
  const { port, close } = await listen((...exchange) => serve(...exchange), options.port, options.host);
  const issuer = `http://localhost:${port}`;
  const provider = new Provider(issuer, configuration(signingKey));
  addTokenExchange(provider, publicKey, [resource, resourceServer]);
  const handle = provider.callback();
  serve = (request, response) => {
    if (request.url === docsTokenPath) void giveToken(issuer, response);
    else if (request.url?.startsWith(loginPath)) {
      // A browser that leaves takes nobody with it.
      serveLogin(provider, resource, request, response).catch(() => response.destroy());
    } else void handle(request, response);
  };
  return { issuer, docsTokenUrl: issuer + docsTokenPath, close };
}

/** What an app would get for itself with its credentials. */
async function giveToken(issuer: string, response: ServerResponse): Promise<void> {
  response.setHeader('Access-Control-Allow-Origin', '*').setHeader('Content-Type', 'application/json');
  try {
    const { accessToken, lifetimeSeconds } = await requestToken({ issuer, ...docsTokenRequest });
    const token = { access_token: accessToken, token_type: 'Bearer', expires_in: lifetimeSeconds };
    response.end(JSON.stringify(token));
  } catch (error) {
    const { message } = error as Error;
    response.writeHead(500).end(JSON.stringify({ error: 'server_error', error_description: message }));
  }
}

async function generateSigningKey(): Promise<{ signingKey: JWK; publicKey: KeyObject }> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const signingKey = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
  return { signingKey, publicKey };
}

function configuration(signingKey: JWK): Configuration {
  return {
    adapter: memoryAdapter,
    jwks: { keys: [signingKey] },
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      // No browser sends the cookie of a session back. So each authorization request asks anew who it is, and every login is as
      // young and as strong as the request wants it.
      long: { path: '/none' },
    },
    scopes: [...ownScopes, ...scopes],
    acrValues: Object.keys(logins),
    clients: clients.map(metadataOf),
    clientBasedCORS: (_ctx, _origin, client) => client.clientAuthMethod === 'none',
    responseTypes: ['code'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: { enabled: true },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        getResourceServerInfo: (ctx, asked) => {
          if (asked !== resource) throw new errors.InvalidTarget();
          const params = ctx.oidc.params ?? {};
          // RFC 6749, section 3.3, leaves it to the provider what a request without scopes gets.
          params['scope'] ??= seeded(ctx)?.scopes?.join(' ') ?? scopes.join(' ');
          const unknown = String(params['scope'])
            .split(' ')
            .find((scope) => !scopes.includes(scope) && !ownScopes.includes(scope));
          if (unknown !== undefined) {
            throw new errors.InvalidScope(
              `there is no such scope; the scopes are ${scopes.join(', ')}`,
              unknown,
            );
          }
          return resourceServer;
        },
      },
    },
    ttl: {
      AccessToken: tokenLifetimeSeconds,
      AuthorizationCode: 60,
      ClientCredentials: tokenLifetimeSeconds,
      Grant: refreshTokenLifetimeSeconds,
      IdToken: tokenLifetimeSeconds,
      Interaction: loginLifetimeSeconds,
      RefreshToken: refreshTokenLifetimeSeconds,
      Session: loginLifetimeSeconds,
    },
    interactions: { url: (_ctx, { uid }) => loginPath + uid },
    findAccount: (_ctx, sub) =>
      users.some(({ userId }) => userId === sub) ? { accountId: sub, claims: () => ({ sub }) } : undefined,
    expiresWithSession: () => false,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    extraTokenClaims: (ctx, token) =>
      token.kind === 'AccessToken' ? userClaims(ctx, token) : askedClaims(ctx),
    renderError: (ctx, out) => {
      ctx.body = out;
    },
  };
}

function metadataOf({
  clientId,
  clientSecret,
  getsTokensBy,
  redirectUris = [],
  ...client
}: Client): ClientMetadata {
  const isPublic = clientSecret === undefined;
  const own = getsTokensBy === 'login' ? ownScopes : [];
  return {
    client_id: clientId,
    client_secret: clientSecret,
    token_endpoint_auth_method: isPublic ? 'none' : 'client_secret_basic',
    application_type: isPublic ? 'native' : 'web',
    grant_types: grantTypes[getsTokensBy],
    response_types: isPublic ? ['code'] : [],
    redirect_uris: [...redirectUris],
    scope: [...own, ...(client.scopes ?? scopes)].join(' '),
  };
}

/** What the token of a login, or the one that a client exchanges it for, says besides. */
function userClaims(ctx: KoaContextWithOIDC, { accountId }: AccessToken): Record<string, unknown> {
  const exchanged: unknown = ctx.state['claims'];
  if (isObject(exchanged)) return exchanged;
  const { custnos, brand } = users.find(({ userId }) => userId === accountId) ?? { custnos: [] };
  const { AuthorizationCode: code, RefreshToken: refreshToken } = ctx.oidc.entities;
  const { acr, authTime } = code ?? refreshToken ?? {};
  return { custno: oneOrSeveral(custnos), brand, acr, auth_time: authTime };
}

/** What a client asks for, for itself. */
function askedClaims(ctx: KoaContextWithOIDC): Record<string, unknown> | undefined {
  const client = seeded(ctx);
  if (!client?.ownCustomer || client.getsTokensBy !== 'secret') return undefined;
  const custno: unknown = ctx.oidc.body?.['custno'];
  if (typeof custno !== 'string' || !/^[1-9][0-9]{0,9}(,[1-9][0-9]{0,9})*$/.test(custno)) {
    throw new errors.InvalidRequest(
      'this client needs custno: customer numbers of 1 to 10 digits, without a leading zero, and with a comma between several',
    );
  }
  return { custno: oneOrSeveral(custno.split(',')) };
}

function seeded({ oidc: { client } }: KoaContextWithOIDC): Client | undefined {
  return clients.find(({ clientId }) => clientId === client?.clientId);
}

function oneOrSeveral(custnos: readonly string[]): string | readonly string[] | undefined {
  return custnos.length > 1 ? custnos : custnos[0];
}
