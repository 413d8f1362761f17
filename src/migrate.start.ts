import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { ConfigurationError } from './config/configuration-error.ts';
import { databaseLocation, sqlitePathOf } from './config/database-url.ts';
import { loadSetting } from './config/settings.ts';
import { requireSchema } from './journal/store/migrate.ts';
import { openPostgres, openSqlite } from './journal/store/open-database.ts';
import { CREATE_RATE_LIMITS } from './limits/rate-limit-table.ts';
import { failureCause } from './telemetry/failure-cause.ts';

/** Another process may migrate the same file of SQLite at the same time: of two, one must try again. */
const TRIES = 20;
const PAUSE_MS = 500;

/** Brings the schema of the store that `DATABASE_URL` names up to date, and ends. */
async function migrate(): Promise<void> {
  const url = loadSetting('databaseUrl');
  const path = sqlitePathOf(url);
  const database = path === undefined ? openPostgres(url, 'migrations') : openSqlite(path);
  try {
    await untilItIsFree(() => requireSchema(database, true));
    if (path === undefined) await sql.raw(CREATE_RATE_LIMITS).execute(database);
  } finally {
    await database.destroy();
  }
  process.stdout.write(`The schema is up to date: ${databaseLocation(url)}\n`);
}

async function untilItIsFree(write: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await write();
      return;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (tries === TRIES || !/^SQLITE_(BUSY|ERROR|CONSTRAINT|LOCKED)/.test(code)) throw error;
      await wait(PAUSE_MS);
    }
  }
}

migrate().catch((error: unknown) => {
  const fault =
    error instanceof ConfigurationError
      ? error.message
      : `The schema could not be changed: ${failureCause(error)}`;
  process.stderr.write(`${fault}\n`);
  process.exit(1);
});
