import { parentPort, workerData } from 'node:worker_threads';
import { sql } from 'kysely';
import { KyselyJournalStore } from './kysely-journal-store.ts';
import { openSqlite } from './open-database.ts';
import { SqliteFile } from './sqlite-file.ts';
import type { StoreCall, StoreReply, StoreThread } from './sqlite-journal-store.ts';

// SQLite's calls block until the disk has answered: here they block nobody but the next write.
const { path, mayCreate, mayMigrate } = workerData as StoreThread;
const file = new SqliteFile(path);
let open = storeIn(mayCreate);
/** Undefined: not opened yet. */
let state: 'in use' | 'gone' | undefined;

function storeIn(mayCreateFile: boolean) {
  const database = openSqlite(path, mayCreateFile);
  return { database, store: new KyselyJournalStore(database, mayMigrate) };
}

parentPort?.on('message', ({ id, method, args }: StoreCall) => {
  perform(method, args).then(
    (result) => parentPort?.postMessage({ id, result } satisfies StoreReply),
    (error: unknown) => parentPort?.postMessage({ id, error: codeOf(error) } satisfies StoreReply),
  );
});

async function perform(method: StoreCall['method'], args: unknown[]): Promise<unknown> {
  if (method === 'close') return open.store.close();
  if (state === 'in use' && !file.isInPlace()) await leaveFile();
  if (state === 'gone') {
    file.requireJournal();
    open = storeIn(false);
    state = undefined;
  }
  if (state === 'in use') file.check();
  const call = open.store[method] as (...given: unknown[]) => Promise<unknown>;
  const result = await call.apply(open.store, args);
  if (state === undefined) file.remember();
  state = 'in use';
  file.check();
  return result;
}

/** What the log holds goes to the file, wherever that is now: an empty log can be taken for that of no other file. */
async function leaveFile(): Promise<void> {
  state = 'gone';
  await sql`PRAGMA wal_checkpoint(TRUNCATE)`.execute(open.database).catch(() => undefined);
  await open.store.close();
}

/** A database's message may quote what was written. */
function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? (error instanceof Error ? error.name : 'error');
}
