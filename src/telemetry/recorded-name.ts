import { createHash } from 'node:crypto';

/**
 * A subject, or the id of a client, as it may be stored, logged and printed: one that looks like an email address, or that holds
 * a control character, becomes 16 hex digits of its SHA-256. PostgreSQL takes no NUL, and one record must not keep a whole batch
 * from being written.
 */
export function recordedName(name: string): string {
  return /[@\p{Cc}]/u.test(name) ? createHash('sha256').update(name).digest('hex').slice(0, 16) : name;
}
