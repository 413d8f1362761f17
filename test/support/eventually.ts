import { setTimeout as wait } from 'node:timers/promises';

/** Asks again and again until `condition` gives something; the time limit of the test is the only one. */
export async function eventually<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  for (;;) {
    const met = await condition();
    if (met !== undefined && met !== false) return met;
    await wait(5);
  }
}
