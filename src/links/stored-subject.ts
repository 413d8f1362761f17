import { hash } from 'node:crypto';
import { isRecordable, recordedName } from '../telemetry/recorded-name.ts';

/** A subject that may be stored as it is has no `@`, so none is ever taken for such a digest. */
const DIGEST = /^@sha256:[0-9a-f]{64}$/;

/** How the links name a subject: as it is, or, where that may not be stored, by its whole SHA-256. */
export function storedSubject(subject: string): string {
  return isRecordable(subject) ? subject : `@sha256:${hash('sha256', subject)}`;
}

/** The same for who looks for links that exist: it may also say the digest that it was shown. */
export function soughtSubject(subject: string): string {
  return DIGEST.test(subject) ? subject : storedSubject(subject);
}

/** How the log names the same subject. */
export function loggedSubject(stored: string): string {
  return DIGEST.test(stored) ? stored.slice('@sha256:'.length).slice(0, 16) : recordedName(stored);
}
