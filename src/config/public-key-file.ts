import { type JsonWebKey, type KeyObject, createPublicKey } from 'node:crypto';
import { InvalidValue } from './configuration-error.ts';

const MIN_RSA_BITS = 2048;
/** With 1, a signature is the message itself; with 3, lax checks of the padding were fooled time and again. */
const MIN_RSA_EXPONENT = 65_537n;
const PUBLIC_PEM_BLOCK = /-----BEGIN [A-Z0-9 ]*(?:PUBLIC KEY|CERTIFICATE)-----/g;

/** An RFC 7517 key set. Only the keys' type is known; the other members are as the file gives them. */
interface JwkSet {
  readonly keys: readonly JsonWebKey[];
}

/** The keys of a file, checked to be public and of a kind that a token can be verified with. */
export type PublicKeys =
  { readonly kind: 'pem'; readonly pem: string } | { readonly kind: 'jwks'; readonly jwks: JwkSet };

/**
 * Reads a PEM public key or certificate, or a JWK Set. Keys of a set that are of an unknown kind are left in it, as
 * RFC 7517 §5 asks, as long as one of them is RSA or EC.
 *
 * @throws InvalidValue when the text holds no such key, or holds a private or a symmetric one
 */
export function parsePublicKeys(text: string): PublicKeys {
  return text.trimStart().startsWith('{') ? { kind: 'jwks', jwks: readJwkSet(text) } : readPem(text);
}

function readPem(pem: string): PublicKeys {
  if (pem.includes('PRIVATE KEY-----')) throw privateKey();
  const key = importKey(() => createPublicKey(pem));
  if (!key) {
    throw new InvalidValue('the file must hold a PEM public key, a PEM certificate or a JWK Set');
  }
  // Of several, only the first would count; and the key of a chain's next certificate is not the issuer's.
  if ((pem.match(PUBLIC_PEM_BLOCK)?.length ?? 0) > 1) {
    throw new InvalidValue('the file holds several PEM keys: keep one, or write them as a JWK Set');
  }
  if (!canVerifyTokens(key)) throw unusableKey();
  return { kind: 'pem', pem };
}

function readJwkSet(text: string): JwkSet {
  const keys = parseKeys(text);
  if (!keys) throw new InvalidValue('the file must hold a JWK Set: a JSON object with a list of keys');
  for (const { kty, d, k } of keys) {
    if (d !== undefined) throw privateKey();
    if (kty === 'oct' || k !== undefined) throw new InvalidValue('the file holds a symmetric key');
  }
  const usable = keys.some((key) => {
    const imported = importKey(() => createPublicKey({ key, format: 'jwk' }));
    return imported !== undefined && canVerifyTokens(imported);
  });
  if (!usable) throw unusableKey();
  return { keys };
}

function parseKeys(text: string): JsonWebKey[] | undefined {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown };
    return Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null)
      ? (keys as JsonWebKey[])
      : undefined;
  } catch {
    return undefined;
  }
}

function importKey(create: () => KeyObject): KeyObject | undefined {
  try {
    return create();
  } catch {
    return undefined;
  }
}

/** Whether a key is of a kind, and strong enough, for a token to be verified with it (RFC 7518, section 3.3). */
export function canVerifyTokens({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (asymmetricKeyType !== 'rsa') return asymmetricKeyType === 'ec';
  const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {};
  return modulusLength >= MIN_RSA_BITS && publicExponent >= MIN_RSA_EXPONENT;
}

function unusableKey(): InvalidValue {
  return new InvalidValue(
    `the file must hold an EC key, or an RSA key with at least ${MIN_RSA_BITS} bits and an exponent of at least ${MIN_RSA_EXPONENT}`,
  );
}

function privateKey(): InvalidValue {
  return new InvalidValue('the file holds a private key; it must hold only the public key');
}
