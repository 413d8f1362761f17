import { createHash, createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';

/** A key of an app, to which its tokens are bound; as JSON, for another process. */
export interface ProofKey {
  readonly privateJwk: JsonWebKey;
  /** `cnf.jkt` of its tokens. */
  readonly thumbprint: string;
}

export function newProofKey(): ProofKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const privateJwk = privateKey.export({ format: 'jwk' });
  const { crv, kty, x, y } = privateJwk;
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { privateJwk, thumbprint };
}

/** Makes the DPoP headers of many requests (RFC 9449, section 4.2), each in microseconds. */
export class Prover {
  private readonly key: KeyObject;
  private readonly header: string;

  constructor({ privateJwk }: ProofKey) {
    const { crv, kty, x, y } = privateJwk;
    this.key = createPrivateKey({ key: privateJwk, format: 'jwk' });
    this.header = encoded({ typ: 'dpop+jwt', alg: 'ES256', jwk: { crv, kty, x, y } });
  }

  proofFor(method: string, url: string, token: string): string {
    const ath = createHash('sha256').update(token).digest('base64url');
    const iat = Math.floor(Date.now() / 1000);
    const text = `${this.header}.${encoded({ htm: method, htu: url, iat, jti: randomUUID(), ath })}`;
    const signature = sign('sha256', Buffer.from(text), { key: this.key, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  }
}

const encoded = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url');
