import { createHash } from 'node:crypto';

/** A subject as it may be stored and logged: one that looks like an email address becomes 16 hex digits of its SHA-256. */
export function recordedSubject(subject: string): string {
  return subject.includes('@') ? createHash('sha256').update(subject).digest('hex').slice(0, 16) : subject;
}
