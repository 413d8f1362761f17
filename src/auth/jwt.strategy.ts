import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import type { KeyObject } from 'node:crypto';
import { Strategy } from 'passport-jwt';
import type { JwtFromRequestFunction } from 'passport-jwt';
import { SIGNATURE_ALGORITHMS } from '../config/gateway-file.ts';
import { bearerToken, readUnverified } from './bearer-token.ts';
import { checkType, principalOf } from './claims.ts';
import { invalidToken } from './invalid-token.ts';
import { Issuers } from './issuers.ts';
import type { Principal } from './principal.ts';
import { canBeSignedBy } from './signature.ts';
import { VerifiedTokens } from './verified-tokens.ts';
import type { VerifiedToken } from './verified-tokens.ts';

/**
 * Verifies bearer tokens of several issuers. The unverified token only chooses the issuer; the signature must then fit a key
 * of that issuer, so a token can never be checked with another issuer's key.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  /** While a key is fetched the gateway file may change; a token is judged whole by what it was when the request came. */
  private readonly underway = new WeakMap<
    object,
    Omit<VerifiedToken, 'principal'> & { readonly token: string }
  >();

  constructor(
    private readonly issuers: Issuers,
    private readonly verifiedTokens: VerifiedTokens,
  ) {
    super({
      jwtFromRequest: bearerToken as unknown as JwtFromRequestFunction,
      passReqToCallback: true,
      secretOrKeyProvider: (request: object, token: string, done) => {
        this.keyFor(request, token).then((key) => (done as KeyCallback)(null, key), done);
      },
      // The issuer's own, shorter list is checked before a key is looked up.
      algorithms: [...SIGNATURE_ALGORITHMS],
      // The claims are checked once, by principalOf, which demands what the library leaves optional.
      ignoreExpiration: true,
      jsonWebTokenOptions: { ignoreNotBefore: true },
    });
  }

  /** Called by Passport with the claims of a token whose signature is good. */
  validate(request: FastifyRequest, claims: Readonly<Record<string, unknown>>): Principal {
    const underway = this.underway.get(request);
    if (!underway) throw new Error('a token was verified without its issuer');
    const { token, ...verified } = underway;
    const principal = principalOf(claims, verified.issuer.config);
    this.verifiedTokens.remember(token, { ...verified, principal });
    return principal;
  }

  private async keyFor(request: object, token: string): Promise<KeyObject> {
    const { header, claims } = readUnverified(token);
    const issuer = this.issuers.find(claims.iss);
    if (!issuer) throw invalidToken('issuer');
    if (!issuer.config.algorithms.some((algorithm) => algorithm === header.alg))
      throw invalidToken('algorithm');
    checkType(header, issuer.config);
    const { alg, kid } = header;
    const key = await issuer.keys.find(alg, kid);
    if (!canBeSignedBy(key, alg, token)) throw invalidToken('signature');
    this.underway.set(request, { token, issuer, alg, kid, key });
    return key;
  }
}

/** The library hands keys on to node:crypto, which its types do not say. */
type KeyCallback = (error: unknown, key?: KeyObject) => void;
