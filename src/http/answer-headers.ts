import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const REQUEST_ID = /^[\w.-]{1,128}$/;

/** On the message itself: a WeakMap costs the garbage collector more. */
const ID = Symbol('request id');

/** The app's own `X-Request-Id` when it is fit for logs and headers, else a UUID; the same each time for one request. */
export function requestIdOf(request: IncomingMessage & { [ID]?: string }): string {
  const sent = request.headers['x-request-id'];
  return (request[ID] ??= typeof sent === 'string' && REQUEST_ID.test(sent) ? sent : randomUUID());
}

/** What every answer of the API port carries. A page has a policy of its own instead. */
export function answerHeaders(requestId: string): Record<string, string> {
  return {
    'x-request-id': requestId,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  };
}
