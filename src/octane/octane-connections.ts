import { Client } from 'undici';
import type { buildConnector, Dispatcher } from 'undici';

/** From here on Octane, or a device on the way, may be closing a connection without our knowing it yet. */
const DOUBTFUL_AFTER_IDLE_MS = 1000;
/** How long an idle connection stays open, unless Octane names another time. */
const MAX_IDLE_MS = 4000;
/** A new connection goes to where the name points now. The addresses that it was given may be a few seconds old. */
const MAX_AGE_MS = 50_000;

interface Connection {
  readonly client: Client;
  readonly generation: number;
  /** Undefined while it is not open. */
  openedAt: number | undefined;
  idleSince: number;
  /** Since it was opened, with the one under way. */
  requests: number;
}

/** The use of a connection for one request. */
export interface Lease {
  /** Whether the connection has served another request before. */
  readonly isReused: boolean;
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
  /** Gives the connection back. One that is not good is closed. */
  release(isGood: boolean): void;
}

/**
 * The connections to Octane, each for one request at a time; the bulkhead says how many there are at most. Their own pool and not
 * undici's, because it must say which connection a request gets: a broken one costs a change that nobody may repeat.
 */
export class OctaneConnections {
  private readonly all = new Set<Connection>();
  /** The one that was used last is used next. */
  private readonly idle: Connection[] = [];
  private connect: buildConnector.connector | undefined;
  private generation = 0;

  constructor(
    private readonly origin: string,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @param isRepeatable whether the request may be sent again when the connection breaks */
  lease(isRepeatable: boolean): Lease {
    const connection = this.idleFor(isRepeatable) ?? this.newConnection();
    connection.requests += 1;
    return {
      get isReused() {
        return connection.requests > 1;
      },
      dispatch: (options, handler) => {
        connection.client.dispatch(options, handler);
      },
      release: (isGood) => {
        connection.idleSince = this.now();
        if (isGood && this.isUsable(connection)) this.idle.push(connection);
        else this.discard(connection);
      },
    };
  }

  /** Closes every connection that nobody uses. */
  discardIdle(): void {
    for (const connection of this.idle.splice(0)) this.discard(connection);
  }

  /** Says how connections are made from now on. Earlier ones only serve out what they have begun. */
  connectBy(connect: buildConnector.connector): void {
    this.connect = connect;
    this.generation += 1;
    this.discardIdle();
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await Promise.all([...this.all].map(({ client }) => client.close()));
  }

  private idleFor(isRepeatable: boolean): Connection | undefined {
    for (;;) {
      const connection = this.idle.pop();
      if (!connection) return undefined;
      if (!this.isUsable(connection)) {
        this.discard(connection);
        continue;
      }
      if (isRepeatable || this.now() - connection.idleSince < DOUBTFUL_AFTER_IDLE_MS) return connection;
      // The others have been idle for longer.
      this.idle.push(connection);
      return undefined;
    }
  }

  private isUsable({ generation, openedAt }: Connection): boolean {
    return generation === this.generation && openedAt !== undefined && this.now() - openedAt < MAX_AGE_MS;
  }

  private newConnection(): Connection {
    const client = new Client(this.origin, {
      connect: this.connect!,
      allowH2: false,
      keepAliveTimeout: MAX_IDLE_MS,
      keepAliveMaxTimeout: MAX_AGE_MS,
    });
    const connection: Connection = {
      client,
      generation: this.generation,
      openedAt: undefined,
      idleSince: this.now(),
      requests: 0,
    };
    client
      .on('connect', () => {
        connection.openedAt = this.now();
        connection.requests = 1;
      })
      .on('disconnect', () => {
        connection.openedAt = undefined;
        connection.requests = 0;
        const index = this.idle.indexOf(connection);
        if (index === -1) return;
        this.idle.splice(index, 1);
        this.discard(connection);
      });
    this.all.add(connection);
    return connection;
  }

  private discard(connection: Connection): void {
    this.all.delete(connection);
    connection.client.destroy().catch(() => undefined);
  }
}
