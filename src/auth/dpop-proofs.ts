import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';
import type { JWK, JWTPayload } from 'jose';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { UsedProofs } from '../limits/used-proofs.ts';
import { Problem } from '../problems/problem.ts';
import type { SentToken } from './access-token.ts';
import { challenge } from './challenge.ts';
import { invalidToken } from './invalid-token.ts';
import { normalizedUri, targetUri } from './target-uri.ts';

/** Of JWS. `Ed25519` is the exact name of what most call `EdDSA` (RFC 9864). */
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'EdDSA', 'Ed25519'];
const CLOCK_SKEW_SECONDS = 60;
/** Of RSA, EC, OKP, symmetric and further keys (RFC 7518, section 6). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/** What may be wrong with a proof, for logs and metrics, and what the app is told. */
const FAULTS = {
  'proof-missing': 'The access token is bound to a key. Send a proof of that key in the header "DPoP".',
  'proof-malformed':
    'Send one DPoP proof: a JWT of the type "dpop+jwt" with a "jti". Put only the public key into its "jwk". Sign it with the private key and an algorithm that WWW-Authenticate names.',
  'proof-of-another-request':
    'The DPoP proof belongs to another request. Its "htm" must be the method, and its "htu" the URL without query and fragment.',
  'proof-of-another-token':
    'The DPoP proof belongs to another access token. Its "ath" must be the SHA-256 of this token in base64url.',
  'proof-time':
    'The "iat" of the DPoP proof must be within 60 seconds of the time of the gateway. The Date header of this answer has that time.',
  'proof-replayed':
    'The DPoP proof was used before. Make a new one with a new "jti" for each request, also for a repeated one.',
} as const;

/** Checks that whoever sends a bound token has the key that it is bound to (RFC 9449). */
@Injectable()
export class DpopProofs {
  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'publicUrl'>,
    private readonly used: UsedProofs,
  ) {}

  /**
   * Checks the proof of a request whose token is good, and uses it up.
   *
   * @param jkt thumbprint of the key that the token is bound to; undefined for a token that is not bound
   * @throws Problem `invalid-token`, `invalid-dpop-proof`, or `journal-unavailable` where nobody can tell whether it was used
   */
  async require(
    request: FastifyRequest,
    { scheme, token }: SentToken,
    jkt: string | undefined,
  ): Promise<void> {
    if (jkt === undefined) throw invalidToken('unbound');
    if (scheme !== 'DPoP') throw invalidToken('unproven');
    const { claims, jwk } = await verifiedProof(request.headers['dpop']);
    const { htm, htu, ath, iat, jti } = claims;
    const target = targetUri(request.url, this.settings.publicUrl, request.headers.host);
    if (htm !== request.method || typeof htu !== 'string' || !target || normalizedUri(htu) !== target)
      throw invalidProof('proof-of-another-request');
    if (ath !== hash('sha256', token, 'base64url')) throw invalidProof('proof-of-another-token');
    if (typeof iat !== 'number' || Math.abs(Date.now() / 1000 - iat) > CLOCK_SKEW_SECONDS)
      throw invalidProof('proof-time');
    if (typeof jti !== 'string' || jti === '') throw invalidProof('proof-malformed');
    if ((await calculateJwkThumbprint(jwk)) !== jkt) throw invalidToken('other-key');
    if (!(await this.used.use(jkt, jti))) throw invalidProof('proof-replayed');
  }
}

/** @param proof Node makes one text with commas of several headers, which is no JWT */
async function verifiedProof(
  proof: string | string[] | undefined,
): Promise<{ claims: JWTPayload; jwk: JWK }> {
  if (proof === undefined) throw invalidProof('proof-missing');
  try {
    const { payload, protectedHeader } = await jwtVerify(String(proof), EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_SKEW_SECONDS,
    });
    const jwk = protectedHeader.jwk as JWK;
    if (SECRET_MEMBERS.some((member) => Object.hasOwn(jwk, member))) throw invalidProof('proof-malformed');
    return { claims: payload, jwk };
  } catch {
    throw invalidProof('proof-malformed');
  }
}

function invalidProof(reason: keyof typeof FAULTS): Problem {
  return new Problem('invalid-dpop-proof', {
    reason,
    detail: FAULTS[reason],
    headers: challenge('DPoP', { error: 'invalid_dpop_proof', algs: ALGORITHMS.join(' ') }),
  });
}
