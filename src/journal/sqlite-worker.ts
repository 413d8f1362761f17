import { parentPort, workerData } from 'node:worker_threads';
import { KyselyJournalStore } from './kysely-journal-store.ts';
import { openSqlite } from './open-database.ts';
import type { StoreCall, StoreReply } from './sqlite-journal-store.ts';

// SQLite's calls block until the disk has answered: here they block nobody but the next write.
const store = new KyselyJournalStore(openSqlite((workerData as { path: string }).path));

parentPort?.on('message', ({ id, method, args }: StoreCall) => {
  const call = store[method] as (...given: unknown[]) => Promise<unknown>;
  call.apply(store, args).then(
    (result) => parentPort?.postMessage({ id, result } satisfies StoreReply),
    (error: unknown) => parentPort?.postMessage({ id, error: codeOf(error) } satisfies StoreReply),
  );
});

/** A database's message may quote what was written. */
function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? (error instanceof Error ? error.name : 'error');
}
