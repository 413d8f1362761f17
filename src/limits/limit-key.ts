import { hash } from 'node:crypto';

/** What uses are counted by. JSON keeps the parts apart. */
export function keyOf(...parts: string[]): string {
  return JSON.stringify(parts);
}

/** A key as it is stored: always 43 characters, which say nothing of whom it is of. */
export function hashOf(key: string): string {
  return hash('sha256', key, 'base64url');
}
