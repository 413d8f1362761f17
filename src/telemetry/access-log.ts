import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { CUSTNO } from '../config/customer-number.ts';
import { PROBLEMS } from '../problems/problems.ts';
import type { Outcome } from '../problems/problems.ts';
import type { PeerAddress } from './peer-address.ts';
import { recordedName } from './recorded-name.ts';
import { traceIdOf } from './trace-context.ts';

/** The routes that change something at Octane, and the operations that records and metrics know them by. */
export const CHANGE_ROUTES: Readonly<Record<string, string>> = {
  '/v1/customers/:custno/direct-debit': 'direct-debit',
  '/v1/customers/:custno/send-welcome-email': 'welcome-email',
};

/**
 * The one `request completed` line of a request: nothing in it but what a request is told apart and judged by. That of an
 * attempted change, allowed or refused, is its audit event too.
 */
export function logRequest(
  logger: Logger,
  request: FastifyRequest,
  reply: FastifyReply,
  peerOf: PeerAddress,
): void {
  const { caller, problem, principal } = request;
  const route = request.routeOptions.url ?? 'none';
  const clientId = caller?.clientId ?? principal?.clientId;
  const operation = CHANGE_ROUTES[route];
  logger.info(
    // What is undefined is not written.
    {
      requestId: request.id,
      traceId: traceIdOf(request),
      method: request.method,
      route,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 1000) / 1000,
      clientClosed: request.closed || request.raw.socket.readableEnded || undefined,
      client: clientId === undefined ? undefined : recordedName(clientId),
      group: caller?.groupno,
      code: problem?.code,
      reason: problem?.extras.reason,
      cause: problem?.extras.cause,
      peer: problem && peerOf(request.raw.socket, request.headers),
      outcome: operation && outcomeOf(request, reply),
      audit: operation && true,
      operation,
      issuer: operation && principal?.issuer,
      subject: operation && principal && recordedName(principal.subject),
      actor: (operation && caller?.actor !== undefined && recordedName(caller.actor)) || undefined,
      custno: operation && custnoOf(request),
      replayed: (operation && reply.hasHeader('idempotency-replayed')) || undefined,
    },
    'request completed',
  );
}

/** What became of the change that the request asked for. */
function outcomeOf({ problem }: FastifyRequest, reply: FastifyReply): Outcome {
  if (problem?.code === 'internal-error') return 'unknown';
  if (problem) return problem.extras.outcome ?? PROBLEMS[problem.code].outcome ?? 'not-sent';
  return reply.statusCode < 300 ? 'applied' : 'not-sent';
}

/** The customer that was asked for: what `me` stands for, where that was permitted, and nothing that is no customer number. */
function custnoOf({ custno, params }: FastifyRequest): string | undefined {
  const asked = custno ?? (params as { custno?: string }).custno;
  return asked !== undefined && CUSTNO.test(asked) ? asked : undefined;
}
