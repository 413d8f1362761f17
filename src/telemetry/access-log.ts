import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { PROBLEMS } from '../problems/problems.ts';

/** One `request completed` line for each request: nothing in it but what a request is told apart and judged by. */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      // A client that hung up has closed the connection long before the answer exists: its line waits for the outcome.
      if (reply.sent) logRequest(logger, request, reply);
      else request.closed = true;
    });
    done();
  });
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (request.closed) logRequest(logger, request, reply);
    done();
  });
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The connection was gone before there was an answer. */
    closed?: boolean;
  }
}

export function logRequest(logger: Logger, request: FastifyRequest, reply: FastifyReply): void {
  const { caller, problem } = request;
  logger.info(
    {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 1000) / 1000,
      ...((request.closed || request.raw.socket.readableEnded) && { clientClosed: true }),
      ...(caller && { client: caller.clientId, group: caller.groupno }),
      ...(problem && { code: problem.code, reason: problem.extras.reason }),
      outcome: outcomeOf(request, reply),
    },
    'request completed',
  );
}

/** What became of the change, where the request asked for one. */
function outcomeOf({ caller, problem }: FastifyRequest, reply: FastifyReply): string | undefined {
  if (!caller) return undefined;
  if (problem?.code === 'internal-error') return 'unknown';
  if (problem) return problem.extras.outcome ?? PROBLEMS[problem.code].outcome ?? 'not-sent';
  return reply.statusCode < 300 ? 'applied' : undefined;
}
