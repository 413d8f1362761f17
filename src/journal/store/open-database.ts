import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely';
import type { PostgresPool as KyselyPool, SqliteDatabase } from 'kysely';
import { PostgresPool } from '../../database/postgres-pool.ts';
import type { JournalSchema } from './schema.ts';
import { StoreFault } from './store-fault.ts';

/** How long another process may hold the write lock of a SQLite file. */
const PATIENCE_MS = 1500;
/** Nobody waits behind one who only reads. */
const READING_PATIENCE_MS = 120_000;
const PATIENCE = {
  writes: { connectMs: PATIENCE_MS, statementMs: PATIENCE_MS, lockMs: 1000 },
  migrations: { connectMs: 5000, statementMs: 3_600_000, lockMs: 60_000 },
  corrections: { connectMs: 5000, statementMs: 30_000, lockMs: 5000 },
  reads: { connectMs: 5000, statementMs: READING_PATIENCE_MS, lockMs: READING_PATIENCE_MS },
} as const;
/** Together a few megabytes. */
const MAX_REMEMBERED_STATEMENTS = 128;
const MAX_REMEMBERED_LENGTH = 16 * 1024;

/**
 * @param path of the file
 * @param mayCreate whether it is made, readable for nobody else, where it does not exist
 * @param patienceMs how long another process may hold the write lock
 */
export function openSqlite(path: string, mayCreate = true, patienceMs = PATIENCE_MS): Kysely<JournalSchema> {
  return new Kysely<JournalSchema>({
    dialect: new SqliteDialect({
      database: async () => {
        if (mayCreate) {
          mkdirSync(dirname(path), { recursive: true });
          closeSync(openSync(path, 'a', 0o600));
        } else if (!existsSync(path)) {
          throw new StoreFault('SCHEMA_OUTDATED');
        }
        const database = new Database(path, { timeout: patienceMs, fileMustExist: !mayCreate });
        try {
          database.pragma('journal_mode = WAL');
          // Each commit is on the disk before it counts.
          database.pragma('synchronous = FULL');
          return rememberingStatements(database);
        } catch (error) {
          database.close();
          throw error;
        }
      },
    }),
  });
}

/** Kysely prepares every statement anew, which costs more than to run it. There is one text for each size of a batch. */
function rememberingStatements(database: Database.Database): SqliteDatabase {
  const prepared = new Map<string, Database.Statement>();
  return {
    close: () => void database.close(),
    prepare: (text) => {
      const known = prepared.get(text);
      if (known) return known;
      const statement = database.prepare(text);
      if (text.length > MAX_REMEMBERED_LENGTH) return statement;
      if (prepared.size >= MAX_REMEMBERED_STATEMENTS) prepared.delete(prepared.keys().next().value!);
      prepared.set(text, statement);
      return statement;
    },
  };
}

/** A file that exists, for one who only looks at it. */
export function readSqlite(path: string): Kysely<JournalSchema> {
  const database = new Database(path, { readonly: true, timeout: READING_PATIENCE_MS });
  return new Kysely<JournalSchema>({ dialect: new SqliteDialect({ database }) });
}

/**
 * A file that exists, for one who needs it alone: nobody else opens it until it is closed.
 *
 * @throws SqliteError SQLITE_BUSY where somebody else has it open
 */
export function openSqliteAlone(path: string): Kysely<JournalSchema> {
  const database = new Database(path, { fileMustExist: true, timeout: PATIENCE_MS });
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE; COMMIT');
  } catch (error) {
    database.close();
    throw error;
  }
  return new Kysely<JournalSchema>({ dialect: new SqliteDialect({ database }) });
}

export function openPostgres(url: string, purpose: keyof typeof PATIENCE = 'writes'): Kysely<JournalSchema> {
  const pool = new PostgresPool(url, PATIENCE[purpose]) as unknown as KyselyPool;
  return new Kysely<JournalSchema>({ dialect: new PostgresDialect({ pool }) });
}
