import { statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import Database from 'better-sqlite3';
import { StoreFault } from './store-fault.ts';

/** A file that somebody may still be copying is left alone until it has not changed for that long. */
const STILL_MS = 1000;

/**
 * The file of a SQLite database, with its write-ahead log. SQLite itself goes on writing to one that was moved, deleted or
 * replaced, and what it writes then is lost with the process. No parameter properties: the tests run the worker's files unbuilt.
 */
export class SqliteFile {
  private readonly path: string;
  /** Which files are in use, or were last; undefined before they are opened. */
  private database: string | undefined;
  private log: string | undefined;
  private stranger: { readonly looks: string; readonly since: number } | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Notes the files that were just opened. */
  remember(): void {
    this.database = identityOf(statOf(this.path));
    this.log = identityOf(this.statOfLog());
    this.stranger = undefined;
  }

  /** Whether the files in use are those of the path. */
  isInPlace(): boolean {
    return identityOf(statOf(this.path)) === this.database && identityOf(this.statOfLog()) === this.log;
  }

  /** @throws StoreFault where the files in use are not those of the path any more, or the file has become read-only */
  check(): void {
    if (!this.isInPlace()) throw new StoreFault('SQLITE_FILE_MOVED');
    // Root may write it all the same. Whoever took the right from everybody did not mean that.
    if (((statOf(this.path)?.mode ?? 0) & 0o222) === 0) throw new StoreFault('SQLITE_READONLY');
  }

  /**
   * Once the files are closed: whether the path holds a whole journal to open, be it the one that was in use or a copy of it.
   *
   * @throws StoreFault
   */
  requireJournal(): void {
    const database = statOf(this.path);
    const log = this.statOfLog();
    const isTheSame = identityOf(database) === this.database;
    // What one file was to get from its log must not be applied to another one. An empty log does no harm.
    const hasLogOfAnother = !isTheSame && log !== undefined && identityOf(log) === this.log && log.size > 0;
    const isStill = isTheSame || this.isStill([database, log]);
    if (!database || hasLogOfAnother || !isStill || !isJournal(this.path))
      throw new StoreFault('SQLITE_FILE_MOVED');
  }

  private isStill(files: readonly (Stats | undefined)[]): boolean {
    const looks = files.map((stats) => `${identityOf(stats)}/${stats?.size}/${stats?.mtimeMs}`).join();
    if (this.stranger?.looks !== looks) this.stranger = { looks, since: performance.now() };
    return performance.now() - this.stranger.since >= STILL_MS;
  }

  private statOfLog(): Stats | undefined {
    return statOf(`${this.path}-wal`);
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function identityOf(stats: Stats | undefined): string | undefined {
  return stats && `${stats.dev}:${stats.ino}`;
}

function isJournal(path: string): boolean {
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { readonly: true, fileMustExist: true });
    const tables = database.prepare(
      `SELECT count(*) FROM sqlite_schema WHERE name IN ('changes', 'kysely_migration')`,
    );
    return tables.pluck().get() === 2 && database.pragma('quick_check(1)', { simple: true }) === 'ok';
  } catch {
    return false;
  } finally {
    database?.close();
  }
}
