import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharedPostgres } from './shared-postgres.ts';
import type { Databases } from './shared-postgres.ts';

/** Both kinds of store, for tests that must hold on each. */
export const STORE_KINDS = ['SQLite', 'PostgreSQL'] as const;

/** A place for journals of one kind. */
export class TestStores {
  private readonly folder: string;
  private readonly postgres: Databases | undefined;

  // No parameter properties: the crash test runs this file unbuilt.
  private constructor(folder: string, postgres: Databases | undefined) {
    this.folder = folder;
    this.postgres = postgres;
  }

  static async start(kind: (typeof STORE_KINDS)[number]): Promise<TestStores> {
    const folder = await mkdtemp(join(tmpdir(), 'octane-bff-stores-'));
    return new TestStores(folder, kind === 'PostgreSQL' ? await sharedPostgres() : undefined);
  }

  /** @returns the DATABASE_URL of a new, empty journal */
  async newUrl(): Promise<string> {
    if (this.postgres) return this.postgres.newDatabase();
    return `sqlite:${join(await mkdtemp(join(this.folder, 'journal-')), 'gateway.db')}`;
  }

  async stop(): Promise<void> {
    await this.postgres?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
