import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely';
import pg from 'pg';
import type { JournalSchema } from './schema.ts';

/** How long another process may hold the write lock of a SQLite file, and how long a statement of PostgreSQL may take. */
const PATIENCE_MS = 1500;
const CONNECTIONS = 4;
const INT8 = 20;
const SQLITE = 'sqlite:';

/** @returns the path of a `sqlite:PATH` URL, undefined for another store */
export function sqlitePathOf(databaseUrl: string): string | undefined {
  return databaseUrl.startsWith(SQLITE) ? databaseUrl.slice(SQLITE.length) : undefined;
}

/** @param path of the file, which is created, readable for nobody else, where it does not exist */
export function openSqlite(path: string): Kysely<JournalSchema> {
  return new Kysely<JournalSchema>({
    dialect: new SqliteDialect({
      database: async () => {
        mkdirSync(dirname(path), { recursive: true });
        closeSync(openSync(path, 'a', 0o600));
        const database = new Database(path, { timeout: PATIENCE_MS });
        database.pragma('journal_mode = WAL');
        // Each commit is on the disk before it counts.
        database.pragma('synchronous = FULL');
        return database;
      },
    }),
  });
}

export function openPostgres(url: string): Kysely<JournalSchema> {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: PATIENCE_MS,
    statement_timeout: PATIENCE_MS,
    query_timeout: PATIENCE_MS + 500,
    keepAlive: true,
    // Times are counts of milliseconds, far below 2^53; the driver would give them as text.
    types: { getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) },
  });
  // An idle connection that breaks is replaced when it is next needed; without a listener it would end the process.
  pool.on('error', () => undefined);
  return new Kysely<JournalSchema>({ dialect: new PostgresDialect({ pool }) });
}
