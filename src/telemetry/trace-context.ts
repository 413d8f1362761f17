import type { FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the span that stands for this request, where tracing is on. */
    traceId?: string;
  }
}

/** What the app says of its own place in a trace (W3C Trace Context). */
export interface TraceContext {
  /** 32 hex digits, not all zero. */
  readonly traceId: string;
  /** The app's span: 16 hex digits, not all zero. */
  readonly parentId: string;
  /** 2 hex digits; the lowest bit says that the app records this trace. */
  readonly flags: string;
}

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Reads a `traceparent` of version 00, the only one that there is; undefined for anything else. */
export function parseTraceparent(header: unknown): TraceContext | undefined {
  const [, traceId, parentId, flags] = (typeof header === 'string' && TRACEPARENT.exec(header)) || [];
  return traceId === undefined || parentId === undefined || flags === undefined
    ? undefined
    : { traceId, parentId, flags };
}

/** The trace that a request belongs to, as the tracer or else the app says. */
export function traceIdOf(request: Pick<FastifyRequest, 'traceId' | 'headers'>): string | undefined {
  return request.traceId ?? parseTraceparent(request.headers['traceparent'])?.traceId;
}
