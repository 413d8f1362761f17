import { setTimeout as wait } from 'node:timers/promises';

const INTERVAL_MS = 50;

/** @returns whether the condition came true in that time */
export async function within(limitMs: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await wait(INTERVAL_MS);
  }
  return true;
}
