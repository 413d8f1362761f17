import { createHash } from 'node:crypto';

/**
 * A subject as it may be stored, logged and printed: one that looks like an email address, or that holds a control character,
 * becomes 16 hex digits of its SHA-256. PostgreSQL takes no NUL, and one record must not keep a whole batch from being written.
 */
export function recordedSubject(subject: string): string {
  return /[@\p{Cc}]/u.test(subject)
    ? createHash('sha256').update(subject).digest('hex').slice(0, 16)
    : subject;
}
