import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerSlot, custnoSlot } from '../callers/caller.ts';
import type { Caller } from '../callers/caller.ts';
import { RequestSlot } from '../http/request-slot.ts';
import type { LimitReport } from '../limits/policy.ts';
import { reportOn } from '../limits/rate-limit-fields.ts';
import type { Parameters } from '../operations/operation.ts';
import { parseTraceparent, traceparentOf } from '../telemetry/trace-context.ts';
import type { TraceHeaders } from '../telemetry/tracing.ts';

const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** The Idempotency-Key, where the app sent one. */
export const keySlot = new RequestSlot<string>('idempotency key');

/** What the route and the query say beside the customer number, checked, where the operation has parameters. */
export const parametersSlot = new RequestSlot<Parameters>('parameters');

const NO_PARAMETERS: Parameters = {};

/** What is known of a request for an operation once its body is read: the limits, the journal and Octane ask nothing else. */
export class OperationRequest {
  /** The request id. */
  readonly id: string;
  readonly caller: Caller;
  /** Empty for an operation that belongs to no customer. */
  readonly custno: string;
  /** The valid headers of W3C Trace Context that the app sent. */
  readonly trace: TraceHeaders;
  /** Tells the app how much of a limit is left. */
  readonly tellLimit: LimitReport;

  constructor(
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
  ) {
    this.id = request.id;
    this.caller = callerSlot.need(request);
    this.custno = custnoSlot.need(request);
    this.trace = traceOf(request);
    this.tellLimit = reportOn(reply);
  }

  // Nest asks for this object before the body pipe, which reads these two, has run.
  get key(): string | undefined {
    return keySlot.get(this.request);
  }

  get parameters(): Parameters {
    return parametersSlot.get(this.request) ?? NO_PARAMETERS;
  }

  /** @param ageMs for how long the answer was kept; undefined where it is new */
  tellCache(ageMs: number | undefined): void {
    this.reply.header('x-cache', ageMs === undefined ? 'miss' : 'hit');
    if (ageMs !== undefined) this.reply.header('age', String(Math.floor(ageMs / 1000)));
  }

  /** Tells the app that it gets the first answer to its key again. */
  markReplayed(): void {
    this.reply.header('idempotency-replayed', 'true');
  }
}

/** Gives a handler its `OperationRequest`. */
export const Asked = createParamDecorator((_: unknown, context: ExecutionContext): OperationRequest => {
  const http = context.switchToHttp();
  return new OperationRequest(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
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
