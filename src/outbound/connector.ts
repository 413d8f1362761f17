import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { buildConnector, errors } from 'undici';
import { dial } from './dial.ts';
import { passOverInterimAnswers } from './interim-answers.ts';
import type { Names } from './names.ts';
import type { OutboundProxy } from './proxy.ts';
import { whenRunningTimeIsOver } from './running-time.ts';

export interface ConnectorOptions {
  /** For the look-up of the name, the connection, the proxy and TLS together. */
  readonly timeoutMs: number;
  readonly names: Names;
  readonly proxy: OutboundProxy | undefined;
  /** Beside what Node trusts and shows by itself. */
  readonly tls?: SecureContextOptions;
}

/** How undici gets its connections: bounded in time as a whole, over all addresses of a host, with no interim answers on them. */
export function connectorOf({ timeoutMs, names, proxy, tls }: ConnectorOptions): buildConnector.connector {
  const secure = securing(tls);
  const secureProxy = securing();
  const reach = async (host: string, port: number, signal: AbortSignal): Promise<Socket> => {
    const socket = await dial(await names.addressesOf(host), port, timeoutMs, signal);
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    return socket;
  };
  const reachBy = async (via: OutboundProxy, host: string, port: number, signal: AbortSignal) => {
    const socket = await reach(via.host, via.port, signal);
    const secured = via.isSecure ? await secureProxy(via.host, via.port, socket) : socket;
    return via.tunnel(secured, host, port);
  };
  const open = async (options: buildConnector.Options, signal: AbortSignal): Promise<Socket> => {
    const { hostname, protocol } = options;
    const port = Number(options.port || (protocol === 'https:' ? 443 : 80));
    const socket = proxy?.isFor(hostname, port)
      ? await reachBy(proxy, hostname, port, signal)
      : await reach(hostname, port, signal);
    return protocol === 'https:' ? secure(hostname, port, socket) : socket;
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

/** TLS over an open connection, which remembers its sessions. */
function securing(tls: SecureContextOptions = {}) {
  const connect = buildConnector({ ...tls, timeout: 0, allowH2: false });
  return (hostname: string, port: number, httpSocket: Socket): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const options = { protocol: 'https:', host: hostname, hostname, port: String(port), httpSocket };
      connect(options, (...[error, socket]) => {
        if (error) reject(error);
        else resolve(socket);
      });
    });
}
