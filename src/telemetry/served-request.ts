import { AsyncLocalStorage } from 'node:async_hooks';
import type { FastifyRequest } from 'fastify';
import { RequestSlot } from '../http/request-slot.ts';
import { traceIdOf } from './trace-context.ts';

/** What the running code serves. A timer or a connection that outlives its request holds on to this, and not to the request. */
interface Serving {
  request: FastifyRequest | undefined;
}

const serving = new AsyncLocalStorage<Serving>();
const servingSlot = new RequestSlot<Serving>('serving');

/** Runs `serve`, and everything that it starts, for this request. */
export function serveWithin(request: FastifyRequest, serve: () => void): void {
  const mine = { request };
  servingSlot.set(request, mine);
  serving.run(mine, serve);
}

/** Whatever still runs of what this request started is no longer done for it. */
export function endServing(request: FastifyRequest): void {
  const ended = servingSlot.get(request);
  if (ended) ended.request = undefined;
}

/** By what the log lines of one request are found; nothing where none is being served. */
export function servedRequest(): { requestId?: string; traceId?: string | undefined } {
  const request = serving.getStore()?.request;
  return request ? { requestId: request.id, traceId: traceIdOf(request) } : {};
}
