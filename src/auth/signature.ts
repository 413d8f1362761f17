import { constants, verify } from 'node:crypto';
import type { KeyObject, VerifyKeyObjectInput } from 'node:crypto';

/**
 * Whether a signature can be that of a token, as RFC 7518 says for the RS, PS and ES algorithms. Only a quick way out for
 * tokens that nobody signed: what passes is verified by the JWT library all the same, which takes twice as long to refuse.
 */
export function canBeSignedBy(key: KeyObject, alg: string, token: string): boolean {
  const end = token.lastIndexOf('.');
  const signed = Buffer.from(token.slice(0, end), 'latin1');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  return verify(`sha${alg.slice(2)}`, signed, withScheme(key, alg), signature);
}

function withScheme(key: KeyObject, alg: string): KeyObject | VerifyKeyObjectInput {
  if (alg.startsWith('ES')) return { key, dsaEncoding: 'ieee-p1363' };
  if (alg.startsWith('PS')) {
    return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  }
  // Node's scheme for RSA where none is given. To give one costs half as much again as the verification.
  return key;
}
