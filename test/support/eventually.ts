import { setTimeout as wait } from 'node:timers/promises';

/** Less than the time limit of a test, which would not say what was waited for; far more than a busy machine needs. */
const PATIENCE_MS = 100_000;
const SHORTEST_PAUSE_MS = 2;
/** So that those who wait for a process leave it the processor. */
const LONGEST_PAUSE_MS = 50;

/**
 * Asks again and again until `condition` gives something.
 *
 * @throws Error that shows the condition, after 100 s
 */
export async function eventually<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const end = uptimeMs() + PATIENCE_MS;
  for (let pauseMs = SHORTEST_PAUSE_MS; uptimeMs() < end; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const met = await condition();
    if (met !== undefined && met !== false) return met;
    await wait(pauseMs);
  }
  throw new Error(`waited ${PATIENCE_MS / 1000} s in vain for: ${String(condition)}`);
}

/** Of a clock that no test sets. */
function uptimeMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
