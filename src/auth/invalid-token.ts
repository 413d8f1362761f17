import { Problem } from '../problems/problem.ts';
import { challenge } from './challenge.ts';
import type { Scheme } from './challenge.ts';

/** What may be wrong with a token of which nobody knows who made it. */
type UnprovenTokenReason = 'malformed' | 'header' | 'algorithm' | 'issuer' | 'key' | 'signature';

/** What may be wrong with a token that its issuer did sign. */
const GENUINE_TOKEN_REASONS = [
  'type',
  'expired',
  'not-yet-valid',
  'lifetime',
  'audience',
  'claims',
  'bound',
  'unbound',
  'unproven',
  'other-key',
] as const;

/** Why a token was refused, for logs and metrics. The app learns only what helps an honest one. */
export type InvalidTokenReason = UnprovenTokenReason | (typeof GENUINE_TOKEN_REASONS)[number];

const DETAILS: Partial<Record<InvalidTokenReason, string>> = {
  malformed:
    'The access token is not a signed JWT of at most 8 KiB. Send it as your identity provider gave it to you.',
  type: 'The token is not an access token. Send the access token, not the ID token.',
  expired: 'The access token has expired. Get a new one from your identity provider.',
  'not-yet-valid': 'The access token is not valid yet. Check the clock of your identity provider.',
  lifetime: 'The access token is valid for longer than this API accepts.',
  audience: 'The access token is meant for another audience. Request one for this API.',
  bound: 'The access token is bound in a way that this API does not support. Use DPoP.',
  unproven:
    'The access token is bound to a key. Send it as "Authorization: DPoP <token>", with a proof of the key in the header "DPoP".',
  unbound:
    'The access token is not bound to a key. Get a bound token. If your identity provider does not have to bind its tokens, send this one as "Authorization: Bearer <token>" instead.',
  'other-key': 'The access token is bound to another key than that of the DPoP proof.',
};

/** 401 with the challenge for how the token was sent, or should be. */
export function invalidToken(reason: InvalidTokenReason, scheme: Scheme = 'Bearer'): Problem {
  const detail = DETAILS[reason];
  return new Problem('invalid-token', {
    reason,
    headers: challenge(scheme, { error: 'invalid_token' }),
    ...(detail !== undefined && { detail }),
  });
}

/** Whether a token was refused although its signature is good: nobody guesses such a token. */
export function isGenuine({ extras: { reason } }: Problem): boolean {
  return GENUINE_TOKEN_REASONS.some((genuine) => genuine === reason);
}
