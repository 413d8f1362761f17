import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Settings } from '../config/settings.ts';
import type { Lifecycle } from './lifecycle.ts';

/**
 * npm passes a signal on to what it started, and a terminal or systemd has sent it there as well: under `npm start` a signal
 * that comes again within this time is the same one.
 */
const SAME_SIGNAL_MS = 100;

/**
 * Leaves on SIGTERM or SIGINT without losing a request: not ready at once, served on for the drain delay while balancers
 * notice, then the port closes and what is in flight finishes. A second signal ends the process where it stands.
 *
 * @param farewell `close` closes the port and resolves when nothing is in flight any more; then `flush` may take what is left
 *   of the grace, and no more
 */
export function leaveOnSignal(
  lifecycle: Lifecycle,
  settings: Pick<Settings, 'drainDelayMs' | 'shutdownGraceMs' | 'isRunByNpm'>,
  farewell: { close: () => Promise<void>; flush: () => Promise<void> },
  logger: Logger,
): void {
  const sameSignalMs = settings.isRunByNpm ? SAME_SIGNAL_MS : 0;
  let askedAt = -Infinity;
  const leave = async (signal: NodeJS.Signals): Promise<void> => {
    if (performance.now() - askedAt < sameSignalMs) return;
    if (lifecycle.draining) process.exit(1);
    askedAt = performance.now();
    lifecycle.drain();
    logger.info({ signal }, 'leaving');
    const grace = setTimeout(() => {
      logger.error('the grace ran out with requests in flight');
      process.exit(1);
    }, settings.shutdownGraceMs).unref();
    const graceIsOver = wait(settings.shutdownGraceMs, undefined, { ref: false });
    await wait(settings.drainDelayMs);
    await farewell.close();
    clearTimeout(grace);
    await Promise.race([farewell.flush(), graceIsOver]);
    logger.info('left');
    process.exit(0);
  };
  process.on('SIGTERM', (signal) => void leave(signal));
  process.on('SIGINT', (signal) => void leave(signal));
}
