import type { Socket } from 'node:net';
import { buildConnector, errors } from 'undici';
import { dial } from './dial.ts';
import { passOverInterimAnswers } from './interim-answers.ts';
import type { Names } from './names.ts';
import { whenRunningTimeIsOver } from './running-time.ts';

export interface ConnectorOptions {
  /** For the look-up of the name, the connection and TLS together. */
  readonly timeoutMs: number;
  readonly names: Names;
}

/** How undici gets its connections: bounded in time as a whole, over all addresses of a host, with no interim answers on them. */
export function connectorOf({ timeoutMs, names }: ConnectorOptions): buildConnector.connector {
  const secure = buildConnector({ timeout: 0, allowH2: false });
  const open = async (options: buildConnector.Options, signal: AbortSignal): Promise<Socket> => {
    const port = Number(options.port || (options.protocol === 'https:' ? 443 : 80));
    const addresses = await names.addressesOf(options.hostname);
    const socket = await dial(addresses, port, timeoutMs, signal);
    if (options.protocol !== 'https:') return socket;
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    return new Promise((resolve, reject) => {
      secure({ ...options, httpSocket: socket }, (...[error, secured]) => {
        if (error) reject(error);
        else resolve(secured);
      });
    });
  };
  return (options, callback) => {
    const ending = new AbortController();
    const cancel = whenRunningTimeIsOver(timeoutMs, () => {
      const error = new errors.ConnectTimeoutError();
      ending.abort(error);
      callback(error, null);
    });
    open(options, ending.signal).then(
      (socket) => {
        cancel();
        passOverInterimAnswers(socket);
        if (ending.signal.aborted) socket.destroy();
        else callback(null, socket);
      },
      (error: Error) => {
        if (ending.signal.aborted) return;
        cancel();
        callback(error, null);
      },
    );
  };
}
