import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { sqlitePathOf } from '../../src/config/database-url.ts';
import type { JournalRecord } from '../../src/journal/store/journal-store.ts';
import { openPostgres, openSqlite } from '../../src/journal/store/open-database.ts';
import { listRecords } from '../../src/journal/store/read-records.ts';
import type { JournalSchema } from '../../src/journal/store/schema.ts';

/** The record as it stands in the store, newest first, read from outside the gateway. */
export async function journalRecords(databaseUrl: string, now?: number): Promise<JournalRecord[]> {
  const database = open(databaseUrl);
  try {
    return await Array.fromAsync(listRecords(database, {}, now));
  } finally {
    await database.destroy();
  }
}

/** Makes every record that much older: to the store it is as if so much time had passed. */
export async function ageRecords(databaseUrl: string, ms: number): Promise<void> {
  const database = open(databaseUrl);
  await sql`
    UPDATE changes SET at = at - ${ms}, unknown_at = unknown_at - ${ms}, expires_at = expires_at - ${ms}
  `.execute(database);
  await database.destroy();
}

function open(databaseUrl: string): Kysely<JournalSchema> {
  const path = sqlitePathOf(databaseUrl);
  return path === undefined ? openPostgres(databaseUrl) : openSqlite(path);
}
