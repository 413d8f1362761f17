import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { JournalSchema } from './schema.ts';

/**
 * Writes all that is in a SQLite database, as of one moment, to a new file that nobody else may read. Once it returns, the file
 * is on the disk and was read whole.
 *
 * @throws SqliteError SQLITE_FULL, SQLITE_CORRUPT, …; then there is no file
 */
export async function writeCopy(database: Kysely<JournalSchema>, path: string): Promise<void> {
  const file = openSync(path, 'wx', 0o600);
  try {
    await sql`VACUUM INTO ${path}`.execute(database);
    fsyncSync(file);
    const copy = new Database(path, { readonly: true });
    const state = copy.pragma('quick_check(1)', { simple: true });
    copy.close();
    if (state !== 'ok') throw Object.assign(new Error('the copy is damaged'), { code: 'SQLITE_CORRUPT' });
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}
