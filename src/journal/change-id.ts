import { v7 } from 'uuid';

/** Ids in the order of time, so that the newest rows of a large table stand together. */
export function changeIdAt(msecs: number): string {
  return v7({ msecs });
}

/** The least id that a change at that time, or later, can have. */
export function firstIdAt(msecs: number): string {
  const hex = Math.max(0, Math.floor(msecs)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`;
}
