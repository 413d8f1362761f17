import { constants, createHmac, KeyObject, sign } from 'node:crypto';
import type { SigningKey, TokenIssuer } from './token-issuer.ts';

/**
 * Tokens that no JOSE library would make. What is left out is as in a good token of the issuer, so that each forgery is wrong
 * in one thing only.
 */
export interface Forgery {
  /** Changes of the header; a string or bytes stand for the whole of it. */
  readonly header?: Record<string, unknown> | string | Buffer;
  readonly claims?: Record<string, unknown> | string | Buffer;
  /** Left out: the issuer's own. */
  readonly sign?: Signer;
}

/** Makes the signature of a token's first two parts. */
type Signer = (input: string) => Buffer | string;

export function forge(issuer: TokenIssuer, { header = {}, claims = {}, sign: signer }: Forgery): string {
  const makeSignature = signer ?? signerOf(issuer.key);
  const input = [
    part(isWhole(header) ? header : issuer.header({ header })),
    part(isWhole(claims) ? claims : issuer.claims(claims)),
  ].join('.');
  return `${input}.${part(makeSignature(input))}`;
}

/** Signs with a key by any algorithm, whether the key is meant for it or not. */
export function signerOf(
  key: SigningKey | KeyObject,
  alg = key instanceof KeyObject ? 'RS256' : key.alg,
): (input: string) => Buffer {
  const privateKey = key instanceof KeyObject ? key : KeyObject.from(key.privateKey);
  const digest = `sha${alg.slice(2)}`;
  const scheme = {
    RS: {},
    PS: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
    ES: { dsaEncoding: 'ieee-p1363' as const },
  }[alg.slice(0, 2)];
  return (input) => sign(digest, Buffer.from(input), { key: privateKey, ...scheme });
}

/** HMAC with what should be public as the secret. */
export function hmacSigner(secret: string | Buffer, digest = 'sha256'): Signer {
  return (input) => createHmac(digest, secret).update(input).digest();
}

/** A part of a compact JWS. */
export function part(content: unknown): string {
  const bytes = isWhole(content) ? content : JSON.stringify(content);
  return Buffer.from(bytes).toString('base64url');
}

/** The same bytes to a lenient decoder, in other characters: the last of them has bits that stand for nothing. */
export function withStrayBit(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const stray = text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1];
  if (!Buffer.from(stray, 'base64url').equals(Buffer.from(text, 'base64url')))
    throw new Error('no bit to spare');
  return stray;
}

function isWhole(content: unknown): content is string | Buffer {
  return typeof content === 'string' || Buffer.isBuffer(content);
}
