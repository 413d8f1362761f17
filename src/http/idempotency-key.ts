import type { FastifyRequest } from 'fastify';
import { headerCount } from '../auth/header-count.ts';
import { Problem } from '../problems/problems.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** As the app chose it: the quoted and the bare form of a key are the same. */
    idempotencyKey?: string;
  }
}

const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const BARE = /^[\x21\x23-\x7e][\x21-\x7e]*$/;
const MAX_CHARACTERS = 255;

/**
 * Reads the Idempotency-Key header: a string of structured fields (RFC 9651, section 3.3.3), or the same without quotes and
 * then without spaces.
 *
 * @throws Problem `invalid-request`
 */
export function readIdempotencyKey(request: FastifyRequest): void {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return;
  // Node joins several headers to one list, which may look like a key that nobody sent.
  const key = headerCount(request.raw, 'idempotency-key') > 1 ? undefined : keyIn(String(header));
  if (key === undefined || key === '' || key.length > MAX_CHARACTERS) {
    throw new Problem('invalid-request', {
      detail:
        'Send one Idempotency-Key. It must be 1 to 255 printable ASCII characters: in double quotes, or bare and without spaces.',
    });
  }
  request.idempotencyKey = key;
}

function keyIn(header: string): string | undefined {
  const quoted = QUOTED.exec(header)?.[1];
  if (quoted !== undefined) return quoted.replaceAll(/\\(["\\])/g, '$1');
  return BARE.test(header) ? header : undefined;
}
