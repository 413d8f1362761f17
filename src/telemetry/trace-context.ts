import type { FastifyRequest } from 'fastify';
import { RequestSlot } from '../http/request-slot.ts';

/** The trace of the span that stands for a request, where tracing is on. */
export const traceIdSlot = new RequestSlot<string>('trace id');

/** What the app says of its own place in a trace (W3C Trace Context). */
export interface TraceContext {
  /** 32 hex digits, not all zero. */
  readonly traceId: string;
  /** The app's span: 16 hex digits, not all zero. */
  readonly parentId: string;
  /** 2 hex digits; the lowest bit says that the app records this trace. */
  readonly flags: string;
}

/** A later version may say more behind another dash; ff is none. */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED = 1;

/**
 * Reads a `traceparent`. What version 00 knows of a later one is taken, as W3C Trace Context, section 3.2.4, asks: of its flags
 * the lowest. Undefined for anything else.
 */
export function parseTraceparent(header: unknown): TraceContext | undefined {
  const [, version, traceId, parentId, flags, rest] =
    (typeof header === 'string' && TRACEPARENT.exec(header)) || [];
  if (traceId === undefined || parentId === undefined || flags === undefined) return undefined;
  if (version === '00') return rest === undefined ? { traceId, parentId, flags } : undefined;
  return { traceId, parentId, flags: `0${Number.parseInt(flags, 16) & SAMPLED}` };
}

/** As version 00, whatever version it was read from. */
export function traceparentOf({ traceId, parentId, flags }: TraceContext): string {
  return `00-${traceId}-${parentId}-${flags}`;
}

/** The trace that a request belongs to, as the tracer or else the app says. */
export function traceIdOf(request: FastifyRequest): string | undefined {
  return traceIdSlot.get(request) ?? parseTraceparent(request.headers['traceparent'])?.traceId;
}
