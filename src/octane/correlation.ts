import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** The headers that let Octane's log be read together with ours. */
export interface Correlation {
  readonly requestId: string;
  /** W3C Trace Context of the app, where it sent a valid one. */
  readonly traceparent?: string;
  readonly tracestate?: string;
}

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

export const RequestCorrelation = createParamDecorator(
  (_: unknown, context: ExecutionContext): Correlation => {
    const { id, headers } = context.switchToHttp().getRequest<FastifyRequest>();
    const { traceparent, tracestate } = headers;
    if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return { requestId: id };
    return {
      requestId: id,
      traceparent,
      ...(typeof tracestate === 'string' && TRACESTATE.test(tracestate) && { tracestate }),
    };
  },
);
