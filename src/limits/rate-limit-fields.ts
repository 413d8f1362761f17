import type { FastifyReply } from 'fastify';
import { secondsUntilReset } from './policy.ts';
import type { LimitReport, Standing } from './policy.ts';

/**
 * Writes `RateLimit-Policy` and `RateLimit`, one list member for each limit that applied
 * (draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4). The limit with the least left stands first, for those who read
 * only one.
 */
export function reportOn(reply: FastifyReply): LimitReport {
  const standings: Standing[] = [];
  return (standing) => {
    // Of two calls to Octane the later one counts.
    const known = standings.findIndex(({ policy }) => policy.name === standing.policy.name);
    standings.splice(known === -1 ? standings.length : known, 1, standing);
    standings.sort((a, b) => remaining(a) - remaining(b));
    const policies = standings.map(
      ({ policy: { name, quota, windowSeconds } }) => `"${name}";q=${quota};w=${windowSeconds}`,
    );
    const limits = standings.map(
      (each) => `"${each.policy.name}";r=${remaining(each)};t=${secondsUntilReset(each)}`,
    );
    reply.header('ratelimit-policy', policies.join(', ')).header('ratelimit', limits.join(', '));
  };
}

function remaining({ policy, uses }: Standing): number {
  return Math.max(0, policy.quota - uses);
}
