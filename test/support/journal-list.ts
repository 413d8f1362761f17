import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { JournalRecord } from '../../src/journal/store/journal-store.ts';

const MAX_LIST_BYTES = 2 ** 30;

/**
 * The journal as an operator reads it.
 *
 * @param folder of a compiled gateway
 */
export async function listJournal(
  folder: string,
  databaseUrl: string,
): Promise<Omit<JournalRecord, 'completedAt'>[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/journal/cli.js', 'list', '--json'], {
    cwd: folder,
    env: { DATABASE_URL: databaseUrl },
    maxBuffer: MAX_LIST_BYTES,
  });
  return JSON.parse(stdout) as Omit<JournalRecord, 'completedAt'>[];
}
