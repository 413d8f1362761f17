import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** A new key of an app, to which a token can be bound. */
export interface ProofKey {
  /** Makes the DPoP header of one request (RFC 9449, section 4.2). */
  proofFor: (method: string, url: string, accessToken?: string) => Promise<string>;
}

export async function newProofKey(): Promise<ProofKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  return {
    proofFor: (method, url, accessToken) => {
      const ath = accessToken && createHash('sha256').update(accessToken).digest('base64url');
      return new SignJWT({ htm: method, htu: url, jti: randomUUID(), ...(ath && { ath }) })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
        .setIssuedAt()
        .sign(privateKey);
    },
  };
}
