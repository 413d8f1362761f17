import { randomUUID } from 'node:crypto';

/** Ids in the order of time (UUID version 7, RFC 9562), so that the newest rows of a large table stand together. */
export function changeIdAt(msecs: number): string {
  // Of a version 4, where the random bits of a version 7 stand: Node draws their bytes many at a time.
  return `${timeOf(msecs)}-7${randomUUID().slice(15)}`;
}

/** The least id that a change at that time, or later, can have. */
export function firstIdAt(msecs: number): string {
  return `${timeOf(msecs)}-7000-8000-000000000000`;
}

function timeOf(msecs: number): string {
  const hex = Math.max(0, Math.floor(msecs)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}
