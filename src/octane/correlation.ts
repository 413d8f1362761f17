import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { parseTraceparent, traceparentOf } from '../telemetry/trace-context.ts';

/** The headers that let Octane's log be read together with ours. */
export interface Correlation {
  readonly requestId: string;
  /** W3C Trace Context of the app, where it sent a valid one. */
  readonly traceparent?: string;
  readonly tracestate?: string;
}

const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

export const RequestCorrelation = createParamDecorator(
  (_: unknown, context: ExecutionContext): Correlation => {
    const { id, headers } = context.switchToHttp().getRequest<FastifyRequest>();
    const parent = parseTraceparent(headers['traceparent']);
    if (!parent) return { requestId: id };
    const { tracestate } = headers;
    return {
      requestId: id,
      traceparent: traceparentOf(parent),
      ...(typeof tracestate === 'string' && TRACESTATE.test(tracestate) && { tracestate }),
    };
  },
);
