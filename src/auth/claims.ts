import { claimAt } from '../config/claim.ts';
import type { IssuerConfig } from '../config/gateway-file.ts';
import { invalidToken } from './invalid-token.ts';
import type { Principal } from './principal.ts';

type Claims = Readonly<Record<string, unknown>>;

/** How far the clock of an identity provider may differ from this one. */
export const CLOCK_SKEW_SECONDS = 30;
/** A media type without "application/" stands for the one with it (RFC 7515, section 4.1.9). */
const ACCESS_TOKEN_TYPE = /^(?:application\/)?at\+jwt$/i;
const JWT_TYPE = /^(?:application\/)?(?:at\+)?jwt$/i;
/** ID tokens (OpenID Connect Core, sections 3.1 to 3.3) and security events, logout tokens among them (RFC 8417). */
const CLAIMS_OF_OTHER_TOKENS = ['at_hash', 'c_hash', 'events'];

/**
 * Checks that a token is an access token, as far as it says: by its `typ` (RFC 9068, section 4; RFC 8725, section 3.11) and
 * by claims that only other tokens have.
 *
 * @param typ of the header
 * @throws Problem `invalid-token`
 */
export function checkType(typ: unknown, claims: Claims, { requireAccessTokenType }: IssuerConfig): void {
  const expected = requireAccessTokenType ? ACCESS_TOKEN_TYPE : JWT_TYPE;
  const isExpected =
    typeof typ === 'string' ? expected.test(typ) : typ === undefined && !requireAccessTokenType;
  if (!isExpected || CLAIMS_OF_OTHER_TOKENS.some((claim) => claims[claim] !== undefined))
    throw invalidToken('type');
}

/**
 * Checks the claims of a token whose signature was verified with a key of `config`'s issuer, and tells whom it speaks for.
 *
 * @throws Problem `invalid-token`
 */
export function principalOf(claims: Claims, config: IssuerConfig, nowSeconds = Date.now() / 1000): Principal {
  const { iss, sub, cnf } = claims;
  if (iss !== config.issuer) throw invalidToken('issuer');
  if (typeof sub !== 'string' || sub === '') throw invalidToken('claims');
  checkTimes(claims, nowSeconds);
  checkLifetime(claims, config, nowSeconds);
  const jkt = keyOfBinding(cnf);
  // Of any other binding (RFC 7800) nobody here asks for a proof, so such a token would be as good as stolen.
  if (jkt === undefined && cnf !== undefined) throw invalidToken('bound');
  if (jkt === undefined && config.requireSenderConstrained) throw invalidToken('unbound');
  checkAudience(claimAt(claims, config.audienceClaim), config.audience);
  return {
    issuer: config.issuer,
    subject: sub,
    clientId: clientIdOf(claims, config),
    scopes: scopesOf(claims),
    jkt,
    claims,
  };
}

/**
 * The only check of claims that may come out otherwise when it is made again.
 *
 * @throws Problem `invalid-token`
 */
export function checkTimes({ exp, nbf, iat }: Claims, nowSeconds = Date.now() / 1000): void {
  if (!isTime(exp) || !isOptional(nbf, isTime) || !isOptional(iat, isTime)) throw invalidToken('claims');
  if (exp <= nowSeconds - CLOCK_SKEW_SECONDS) throw invalidToken('expired');
  if (isLater(nbf, nowSeconds) || isLater(iat, nowSeconds)) throw invalidToken('not-yet-valid');
}

/** A token that nobody can call back must not be good for years, whatever its issuer wrote by mistake. */
function checkLifetime({ exp, iat }: Claims, config: IssuerConfig, nowSeconds: number): void {
  const from = typeof iat === 'number' ? iat : nowSeconds + CLOCK_SKEW_SECONDS;
  if (Number(exp) - from > config.maxTokenLifetimeSeconds) throw invalidToken('lifetime');
}

/**
 * The thumbprint of the key that a token is bound to (RFC 9449, section 6.1).
 *
 * @returns undefined where it is bound to none, or not only so
 */
export function keyOfBinding(cnf: unknown): string | undefined {
  const { jkt, ...others } = (cnf ?? {}) as { jkt?: unknown };
  return typeof jkt === 'string' && Object.keys(others).length === 0 ? jkt : undefined;
}

function checkAudience(claim: unknown, accepted: readonly string[]): void {
  if (typeof claim !== 'string' && !isStrings(claim))
    throw invalidToken(claim === undefined ? 'audience' : 'claims');
  if (![claim].flat().some((audience) => accepted.includes(audience))) throw invalidToken('audience');
}

function clientIdOf(claims: Claims, { clientIdClaim }: IssuerConfig): string | undefined {
  const clientId = claimAt(
    claims,
    clientIdClaim ?? (claims['client_id'] === undefined ? 'azp' : 'client_id'),
  );
  if (clientId !== undefined && typeof clientId !== 'string') throw invalidToken('claims');
  return clientId;
}

/** `scope` (RFC 8693) and `scp` (as Entra ID and Okta call it), each a list or a string with spaces. */
function scopesOf(claims: Claims): readonly string[] {
  return [claims['scope'], claims['scp']].flatMap((claim) => {
    if (claim === undefined) return [];
    if (typeof claim === 'string') return claim.split(' ').filter((scope) => scope !== '');
    if (isStrings(claim)) return claim;
    throw invalidToken('claims');
  });
}

function isLater(time: unknown, nowSeconds: number): boolean {
  return typeof time === 'number' && time > nowSeconds + CLOCK_SKEW_SECONDS;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isOptional(value: unknown, test: (value: unknown) => boolean): boolean {
  return value === undefined || test(value);
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
