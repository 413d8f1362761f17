import { hash } from 'node:crypto';

/** What uses are counted by: always 43 characters, whatever the parts hold. JSON keeps the parts apart. */
export function keyOf(...parts: string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url');
}
