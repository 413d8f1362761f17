import { platform } from './platform.ts';

/**
 * 128 random bits of the platform's cryptographic generator, as hexadecimal digits. The gateway encrypts what it stores of an
 * answer with the key that the app chose, so nobody may be able to guess it.
 *
 * @throws Error where the platform has no such generator
 */
export function newIdempotencyKey(): string {
  const { crypto } = platform;
  if (crypto?.randomUUID) return crypto.randomUUID();
  if (!crypto?.getRandomValues) {
    throw new Error(
      'There is no crypto.getRandomValues: give createClient a newIdempotencyKey, or each call an idempotencyKey',
    );
  }
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => hex(byte, 2)).join('');
}

/**
 * An id that is written into logs. It need not be hard to guess, and must not tell anything of the generator that keys come from:
 * from enough values of `Math.random` the next ones can be computed.
 */
export function newRequestId(): string {
  return [0, 1, 2, 3].map(() => hex(Math.floor(Math.random() * 2 ** 32), 8)).join('-');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
