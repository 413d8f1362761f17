import { PostgresAdapter, sql } from 'kysely';
import type { Kysely, RawBuilder } from 'kysely';
import type { JournalSchema } from './schema.ts';

/** What PostgreSQL's clock says, in milliseconds since the epoch. */
export const POSTGRES_NOW = sql<number>`CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)`;

export function isPostgres(database: Kysely<unknown> | Kysely<JournalSchema>): boolean {
  return database.getExecutor().adapter instanceof PostgresAdapter;
}

/**
 * The time of the store, for a statement.
 *
 * @param time in milliseconds since the epoch, where another clock decides than the store's own
 */
export function timeIn(database: Kysely<JournalSchema>, time?: number): RawBuilder<number> {
  if (time === undefined && isPostgres(database)) return POSTGRES_NOW;
  return sql<number>`CAST(${time ?? Date.now()} AS bigint)`;
}

/** The store's own time, in milliseconds since the epoch: PostgreSQL's, or this machine's for a file on it. */
export async function storeTime(database: Kysely<JournalSchema>): Promise<number> {
  if (!isPostgres(database)) return Date.now();
  const { rows } = await sql<{ now: number }>`SELECT ${POSTGRES_NOW} AS now`.execute(database);
  return rows[0]!.now;
}
