import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely';
import pg from 'pg';
import type { JournalSchema } from './schema.ts';

/** How long another process may hold the write lock of a SQLite file, and how long a statement of PostgreSQL may take. */
const PATIENCE_MS = 1500;
/** Nobody waits behind one who only reads. */
const READING_PATIENCE_MS = 120_000;
const CONNECTIONS = 4;
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

/** A file that exists, for one who only looks at it. */
export function readSqlite(path: string): Kysely<JournalSchema> {
  const database = new Database(path, { readonly: true, timeout: READING_PATIENCE_MS });
  return new Kysely<JournalSchema>({ dialect: new SqliteDialect({ database }) });
}

export function openPostgres(url: string, purpose: 'writes' | 'reads' = 'writes'): Kysely<JournalSchema> {
  const statementMs = purpose === 'writes' ? PATIENCE_MS : READING_PATIENCE_MS;
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: PATIENCE_MS,
    statement_timeout: statementMs,
    query_timeout: statementMs + 500,
    keepAlive: true,
    // Times are counts of milliseconds, far below 2^53; the driver would give them as text.
    types: {
      getTypeParser: (oid, format) =>
        oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format),
    },
  });
  // An idle connection that breaks is replaced when it is next needed; without a listener it would end the process.
  pool.on('error', () => undefined);
  return new Kysely<JournalSchema>({ dialect: new PostgresDialect({ pool }) });
}
