import { generateKeyPair, randomBytes, randomUUID } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import Provider, { errors, type Adapter, type Configuration, type JWK } from 'oidc-provider';
import { listen } from './listen.ts';
import { requestToken } from './request-token.ts';
import { audience, clients, docsTokenRequest, scopes } from './seed.ts';

export interface IdentityProvider {
  /** The exact `iss` of its tokens. Below it: /.well-known/openid-configuration, /jwks and /token. */
  issuer: string;
  /** Gives anybody a token, without credentials, also to a page of another origin: the gateway's own reference. */
  docsTokenUrl: string;
  close: () => Promise<void>;
}

const tokenLifetimeSeconds = 3600;
const docsTokenPath = '/docs-token';
const resource = `urn:${audience}`;

/**
 * Starts a local OpenID provider with the clients of the seed and a signing key of its own, made anew at each start. Port 0
 * picks a free one. Its tokens are RFC 9068 access tokens of the client credentials grant, with the scopes asked for (all,
 * where none is) and, for a client that acts for one customer, the `custno` that the token request must name.
 *
 * @throws the system's error, with `code` and `port`, when the port cannot be had
 */
export async function startIdentityProvider(options: {
  port: number;
  host?: string | undefined;
}): Promise<IdentityProvider> {
  const signingKey = await generateSigningKey();
  let serve: RequestListener = (_request, response) => response.writeHead(503).end();
  const { port, close } = await listen((...exchange) => serve(...exchange), options.port, options.host);
  const issuer = `http://localhost:${port}`;
  const handle = new Provider(issuer, configuration(signingKey)).callback();
  serve = (request, response) => {
    if (request.url === docsTokenPath) void giveToken(issuer, response);
    else void handle(request, response);
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

async function generateSigningKey(): Promise<JWK> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

function configuration(signingKey: JWK): Configuration {
  return {
    adapter: () => nothingStored,
    jwks: { keys: [signingKey] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    scopes,
    clients: clients.map(({ clientId, clientSecret }) => ({
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      scope: scopes.join(' '),
    })),
    responseTypes: [],
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
          params['scope'] ??= scopes.join(' ');
          const unknown = String(params['scope'])
            .split(' ')
            .find((scope) => !scopes.includes(scope));
          if (unknown !== undefined) {
            throw new errors.InvalidScope(
              `there is no such scope; the scopes are ${scopes.join(', ')}`,
              unknown,
            );
          }
          return {
            audience,
            scope: scopes.join(' '),
            accessTokenTTL: tokenLifetimeSeconds,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'RS256' } },
          };
        },
      },
    },
    ttl: { ClientCredentials: tokenLifetimeSeconds },
    extraTokenClaims: (ctx) => {
      const { client, body } = ctx.oidc;
      const seeded = clients.find(({ clientId }) => clientId === client?.clientId);
      if (!seeded?.ownCustomer) return undefined;
      const custno: unknown = body?.['custno'];
      if (typeof custno !== 'string' || !/^[1-9][0-9]{0,9}$/.test(custno)) {
        throw new errors.InvalidRequest(
          'this client needs custno: one customer number of 1 to 10 digits, without a leading zero',
        );
      }
      return { custno };
    },
    renderError: (ctx, out) => {
      ctx.body = out;
    },
  };
}

/** The clients are in the configuration and the tokens are JWTs, so that there is nothing to store. */
const nothingStored: Adapter = {
  upsert: async () => {},
  find: async () => {},
  findByUserCode: async () => {},
  findByUid: async () => {},
  consume: async () => {},
  destroy: async () => {},
  revokeByGrantId: async () => {},
};
