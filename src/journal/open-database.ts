import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely';
import type { PostgresPool, PostgresPoolClient, SqliteDatabase } from 'kysely';
import pg from 'pg';
import type { JournalSchema } from './schema.ts';

/** How long another process may hold the write lock of a SQLite file, and how long a statement of PostgreSQL may take. */
const PATIENCE_MS = 1500;
/** Nobody waits behind one who only reads. */
const READING_PATIENCE_MS = 120_000;
const CONNECTIONS = 4;
/** Together a few megabytes. */
const MAX_REMEMBERED_STATEMENTS = 128;
const MAX_REMEMBERED_LENGTH = 16 * 1024;
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
  // A connection that breaks is replaced when it is next needed. Without listeners it would end the process: the pool listens
  // only while a connection is idle.
  pool.on('error', () => undefined).on('connect', (client) => client.on('error', () => undefined));
  return new Kysely<JournalSchema>({ dialect: new PostgresDialect({ pool: withoutBadConnections(pool) }) });
}

/** Closes a connection after any fault that the server did not report itself: an answer that is late may never come. */
function withoutBadConnections(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      const client = await pool.connect();
      let isGood = true;
      return {
        query: (async (sql: string, parameters: unknown[]) => {
          try {
            return await client.query(sql, parameters);
          } catch (error) {
            isGood &&= error instanceof pg.DatabaseError;
            throw error;
          }
        }) as unknown as PostgresPoolClient['query'],
        release: () => client.release(!isGood),
      };
    },
  };
}
