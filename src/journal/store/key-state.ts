import type { Selectable } from 'kysely';
import type { Change } from '../../operations/operation.ts';
import type { ChangeRow } from './schema.ts';

/** `free`: as if it had never been used. `running`: wait. `unknown`: nobody knows. `finished`: there is a reply to give again. */
export type KeyState = 'free' | 'running' | 'unknown' | 'finished';

/**
 * What another request gets that comes with the key: with the same body, by whether its operation may be repeated, and with
 * another one. A free key is anybody's.
 */
export const ASKED_AGAIN = {
  running: {
    harmless: 'request-in-progress',
    once: 'request-in-progress',
    'another body': 'idempotency-key-reused',
  },
  unknown: { harmless: 'take-over', once: 'outcome-unknown', 'another body': 'idempotency-key-reused' },
  finished: { harmless: 'replay', once: 'replay', 'another body': 'idempotency-key-reused' },
} as const satisfies Record<Exclude<KeyState, 'free'>, Record<Change['repeat'] | 'another body', string>>;

/**
 * The state of an Idempotency-Key. Only what has a reply is finished, so no order of events makes a key that can be answered
 * with nothing.
 *
 * @param kept undefined where no change keeps the key
 */
export function keyStateOf(
  kept: Pick<Selectable<ChangeRow>, 'outcome' | 'unknown_at' | 'expires_at' | 'reply'> | undefined,
  now: number,
): KeyState {
  if (!kept) return 'free';
  if (kept.outcome === null && now < kept.unknown_at) return 'running';
  if (now >= (kept.expires_at ?? 0)) return 'free';
  if (kept.reply !== null) return 'finished';
  // A change that was not made, and whose refusal nobody can give again, is in nobody's way.
  return kept.outcome === 'not-sent' || kept.outcome === 'rejected' ? 'free' : 'unknown';
}
