import type { FastifyRequest } from 'fastify';
import { headerCount } from '../http/header-count.ts';
import type { Change } from '../operations/operation.ts';
import { Problem } from '../problems/problem.ts';

const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const BARE = /^[\x21\x23-\x7e][\x21-\x7e]*$/;
const MAX_CHARACTERS = 255;

/**
 * Reads the Idempotency-Key header: a string of structured fields (RFC 9651, section 3.3.3), or the same without quotes and
 * then without spaces.
 *
 * @returns the key as the app chose it: its quoted and its bare form are the same
 * @throws Problem `invalid-request`, or `idempotency-key-required`
 */
export function readIdempotencyKey(request: FastifyRequest, policy: Change['key']): string | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) {
    if (policy === 'required') throw new Problem('idempotency-key-required');
    return undefined;
  }
  // Node joins several headers to one list, which may look like a key that nobody sent.
  const key = headerCount(request.raw, 'idempotency-key') > 1 ? undefined : keyIn(String(header));
  if (key === undefined || key === '' || key.length > MAX_CHARACTERS) {
    throw new Problem('invalid-request', {
      detail:
        'Send one Idempotency-Key of 1 to 255 printable ASCII characters. Put it in double quotes if it has spaces.',
    });
  }
  return key;
}

function keyIn(header: string): string | undefined {
  const quoted = QUOTED.exec(header)?.[1];
  if (quoted !== undefined) return quoted.replaceAll(/\\(["\\])/g, '$1');
  return BARE.test(header) ? header : undefined;
}
