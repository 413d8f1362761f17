import { createPublicKey, generateKeyPair, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** The one thing that is asked of everybody: this direct debit, for this caller. */
export const ISSUER = 'https://id.example.com/';
export const AUDIENCE = 'octane-bff';
export const CLIENT = 'bench';
export const SCOPE = 'direct-debit:write';
export const GROUPNO = '1001';
export const USERNAME = 'bench-1001';
export const PASSWORD = 'bench-only-1001';
/** What Octane must receive as Authorization. */
export const BASIC = `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')}`;
/** Behind the host of Octane's base URL. */
export const OCTANE_PATH = '/tiab/api';

export const DIRECT_DEBIT = {
  directDebitType: 'SPECIAL_DIRECT_DEBIT',
  ddNotificationFlag: 'Y',
  ddNotificationEmail: 'jo.bloggs@example.com',
  ddPaymentDay: '15',
  ddSpecialPaymentPeriod: 'fn',
  ddSpecialPaymentMethod: 'ST',
  ddSpecialPaymentAmount: 49.95,
  ddSpecialDayOfWeek: 3,
  ddSpecialStartDate: '2026-12-02T00:00:00+10:00',
  ddSpecialEndDate: '2027-12-01T00:00:00+10:00',
};

const TOKEN_LIFETIME_SECONDS = 12 * 3600;
const SIGNED_AT_ONCE = 64;

/** The signing key of the benchmark's identity provider. */
export interface IssuerKey {
  readonly privateKey: KeyObject;
  readonly publicPem: string;
}

export async function newIssuerKey(): Promise<IssuerKey> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  return { privateKey, publicPem };
}

/** An RS256 access token of the caller, with these claims beside or instead of the usual ones. */
export async function issueToken(key: IssuerKey, claims: Record<string, unknown> = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const content = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'user-0',
    client_id: CLIENT,
    scope: `openid ${SCOPE}`,
    iat: now,
    exp: now + TOKEN_LIFETIME_SECONDS,
    ...claims,
  };
  const text = [{ alg: 'RS256', typ: 'at+jwt', kid: 'bench' }, content]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${(await signed(text, key.privateKey)).toString('base64url')}`;
}

/** @param claimsOf those of the token with this index */
export async function issueTokens(
  key: IssuerKey,
  count: number,
  claimsOf: (index: number) => Record<string, unknown> = (index) => ({ sub: `user-${index}` }),
): Promise<string[]> {
  const tokens: string[] = [];
  while (tokens.length < count) {
    const from = tokens.length;
    const length = Math.min(SIGNED_AT_ONCE, count - from);
    tokens.push(
      ...(await Promise.all(Array.from({ length }, (_, index) => issueToken(key, claimsOf(from + index))))),
    );
  }
  return tokens;
}

/** The same token with a signature that is as long and wrong. */
export function withBadSignature(token: string): string {
  const start = token.lastIndexOf('.') + 1;
  const signature = Buffer.from(token.slice(start), 'base64url');
  signature[signature.length >> 1]! ^= 1;
  return token.slice(0, start) + signature.toString('base64url');
}

function signed(text: string, key: KeyObject): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign('sha256', Buffer.from(text), key, (error, signature) =>
      error ? reject(error) : resolve(signature),
    );
  });
}
