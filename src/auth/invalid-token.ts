import { Problem } from '../problems/problems.ts';

/** Why a token was refused, for logs and metrics. The app learns only what helps an honest one. */
export type InvalidTokenReason =
  | 'malformed'
  | 'header'
  | 'algorithm'
  | 'type'
  | 'issuer'
  | 'key'
  | 'signature'
  | 'expired'
  | 'not-yet-valid'
  | 'audience'
  | 'claims'
  | 'bound';

const DETAILS: Partial<Record<InvalidTokenReason, string>> = {
  malformed:
    'The access token is not a signed JWT of at most 8 KiB. Send it as your identity provider gave it to you.',
  expired: 'The access token has expired. Get a new one from your identity provider.',
  'not-yet-valid': 'The access token is not valid yet. Check the clock of whoever issued it.',
  audience: 'The access token is meant for another audience. Request one for this API.',
};

/** 401 with the challenge of RFC 6750, section 3. */
export function invalidToken(reason: InvalidTokenReason): Problem {
  const detail = DETAILS[reason];
  return new Problem('invalid-token', {
    reason,
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    ...(detail !== undefined && { detail }),
  });
}
