import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerSlot, custnoSlot } from '../callers/caller.ts';
import type { Caller } from '../callers/caller.ts';
import { RequestSlot } from '../http/request-slot.ts';
import type { LimitReport } from '../limits/policy.ts';
import { reportOn } from '../limits/rate-limit-fields.ts';
import { parseTraceparent, traceparentOf } from '../telemetry/trace-context.ts';
import type { TraceHeaders } from '../telemetry/tracing.ts';

const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** The Idempotency-Key, where the app sent one. */
export const keySlot = new RequestSlot<string>('idempotency key');

/** What is known of a request for an operation once its body is read: the limits, the journal and Octane ask nothing else. */
export interface OperationRequest {
  /** The request id. */
  readonly id: string;
  readonly caller: Caller;
  readonly custno: string;
  readonly key: string | undefined;
  /** The valid headers of W3C Trace Context that the app sent. */
  readonly trace: TraceHeaders;
  /** Tells the app how much of a limit is left. */
  readonly tellLimit: LimitReport;
  /** Tells the app that it gets the first answer to its key again. */
  markReplayed(): void;
}

/** Gives a handler its `OperationRequest`. */
export const Asked = createParamDecorator((_: unknown, context: ExecutionContext): OperationRequest => {
  const http = context.switchToHttp();
  const request = http.getRequest<FastifyRequest>();
  const reply = http.getResponse<FastifyReply>();
  return {
    id: request.id,
    caller: callerSlot.need(request),
    custno: custnoSlot.need(request),
    // Nest asks for this object before the body pipe, which reads the key, has run.
    get key() {
      return keySlot.get(request);
    },
    trace: traceOf(request),
    tellLimit: reportOn(reply),
    markReplayed: () => void reply.header('idempotency-replayed', 'true'),
  };
});

function traceOf({ headers }: FastifyRequest): TraceHeaders {
  const parent = parseTraceparent(headers['traceparent']);
  if (!parent) return {};
  const { tracestate } = headers;
  return {
    traceparent: traceparentOf(parent),
    ...(typeof tracestate === 'string' && TRACESTATE.test(tracestate) && { tracestate }),
  };
}
