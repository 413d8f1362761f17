import { challenge } from '../auth/challenge.ts';
import { CLOCK_SKEW_SECONDS } from '../auth/claims.ts';
import { schemeOf } from '../auth/principal.ts';
import type { Principal } from '../auth/principal.ts';
import type { Operation } from '../operations/operation.ts';
import { Problem } from '../problems/problem.ts';

type Requirements = Pick<Operation, 'requireAcr' | 'maxAuthAgeSeconds'>;

/**
 * Checks how and when the user logged in, by what the token says (RFC 9470).
 *
 * @throws Problem `insufficient-user-authentication`, which tells all that the operation asks for: a new login must satisfy it whole
 */
export function requireLogin(requirements: Requirements, principal: Principal): void {
  const { requireAcr, maxAuthAgeSeconds } = requirements;
  const { acr, auth_time: authTime } = principal.claims;
  const isStrong = !requireAcr || requireAcr.some((each) => each === acr);
  if (isStrong && (maxAuthAgeSeconds === undefined || isWithin(maxAuthAgeSeconds, authTime))) return;
  throw new Problem('insufficient-user-authentication', {
    headers: challenge(schemeOf(principal), {
      error: 'insufficient_user_authentication',
      ...(requireAcr && { acr_values: requireAcr.map(inQuotes).join(' ') }),
      ...(maxAuthAgeSeconds !== undefined && { max_age: String(maxAuthAgeSeconds) }),
    }),
  });
}

/** Whole seconds: `auth_time` has no finer ones. */
function isWithin(maxAgeSeconds: number, authTime: unknown): boolean {
  const now = Math.floor(Date.now() / 1000);
  return (
    typeof authTime === 'number' && authTime <= now + CLOCK_SKEW_SECONDS && now - authTime <= maxAgeSeconds
  );
}

/** What a header may hold between quotes (RFC 9110, section 5.6.4); the operations file may name any text. */
function inQuotes(acr: string): string {
  return acr.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll(/[^ -~]+/g, encodeURIComponent);
}
