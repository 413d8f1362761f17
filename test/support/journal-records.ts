import type { JournalRecord } from '../../src/journal/journal-store.ts';
import { KyselyJournalStore } from '../../src/journal/kysely-journal-store.ts';
import { openPostgres, openSqlite, sqlitePathOf } from '../../src/journal/open-database.ts';

/** The record as it stands in the store, newest first, read from outside the gateway. */
export async function journalRecords(databaseUrl: string, now = Date.now()): Promise<JournalRecord[]> {
  const path = sqlitePathOf(databaseUrl);
  const store = new KyselyJournalStore(path === undefined ? openPostgres(databaseUrl) : openSqlite(path));
  try {
    return await Array.fromAsync(store.list({}, now));
  } finally {
    await store.close();
  }
}
