import { Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { failureCause } from '../telemetry/failure-cause.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { GatheredCounts } from './counts.ts';
import type { Addition, Count } from './counts.ts';
import { hashOf } from './limit-key.ts';
import { MemoryCounts } from './memory-counts.ts';
import { ADD, NOW_MS, RateLimitTable, TABLE } from './rate-limit-table.ts';

/** After a failure nobody asks the store for that long; then one request finds out whether it is back. */
const REST_MS = 5000;
const PRUNE_INTERVAL_MS = 60_000;
/** Rows that one statement deletes, so that no statement takes long. */
const PRUNE_ROWS = 10_000;

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
  private readonly table: RateLimitTable;
  /** While the store fails: when it is asked again. */
  private asksAgainAt: number | undefined;
  private pruning: NodeJS.Timeout | undefined;

  constructor(
    url: string,
    private readonly metrics: Metrics,
    mayCreateTable: boolean,
  ) {
    super();
    this.table = new RateLimitTable(url, mayCreateTable);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.attempt(async () => undefined);
    this.pruning = setInterval(() => void this.prune(), PRUNE_INTERVAL_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.pruning);
    await this.table.end();
  }

  protected async addAll(additions: readonly Addition[]): Promise<readonly Count[]> {
    const keys = additions.map(({ policy, key }) => `${policy.name}:${hashOf(key)}`);
    const stored = await this.attempt(() =>
      this.table.query({
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
          await this.attempt(() => this.table.query({ text: TAKE_BACK, values: [key, expire] }));
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
      const prune = this.table.query({ text: PRUNE, values: [LONGEST_MS] });
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
      const result = await this.table.use(operation);
      if (this.asksAgainAt !== undefined) this.logger.warn('limits are counted over all replicas again');
      this.asksAgainAt = undefined;
      return result;
    } catch (error) {
      if (this.asksAgainAt === undefined) {
        this.logger.warn({ cause: failureCause(error) }, 'limits are counted by this process alone');
      }
      this.asksAgainAt = performance.now() + REST_MS;
      return undefined;
    }
  }
}
