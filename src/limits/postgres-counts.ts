import { Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { PostgresPool } from '../database/postgres-pool.ts';
import { failureCause } from '../telemetry/failure-cause.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { GatheredCounts } from './counts.ts';
import type { Addition, Count } from './counts.ts';
import { MemoryCounts } from './memory-counts.ts';

const TABLE = 'rate_limits';
/** How long a request waits for a connection, and for an answer on it. */
export const PATIENCE_MS = 1000;
/** After a failure nobody asks the store for that long; then one request finds out whether it is back. */
const REST_MS = 5000;
const PRUNE_INTERVAL_MS = 60_000;
/** Rows that one statement deletes, so that no statement takes long. */
const PRUNE_ROWS = 10_000;

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
const NOW_MS = 'floor(extract(epoch FROM now()) * 1000)::bigint';

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

const TAKE_BACK = `UPDATE ${TABLE} SET points = points - 1 WHERE key = $1 AND expire = $2 AND points > 0`;

/** Also windows that a clock far ahead once began. Rows that are in use just now are left for the next time. */
const PRUNE = `
  DELETE FROM ${TABLE} WHERE key IN (
    SELECT key FROM ${TABLE} WHERE expire NOT BETWEEN ${NOW_MS} AND ${NOW_MS} + $1::bigint
    LIMIT ${PRUNE_ROWS} FOR UPDATE SKIP LOCKED
  )`;
/** Longer than any window. */
const LONGEST_MS = 2 * 3_600_000;

interface Row {
  readonly key: string;
  readonly points: number;
  readonly expire: number;
  readonly reset_ms: number;
}

/**
 * Counts that all replicas share. While the database is down or slow this process counts by itself, from nothing: a limit is
 * then each replica's own, and nobody is refused or kept waiting because of it.
 */
export class PostgresCounts extends GatheredCounts implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(PostgresCounts.name);
  private readonly insurance = new MemoryCounts();
  private readonly pool: PostgresPool;
  private table: Promise<unknown> | undefined;
  /** While the store fails: when it is asked again. */
  private asksAgainAt: number | undefined;
  private pruning: NodeJS.Timeout | undefined;

  constructor(
    url: string,
    private readonly metrics: Metrics,
    private readonly mayCreateTable: boolean,
  ) {
    super();
    // Not the journal's: who counts has less patience, and counts that wait for a row must not keep a record waiting.
    this.pool = new PostgresPool(url, {
      connectMs: PATIENCE_MS,
      statementMs: PATIENCE_MS,
      lockMs: PATIENCE_MS / 2,
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.attempt(async () => undefined);
    this.pruning = setInterval(() => void this.prune(), PRUNE_INTERVAL_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.pruning);
    await this.pool.end();
  }

  protected async addAll(additions: readonly Addition[]): Promise<readonly Count[]> {
    const keys = additions.map(({ policy, key }) => `${policy.name}:${key}`);
    const stored = await this.attempt(() =>
      this.pool.query({
        text: ADD,
        values: [
          keys,
          additions.map(({ uses }) => uses),
          additions.map(({ policy }) => policy.windowSeconds * 1000),
        ],
      }),
    );
    if (!stored) return Promise.all(additions.map((addition) => this.addAlone(addition)));
    const rows = new Map((stored.rows as Row[]).map((row) => [row.key, row]));
    return additions.map(({ policy }, index) => {
      const key = keys[index]!;
      const { points, expire, reset_ms: resetMs } = rows.get(key)!;
      return {
        uses: points,
        resetMs: Math.min(resetMs, policy.windowSeconds * 1000),
        takeBack: async () => {
          if (this.asksAgainAt !== undefined) return;
          await this.attempt(() => this.pool.query({ text: TAKE_BACK, values: [key, expire] }));
        },
      };
    });
  }

  private async addAlone({ policy, key, uses }: Addition): Promise<Count> {
    let count = await this.insurance.add(policy, key);
    for (let use = 1; use < uses; use += 1) count = await this.insurance.add(policy, key);
    for (let use = 0; use < uses; use += 1) this.metrics.count('limit_fallbacks_total', {});
    return count;
  }

  /** Deletes the rows of windows that are over. Only additions tell whether the store can be used: what stays is deleted later. */
  async prune(): Promise<void> {
    let deleted: number | null;
    do {
      const prune = this.pool.query({ text: PRUNE, values: [LONGEST_MS] });
      deleted = await prune.then(({ rowCount }) => rowCount).catch(() => null);
    } while (deleted === PRUNE_ROWS);
  }

  /** @returns undefined where the store cannot be used at the moment */
  private async attempt<T>(operation: () => Promise<T>): Promise<T | undefined> {
    if (this.asksAgainAt !== undefined) {
      if (performance.now() < this.asksAgainAt) return undefined;
      this.asksAgainAt = performance.now() + REST_MS;
    }
    try {
      if (this.mayCreateTable) await (this.table ??= this.pool.query({ text: CREATE_RATE_LIMITS }));
      const result = await operation();
      if (this.asksAgainAt !== undefined) this.logger.warn('limits are counted over all replicas again');
      this.asksAgainAt = undefined;
      return result;
    } catch (error) {
      if (this.asksAgainAt === undefined) {
        this.logger.warn({ cause: failureCause(error) }, 'limits are counted by this process alone');
      }
      this.asksAgainAt = performance.now() + REST_MS;
      // Should somebody have dropped it, it is made again.
      this.table = undefined;
      return undefined;
    }
  }
}
