import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestSlot } from './request-slot.ts';

/** The connection was gone before there was an answer. */
export const hungUp = new RequestSlot<true>('hung up');

/** Tells once of each request that it is over: answered, and nothing is done for it any more. */
export function onRequestEnd(
  fastify: FastifyInstance,
  tell: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      // A client that hung up has closed the connection long before the answer exists: its request goes on to its outcome.
      if (reply.sent) tell(request, reply);
      else hungUp.set(request, true);
    });
    done();
  });
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (hungUp.get(request)) tell(request, reply);
    done();
  });
}
