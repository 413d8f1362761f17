import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { secondsUntilReset } from './policy.ts';
import type { LimitReport, Standing } from './policy.ts';

/** What a handler hands on to the limits, so that the answer tells the app where it stands. */
export const ReportLimits = createParamDecorator((_: unknown, context: ExecutionContext) =>
  reportOn(context.switchToHttp().getResponse<FastifyReply>()),
);

/**
 * Writes `RateLimit-Policy` and `RateLimit`, one list member for each limit that applied
 * (draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4).
 */
export function reportOn(reply: FastifyReply): LimitReport {
  return (standing) => {
    const { name, quota, windowSeconds } = standing.policy;
    append(reply, 'ratelimit-policy', `"${name}";q=${quota};w=${windowSeconds}`);
    append(reply, 'ratelimit', `"${name}";r=${remaining(standing)};t=${secondsUntilReset(standing)}`);
  };
}

function remaining({ policy, uses }: Standing): number {
  return Math.max(0, policy.quota - uses);
}

function append(reply: FastifyReply, field: string, member: string): void {
  const others = reply.getHeader(field);
  reply.header(field, others === undefined ? member : `${String(others)}, ${member}`);
}
