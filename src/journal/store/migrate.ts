import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { MIGRATIONS } from './schema.ts';
import type { JournalSchema } from './schema.ts';
import { StoreFault } from './store-fault.ts';

const NO_TABLE_OF_POSTGRES = '42P01';
const NO_TABLE_OF_SQLITE = /^no such table/;

/**
 * Brings the schema up to date; several processes may do so at once. A schema that is up to date, or newer, needs no right to
 * change anything.
 *
 * @param mayMigrate whether it may be changed
 * @throws StoreFault SCHEMA_OUTDATED: it is too old, or not there at all, and may not be changed
 */
export async function requireSchema(database: Kysely<JournalSchema>, mayMigrate: boolean): Promise<void> {
  if (await isUpToDate(database)) return;
  if (!mayMigrate) throw new StoreFault('SCHEMA_OUTDATED');
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  // SQLite lets only one of several succeed.
  if (error !== undefined && !(await isUpToDate(database))) throw error;
}

export function isNoTable(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === NO_TABLE_OF_POSTGRES || NO_TABLE_OF_SQLITE.test(message);
}

async function isUpToDate(database: Kysely<JournalSchema>): Promise<boolean> {
  try {
    const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(database);
    const done = new Set(rows.map(({ name }) => name));
    return Object.keys(MIGRATIONS).every((name) => done.has(name));
  } catch (error) {
    if (isNoTable(error)) return false;
    throw error;
  }
}
