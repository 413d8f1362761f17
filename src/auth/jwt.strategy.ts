import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import type { KeyObject } from 'node:crypto';
import { Strategy } from 'passport-jwt';
import { SIGNATURE_ALGORITHMS } from '../config/gateway-file.ts';
import { readUnverified } from './access-token.ts';
import { checkType, principalOf } from './claims.ts';
import { invalidToken } from './invalid-token.ts';
import { Issuers } from './issuers.ts';
import type { Principal } from './principal.ts';
import { canBeSignedBy } from './signature.ts';
import { VerifiedTokens } from './verified-tokens.ts';
import type { VerifiedToken } from './verified-tokens.ts';

/** A token whose signature is being checked. */
interface Underway extends Omit<VerifiedToken, 'principal'> {
  readonly token: string;
  /** The `typ` of its header. */
  readonly typ: unknown;
}

/** While a key is fetched the gateway file may change; a token is judged whole by what it was when the request came. */
const underwayTokens = new WeakMap<object, Underway>();

/**
 * Verifies tokens of several issuers. The unverified token only chooses the issuer; the signature must then fit a key
 * of that issuer, so a token can never be checked with another issuer's key.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(
    private readonly issuers: Issuers,
    private readonly verifiedTokens: VerifiedTokens,
  ) {
    super({
      jwtFromRequest: (request: object) => underwayOf(request).token,
      passReqToCallback: true,
      secretOrKeyProvider: (request: object, _token: string, done) => {
        (done as KeyCallback)(null, underwayOf(request).key);
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
    const { token, typ, ...verified } = underwayOf(request);
    checkType(typ, claims, verified.issuer.config);
    const principal = principalOf(claims, verified.issuer.config);
    this.verifiedTokens.remember(token, { ...verified, principal });
    return principal;
  }

  /**
   * Finds the key that signed a token, ahead of Passport, which takes its time to refuse one.
   *
   * @throws Problem `invalid-token` where the signature is that of no key, or `keys-unavailable`
   */
  async prepare(request: FastifyRequest, token: string): Promise<void> {
    const { header, claims } = readUnverified(token);
    const issuer = this.issuers.find(claims.iss);
    if (!issuer) throw invalidToken('issuer');
    if (!issuer.config.algorithms.some((algorithm) => algorithm === header.alg))
      throw invalidToken('algorithm');
    const { alg, kid, typ } = header;
    const key = await issuer.keys.find(alg, kid, (candidate) => canBeSignedBy(candidate, alg, token));
    underwayTokens.set(request, { token, issuer, alg, kid, typ, key });
  }
}

function underwayOf(request: object): Underway {
  const underway = underwayTokens.get(request);
  if (!underway) throw new Error('a token that was not prepared');
  return underway;
}

/** The library hands keys on to node:crypto, which its types do not say. */
type KeyCallback = (error: unknown, key?: KeyObject) => void;
