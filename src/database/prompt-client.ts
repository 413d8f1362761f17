import dns from 'node:dns/promises';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { dial } from '../outbound/dial.ts';
import { whenRunningTimeIsOver } from '../outbound/running-time.ts';

type Opened = (error?: Error | null) => void;

/** What the driver's client has and how its pool calls it, beyond what its types say. */
const DriverClient = pg.Client as unknown as new (config: pg.ClientConfig) => {
  readonly connection: { stream: Duplex };
  readonly host: string;
  readonly port: number;
  connect(opened: Opened): void;
};

/**
 * The driver's client, open within the time or given up: look-up, connection, TLS and password together. The driver's own limit
 * would give up a connection whose server answered while the process stood still. And Node would give each address of a host a
 * quarter of a second, which a slow handshake never meets.
 */
export function clientOpenWithin(timeoutMs: number) {
  return class PromptClient extends DriverClient {
    override connect(opened: Opened): void {
      const ending = new AbortController();
      const cancel = whenRunningTimeIsOver(timeoutMs, () => {
        ending.abort();
        this.connection.stream.destroy();
        opened(new Error('timeout exceeded when trying to connect'));
      });
      const end: Opened = (error) => {
        if (ending.signal.aborted) return;
        cancel();
        opened(error);
      };
      this.reach(ending.signal).then(() => super.connect(end), end);
    }

    private async reach(signal: AbortSignal): Promise<void> {
      const isUnixSocket = this.host.startsWith('/');
      if (isUnixSocket) return;
      const addresses = await dns.lookup(this.host, { all: true });
      const socket = await dial(
        addresses.map(({ address }) => address),
        this.port,
        timeoutMs,
        signal,
      );
      this.connection.stream = connectedAlready(socket);
    }
  };
}

/** The driver connects its socket by itself: this one tells it at once that it is connected. */
function connectedAlready(socket: Socket): Socket {
  return Object.assign(socket, { connect: () => process.nextTick(() => socket.emit('connect')) });
}
