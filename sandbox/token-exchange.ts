import type { KeyObject } from 'node:crypto';
import { jwtVerify, type JWTPayload } from 'jose';
import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider';
import { audience, clients } from './seed.ts';

export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

interface Parameters {
  subject_token?: string;
  subject_token_type?: string;
  actor_token?: string;
  actor_token_type?: string;
  requested_token_type?: string;
  audience?: string;
  scope?: string;
}

/**
 * Lets the provider exchange the access token of a user who logged in for one with which another client acts for that user
 * (RFC 8693): with the user's `sub`, customers and login, with `act`, and with no more time and scopes than the user's token has left.
 *
 * @param key the public key of the provider, whose tokens alone can be exchanged
 */
export function addTokenExchange(
  provider: Provider,
  key: KeyObject,
  resourceServer: ConstructorParameters<Provider['ResourceServer']>,
): void {
  async function claimsOf(name: 'subject_token' | 'actor_token', params: Parameters): Promise<JWTPayload> {
    if (params[`${name}_type`] !== accessTokenType) {
      throw new errors.InvalidRequest(`${name}_type must be ${accessTokenType}`);
    }
    try {
      const { payload } = await jwtVerify(params[name] ?? '', key, {
        algorithms: ['RS256'],
        issuer: provider.issuer,
        audience,
        typ: 'at+jwt',
      });
      // Without its key nobody else may have the use of it.
      if (payload['cnf'] === undefined) return payload;
    } catch {
      // Said below.
    }
    throw new errors.InvalidRequest(
      `${name} is no valid access token of this provider, or it is bound to a key`,
    );
  }

  async function exchange(ctx: TokenEndpointGrantContext<Parameters>): Promise<void> {
    const { client, params } = ctx.oidc;
    if ((params.requested_token_type ?? accessTokenType) !== accessTokenType) {
      throw new errors.InvalidRequest(`requested_token_type must be ${accessTokenType}`);
    }
    if ((params.audience ?? audience) !== audience) throw new errors.InvalidTarget();
    const {
      sub = '',
      exp = 0,
      jti = '',
      scope,
      client_id: from,
      ...user
    } = await claimsOf('subject_token', params);
    if (!clients.some(({ clientId, getsTokensBy }) => clientId === from && getsTokensBy === 'login')) {
      throw new errors.InvalidRequest('subject_token is not the token of a user who logged in');
    }
    const named = params.actor_token !== undefined || params.actor_token_type !== undefined;
    const actor = named ? (await claimsOf('actor_token', params)).sub : client.clientId;

    const has = typeof scope === 'string' ? scope.split(' ') : [];
    const mayUse = has.filter((value) => client.scope?.split(' ').includes(value));
    const asked = params.scope?.split(' ') ?? mayUse;
    const wider = asked.find((value) => !mayUse.includes(value));
    if (wider !== undefined) {
      throw new errors.InvalidScope(
        'the token of the user does not have it, or this client may not use it',
        wider,
      );
    }

    const token = new provider.AccessToken({
      accountId: sub,
      client,
      resourceServer: new provider.ResourceServer(...resourceServer),
      scope: asked.join(' '),
      expiresIn: exp - Math.floor(Date.now() / 1000),
      grantId: jti,
      gty: tokenExchange,
    });
    const { custno, brand, acr, auth_time: authTime } = user;
    ctx.state['claims'] = { custno, brand, acr, auth_time: authTime, act: { sub: actor } };
    ctx.body = {
      access_token: await token.save(),
      issued_token_type: accessTokenType,
      token_type: token.tokenType,
      expires_in: token.expiration,
      scope: token.scope,
    };
  }

  provider.registerGrantType<Parameters>(tokenExchange, exchange, [
    'subject_token',
    'subject_token_type',
    'actor_token',
    'actor_token_type',
    'requested_token_type',
    'audience',
    'scope',
  ]);
}
