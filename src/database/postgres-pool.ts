import pg from 'pg';
import { whenRunningTimeIsOver, whenTimeIsOver } from '../outbound/running-time.ts';
import { clientOpenWithin } from './prompt-client.ts';

/** How long the parts of one statement may take, in milliseconds. */
export interface Patience {
  /** For a connection, whether it is free already or has to be opened. */
  readonly connectMs: number;
  /** For the answer to one statement. */
  readonly statementMs: number;
  /** For a row or a table that somebody else has locked. */
  readonly lockMs: number;
}

const CONNECTIONS = 4;
/** A name may mean another server after a failover: no connection outlives that by much. */
const MAX_CONNECTION_AGE_SECONDS = 60;
/** How long the server waits for the next statement of a transaction before it gives the locks of a vanished client free. */
const IDLE_IN_TRANSACTION_MS = 3000;
/** The server cancels first. A server that says nothing any more is given up a little later. */
const GRACE_MS = 500;
/** SQLSTATEs that speak of the statement, its values or its locks. Any other may mean that the journal is not here, or not here any more. */
const OF_THE_STATEMENT = /^(22|23|40)|^(55P03|57014)$/;

/** A connection for one use. */
export interface Lease {
  query(text: string, values?: readonly unknown[]): Promise<pg.QueryResult>;
  release(): void;
}

/**
 * Connections to PostgreSQL that survive failovers, and poolers that give each transaction another server connection: no start-up
 * parameter, no session state and no named statement is ever used.
 *
 * What the sessions need is set for each transaction, in the same round trip as its first statement: the timeouts, and
 * `synchronous_commit` where the server has it off.
 */
export class PostgresPool {
  private readonly pool: pg.Pool;
  private readonly safeguards: string;
  private readonly connectMs: number;
  private readonly answerMs: number;
  private readonly openedAt = new WeakMap<object, number>();
  /** Connections that were opened before are closed unused: one of them led to where the journal is not. */
  private trustedSince = -Infinity;

  constructor(url: string, { connectMs, statementMs, lockMs }: Patience) {
    this.connectMs = connectMs;
    this.answerMs = statementMs + GRACE_MS;
    this.safeguards = safeguardsOf({
      statement_timeout: statementMs,
      lock_timeout: lockMs,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    });
    this.pool = new pg.Pool({
      connectionString: url,
      max: CONNECTIONS,
      Client: clientOpenWithin(connectMs) as never,
      maxLifetimeSeconds: MAX_CONNECTION_AGE_SECONDS,
      keepAlive: true,
      // Times are counts of milliseconds, far below 2^53; the driver would give them as text.
      types: {
        getTypeParser: (oid, format) =>
          oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format),
      },
    });
    // A connection that breaks is replaced when it is next needed. Without listeners it would end the process: the pool listens
    // only while a connection is idle.
    this.pool
      .on('error', () => undefined)
      .on('connect', (client) => {
        client.on('error', () => undefined);
        this.openedAt.set(client, performance.now());
      });
  }

  /** For Kysely, which looks for settings of its own there. */
  get options(): object {
    return this.pool.options;
  }

  async connect(): Promise<Lease> {
    for (;;) {
      const client = await this.freeClient();
      if (this.openedAt.get(client)! >= this.trustedSince) return this.lease(client);
      client.release(true);
    }
  }

  /** One statement, in a transaction of its own. The name of a statement is ignored: see the class. */
  async query({ text, values }: { text: string; values?: readonly unknown[] }): Promise<pg.QueryResult> {
    const lease = await this.connect();
    try {
      return await lease.query(text, values);
    } finally {
      lease.release();
    }
  }

  end(): Promise<void> {
    return this.pool.end();
  }

  private async freeClient(): Promise<pg.PoolClient> {
    const client = this.pool.connect();
    try {
      return await within(this.connectMs, whenRunningTimeIsOver, client);
    } catch (error) {
      // Nobody waits for it any more.
      client.then(
        (late) => late.release(),
        () => undefined,
      );
      throw error;
    }
  }

  private lease(client: pg.PoolClient): Lease {
    let isGood = true;
    return {
      query: async (text, values = []) => {
        try {
          const answer = runOn(client, { text, values: [...values] }, this.safeguards);
          return await within(this.answerMs, whenTimeIsOver, answer);
        } catch (error) {
          if (!(error instanceof pg.DatabaseError && OF_THE_STATEMENT.test(error.code ?? ''))) {
            isGood = false;
            this.trustedSince = performance.now();
          }
          throw error;
        }
      },
      release: () => client.release(!isGood),
    };
  }
}

/** Returns no row, so that nothing of it mixes with what the statement behind it returns. */
function safeguardsOf(timeouts: Record<string, number>): string {
  const settings = Object.entries(timeouts).map(([name, ms]) => `set_config('${name}', '${ms}', true)`);
  const current = `current_setting('synchronous_commit')`;
  // Every other value has the commit on this server's disk before it is confirmed; a stronger one is left as it is.
  settings.push(
    `set_config('synchronous_commit', CASE ${current} WHEN 'off' THEN 'on' ELSE ${current} END, true)`,
  );
  return `SELECT WHERE concat(${settings.join(', ')}) = ''`;
}

/** The driver's own time limits would give up an answer that lies in the socket after the process stood still. */
async function within<T>(timeoutMs: number, whenOver: typeof whenTimeIsOver, answer: Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const cancel = whenOver(timeoutMs, () => reject(new Error('the database did not answer in time')));
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    cancel();
    // Whichever comes second has nobody who waits for it.
    answer.catch(() => undefined);
  }
}

/** Within a transaction its safeguards are in force already. */
function runOn(client: pg.PoolClient, query: pg.QueryConfig, safeguards: string): Promise<pg.QueryResult> {
  const status = client.getTransactionStatus();
  if (status === 'T' || status === 'E') return client.query(query);
  return new Promise((resolve, reject) => {
    client.query(
      new SafeguardedQuery(query, safeguards, (error, result) => {
        if (error) reject(error);
        else resolve(result!);
      }),
    );
  });
}

type Callback = (error: Error | undefined, result?: pg.QueryResult) => void;

/** What the driver calls on a query, beyond what its types say. */
const DriverQuery = pg.Query as unknown as new (
  config: pg.QueryConfig & { queryMode: 'extended' },
  values: undefined,
  callback: Callback,
) => pg.Submittable & { handleCommandComplete(message: object, connection: pg.Connection): void };

/**
 * A statement with its safeguards before it. Both go out at once and end with one Sync, which makes them one transaction: what
 * the first sets for its transaction holds for the second, its commit included.
 */
class SafeguardedQuery extends DriverQuery {
  private readonly safeguards: string;
  private areSafeguardsSet = false;

  constructor(query: pg.QueryConfig, safeguards: string, callback: Callback) {
    super({ ...query, queryMode: 'extended' }, undefined, callback);
    this.safeguards = safeguards;
  }

  override submit = (connection: pg.Connection): void => {
    connection.stream.cork();
    try {
      connection.parse({ name: '', text: this.safeguards, types: [] }, true);
      connection.bind({}, true);
      connection.execute({}, true);
      return super.submit(connection);
    } finally {
      connection.stream.uncork();
    }
  };

  override handleCommandComplete(message: object, connection: pg.Connection): void {
    if (this.areSafeguardsSet) super.handleCommandComplete(message, connection);
    else this.areSafeguardsSet = true;
  }
}
