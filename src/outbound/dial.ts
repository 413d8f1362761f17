import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** How long an address has the field to itself (RFC 8305, section 5). */
const HEAD_START_MS = 250;

/**
 * Opens a TCP connection to the first of the addresses that answers. An address that is slow is not given up: the next one is
 * tried beside it, so that each has at least its share of the time.
 *
 * @param addresses at least one
 * @param timeoutMs of all of them together; the caller ends it by the signal
 * @throws the error of the first address, when all have failed
 */
export function dial(
  addresses: readonly string[],
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const headStartMs = Math.min(HEAD_START_MS, timeoutMs / addresses.length);
    const sockets = new Set<Socket>();
    const untried = [...addresses];
    let timer: NodeJS.Timeout | undefined;
    let firstError: Error | undefined;
    const end = (winner?: Socket): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      untried.length = 0;
      for (const socket of sockets) if (socket !== winner) socket.destroy();
    };
    const abort = (): void => {
      end();
      reject(signal.reason as Error);
    };
    const tryNext = (): void => {
      clearTimeout(timer);
      const host = untried.shift();
      if (host === undefined) return;
      const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
      sockets.add(socket);
      const fail = (error: Error): void => {
        firstError ??= error;
        sockets.delete(socket);
        if (untried.length > 0) tryNext();
        else if (sockets.size === 0 && !signal.aborted) {
          end();
          reject(firstError);
        }
      };
      socket.once('error', fail).once('connect', () => {
        socket.off('error', fail);
        end(socket);
        resolve(socket);
      });
      if (untried.length > 0) timer = setTimeout(tryNext, headStartMs);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    tryNext();
  });
}
