import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  port: number;
  /** Stops listening and cuts every connection, answered or not. */
  close: () => Promise<void>;
}

const freePortAttempts = 10;

/**
 * Serves `onRequest` over HTTP on `port`; 0 picks a free one.
 *
 * `localhost` means both loopback addresses: a client that resolves the name may try either, and on one that we leave open
 * it could meet another program. A machine without IPv6 has only the one.
 *
 * @throws the system's error, with `code` (`EADDRINUSE`) and `port`
 */
export async function listen(
  onRequest: RequestListener,
  port: number,
  host = 'localhost',
): Promise<Listening> {
  if (host !== 'localhost') return listening([await listenOn(onRequest, port, host)]);
  for (let attempt = 1; ; attempt++) {
    const ipv4 = await listenOn(onRequest, port, '127.0.0.1');
    try {
      return listening([ipv4, await listenOn(onRequest, portOf(ipv4), '::1')]);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return listening([ipv4]);
      await stop(ipv4);
      if (code !== 'EADDRINUSE' || port !== 0 || attempt === freePortAttempts) throw error;
    }
  }
}

/** The `code` of a system's error. */
export function errorCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function listenOn(onRequest: RequestListener, port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(onRequest);
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

function listening(servers: [Server, ...Server[]]): Listening {
  return {
    port: portOf(servers[0]),
    close: async () => {
      await Promise.all(servers.map(stop));
    },
  };
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
