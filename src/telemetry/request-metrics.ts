import type { FastifyReply, FastifyRequest } from 'fastify';
import { refusal } from '../http/problem.filter.ts';
import type { Problem } from '../problems/problem.ts';
import type { Metrics } from './metrics.ts';

/** What no caller but the permitted one may do, by the code of the refusal. */
const NOT_PERMITTED: ReadonlySet<string> = new Set([
  'caller-not-mapped',
  'insufficient-scope',
  'customer-not-permitted',
  'insufficient-user-authentication',
]);

/** Counts a request that is over. */
export function countRequest(metrics: Metrics, request: FastifyRequest, reply: FastifyReply): void {
  metrics.observe(
    'http_server_request_duration_seconds',
    {
      route: request.routeOptions.url ?? 'none',
      method: request.method,
      status: String(reply.statusCode),
    },
    reply.elapsedTime / 1000,
  );
  const problem = refusal.get(request);
  if (problem) countProblem(metrics, problem);
}

/** Counts a message that never became a request. */
export function countRefusedMessage(
  metrics: Metrics,
  { status, code }: { status: number; code: string },
): void {
  const labels = { route: 'none', method: 'other', status: String(status) };
  metrics.observe('http_server_request_duration_seconds', labels, 0);
  metrics.count('problems_total', { code });
}

function countProblem(metrics: Metrics, { code, extras: { reason = '' } }: Problem): void {
  metrics.count('problems_total', { code });
  if (code === 'rate-limited' || reason === 'octane') metrics.count('rate_limited_total', { limit: reason });
  else if (code === 'overloaded') metrics.count('overloaded_total', { reason });
  else if (NOT_PERMITTED.has(code)) metrics.count('auth_failures_total', { reason: code });
}
