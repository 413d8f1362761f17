import type { QueryResult } from 'pg';
import { PostgresPool } from '../database/postgres-pool.ts';

export const TABLE = 'rate_limits';
/** How long a request waits for a connection, and for an answer on it. */
const PATIENCE_MS = 1000;

/**
 * Unlogged: counts need not survive a crash of the database, and so no request waits for a disk. `expire` is when the window
 * ends, in milliseconds since 1970.
 *
 * Two replicas may start together, and PostgreSQL does not bear two who create one table: the lock lasts until the end of the
 * statement. A table that exists needs no right to create one.
 */
export const CREATE_RATE_LIMITS = `
  DO $$ BEGIN
    IF to_regclass('${TABLE}') IS NULL THEN
      PERFORM pg_advisory_xact_lock(hashtext('octane-bff ${TABLE}'));
      CREATE UNLOGGED TABLE IF NOT EXISTS ${TABLE} (
        key varchar(255) PRIMARY KEY,
        points integer NOT NULL DEFAULT 0,
        expire bigint
      );
    END IF;
  END $$`;

/** The clock of the database decides, the same for all replicas. It stands still during a statement. */
export const NOW_MS = 'floor(extract(epoch FROM now()) * 1000)::bigint';

/**
 * A window that ends later than one that begins now would end was begun before the clock was set back. It counts as over, so
 * that nobody is locked out for longer than a window. Another replica may have begun one a moment later, and this statement have
 * waited for it: no longer than a statement may take.
 */
const STILL_RUNS = `stored.expire > ${NOW_MS} AND stored.expire <= excluded.expire + ${PATIENCE_MS}`;

/** All replicas take the rows in one order, so that no two wait for each other. */
export const ADD = `
  INSERT INTO ${TABLE} AS stored (key, points, expire)
  SELECT key, uses, ${NOW_MS} + window_ms
  FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS added (key, uses, window_ms)
  ORDER BY key
  ON CONFLICT (key) DO UPDATE SET
    points = CASE WHEN ${STILL_RUNS} THEN stored.points + excluded.points ELSE excluded.points END,
    expire = CASE WHEN ${STILL_RUNS} THEN stored.expire ELSE excluded.expire END
  RETURNING key, points, expire, expire - ${NOW_MS} AS reset_ms`;

/** The table of PostgreSQL in which all replicas count, and connections to it. */
export class RateLimitTable {
  private readonly pool: PostgresPool;
  private created: Promise<unknown> | undefined;

  constructor(
    url: string,
    private readonly mayCreate: boolean,
  ) {
    // Not the journal's: who counts has less patience, and counts that wait for a row must not keep a record waiting.
    this.pool = new PostgresPool(url, {
      connectMs: PATIENCE_MS,
      statementMs: PATIENCE_MS,
      lockMs: PATIENCE_MS / 2,
    });
  }

  /** Does something with the table, which is made first where it may be. */
  async use<T>(statement: () => Promise<T>): Promise<T> {
    try {
      if (this.mayCreate) await (this.created ??= this.query({ text: CREATE_RATE_LIMITS }));
      return await statement();
    } catch (error) {
      // Should somebody have dropped it, it is made again.
      this.created = undefined;
      throw error;
    }
  }

  /** One statement. */
  query(statement: { text: string; values?: readonly unknown[] }): Promise<QueryResult> {
    return this.pool.query(statement);
  }

  end(): Promise<void> {
    return this.pool.end();
  }
}
