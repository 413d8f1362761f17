import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK } from 'jose';

/** A key of an app, to which its tokens are bound. */
export interface ProofKey {
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
  readonly jkt: string;
}

export async function proofKey(alg = 'ES256'): Promise<ProofKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { alg, privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) };
}

/** What a proof says; `undefined` leaves a usual claim or header parameter out. */
export interface ProofContent {
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
  /** The key that signs, where it is another than that of the header. */
  readonly signer?: ProofKey;
}

const athOf = (token: string): string => createHash('sha256').update(token).digest('base64url');

/** A good proof (RFC 9449, section 4.2), changed by `content`. */
export function proofOf(
  key: ProofKey,
  { method, url, token }: { method: string; url: string; token: string },
  { header, claims, signer = key }: ProofContent = {},
): Promise<string> {
  return new SignJWT({
    jti: randomUUID(),
    htm: method,
    htu: url,
    iat: Math.floor(Date.now() / 1000),
    ath: athOf(token),
    ...claims,
  })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: key.alg, jwk: key.jwk, ...header })
    .sign(signer.privateKey, { crit: { x: true } });
}
