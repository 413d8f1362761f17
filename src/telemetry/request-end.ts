import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** The connection was gone before there was an answer. */
    closed?: boolean;
  }
}

/** Tells once of each request that it is over: answered, and nothing is done for it any more. */
export function onRequestEnd(
  fastify: FastifyInstance,
  tell: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      // A client that hung up has closed the connection long before the answer exists: its request goes on to its outcome.
      if (reply.sent) tell(request, reply);
      else request.closed = true;
    });
    done();
  });
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (request.closed) tell(request, reply);
    done();
  });
}
