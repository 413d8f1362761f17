import { platform } from './platform.ts';

/**
 * 128 random bits as text. A key counts for one client, user, customer and operation alone, so it must not repeat itself there,
 * and need not be hard to guess: `Math.random` serves where the platform has no `crypto`.
 */
export function uniqueId(): string {
  return platform.crypto?.randomUUID?.() ?? Array.from({ length: 4 }, eightHexDigits).join('-');
}

function eightHexDigits(): string {
  return Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
}
