import { hash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { RateLimiterPostgres } from 'rate-limiter-flexible';
import { PostgresPool } from '../database/postgres-pool.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { GatheredCounts } from './counts.ts';
import type { Count } from './counts.ts';
import { MemoryCounts } from './memory-counts.ts';
import type { Policy } from './policy.ts';

const TABLE = 'rate_limits';
/** How long a request waits for a connection, and for an answer on it. */
const PATIENCE_MS = 1000;
/** After a failure nobody asks the store for that long; then one request finds out whether it is back. */
const REST_MS = 5000;
const PRUNE_INTERVAL_MS = 60_000;
/** The clocks of replicas differ: a window that is over for one may not be for another. */
const PRUNE_DELAY_MS = 60_000;

/**
 * As the library makes it, but unlogged: counts need not survive a crash of the database, and so no request waits for a disk.
 * Two replicas may start together, and PostgreSQL does not bear two who create one table: the lock lasts until the end of the
 * statement. A table that exists needs no right to create one.
 */
const CREATE_TABLE = `
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

/**
 * Counts that all replicas share. While the database is down or slow this process counts by itself, from nothing: a limit is
 * then each replica's own, and nobody is refused or kept waiting because of it.
 */
export class PostgresCounts extends GatheredCounts implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(PostgresCounts.name);
  private readonly insurance = new MemoryCounts();
  private readonly pool: PostgresPool;
  private readonly limiter: RateLimiterPostgres;
  private table: Promise<unknown> | undefined;
  /** While the store fails: when it is asked again. */
  private asksAgainAt: number | undefined;
  private pruning: NodeJS.Timeout | undefined;

  constructor(
    url: string,
    private readonly metrics: Metrics,
  ) {
    super();
    this.pool = new PostgresPool(url, {
      connectMs: PATIENCE_MS,
      statementMs: PATIENCE_MS,
      lockMs: PATIENCE_MS / 2,
    });
    this.limiter = new RateLimiterPostgres({
      storeClient: this.pool,
      storeType: 'pool',
      tableName: TABLE,
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix: '',
      // The quota is compared elsewhere, and the window comes with each addition.
      points: 0,
      duration: 0,
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

  protected async addAll(policy: Policy, key: string, uses: number): Promise<Count> {
    const window = { customDuration: policy.windowSeconds };
    // A key may be of any length and any characters; a column's is neither.
    const storedKey = `${policy.name}:${hash('sha256', key, 'base64url')}`;
    // The library's plain addition: `consume` would reject where the quota is used up.
    const stored = await this.attempt(() => this.limiter.penalty(storedKey, uses, window));
    if (!stored) {
      this.metrics.count('limit_fallbacks_total', {});
      return this.insurance.add(policy, key, uses);
    }
    return {
      uses: stored.consumedPoints,
      resetMs: stored.msBeforeNext,
      takeBack: async () => void (await this.attempt(() => this.limiter.reward(storedKey, 1, window))),
    };
  }

  /** Deletes the rows of windows that are over. */
  async prune(): Promise<void> {
    await this.attempt(() =>
      this.pool.query({
        text: `DELETE FROM ${TABLE} WHERE expire < $1`,
        values: [Date.now() - PRUNE_DELAY_MS],
      }),
    );
  }

  /** @returns undefined where the store cannot be used at the moment */
  private async attempt<T>(operation: () => Promise<T>): Promise<T | undefined> {
    if (this.asksAgainAt !== undefined) {
      if (performance.now() < this.asksAgainAt) return undefined;
      this.asksAgainAt = performance.now() + REST_MS;
    }
    try {
      await (this.table ??= this.pool.query({ text: CREATE_TABLE }));
      const result = await operation();
      if (this.asksAgainAt !== undefined) this.logger.warn('limits are counted over all replicas again');
      this.asksAgainAt = undefined;
      return result;
    } catch (error) {
      if (this.asksAgainAt === undefined) {
        const { code, name } = error as NodeJS.ErrnoException;
        this.logger.warn({ error: code ?? name }, 'limits are counted by this process alone');
      }
      this.asksAgainAt = performance.now() + REST_MS;
      // Should somebody have dropped it, it is made again.
      this.table = undefined;
      return undefined;
    }
  }
}
