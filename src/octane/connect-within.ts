import type { Socket } from 'node:net';
import { buildConnector, errors } from 'undici';

/**
 * A connector of undici with a deadline of its own: undici's coarse timers would be up to a second late. The time covers the
 * look-up of the name, the connection and TLS.
 */
export function connectWithin(timeoutMs: number): buildConnector.connector {
  // It gives the socket on its way, which its type does not say.
  const connect = buildConnector({ timeout: 0, allowH2: false }) as unknown as (
    ...call: Parameters<buildConnector.connector>
  ) => Socket;
  return (options, callback) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      socket.destroy();
      callback(new errors.ConnectTimeoutError(), null);
    }, timeoutMs);
    const socket = connect(options, (...result) => {
      clearTimeout(timer);
      if (!isLate) callback(...result);
    });
  };
}
