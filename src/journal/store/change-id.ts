import { randomUUID } from 'node:crypto';

/** Ids in the order of time (UUID version 7, RFC 9562), so that the newest rows of a large table stand together. */
export function changeIdAt(msecs: number): string {
  // Of a version 4, where the random bits of a version 7 stand: Node draws their bytes many at a time.
  return `${timeOf(msecs)}-7${randomUUID().slice(15)}`;
}

let latest = { msecs: 0, count: 0 };

/**
 * What the ids of many changes at that time begin with; their last 6 hex digits number them. What this process asks for later in
 * the same millisecond is greater (RFC 9562, section 6.2, method 1).
 */
export function idsBeginAt(msecs: number): string {
  latest = { msecs, count: msecs === latest.msecs ? latest.count + 1 : 0 };
  const count = Math.min(latest.count, 0xfff).toString(16).padStart(3, '0');
  return `${timeOf(msecs)}-7${count}${randomUUID().slice(18, -6)}`;
}

/** The least id that a change at that time, or later, can have. */
export function firstIdAt(msecs: number): string {
  return `${timeOf(msecs)}-7000-8000-000000000000`;
}

function timeOf(msecs: number): string {
  const hex = Math.max(0, Math.floor(msecs)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}
