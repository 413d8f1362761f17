import { createHash } from 'node:crypto';

const MAX_CHARACTERS = 128;
const PRINTABLE = /^[\x20-\x3f\x41-\x7e]*$/;

/**
 * A subject, an actor, or the id of a client, as it may be stored, logged and printed: up to 128 characters of printable ASCII.
 * A longer one, one with other characters, and one with an `@`, which looks like an email address, becomes 16 hex digits of its
 * SHA-256. So no store, log viewer or pattern meets a text of a stranger's length or alphabet.
 */
export function recordedName(name: string): string {
  return isRecordable(name) ? name : createHash('sha256').update(name).digest('hex').slice(0, 16);
}

export function isRecordable(name: string): boolean {
  return name.length <= MAX_CHARACTERS && PRINTABLE.test(name);
}
