/**
 * Preloaded into a gateway, takes the place of the SQLite store of its journal and remembers nothing: what the gateway costs
 * without a store. The product has no such thing.
 */
import { registerHooks } from 'node:module';
import type { Completion, Intent, JournalStore, KeyHolder } from '../src/journal/store/journal-store.ts';

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier.endsWith('/sqlite-journal-store.js') ? import.meta.url : specifier, context),
});

export class SqliteJournalStore implements JournalStore {
  async open(): Promise<void> {}

  async begin(intents: readonly Intent[]): Promise<(KeyHolder | null)[]> {
    return intents.map(() => null);
  }

  async takeOver(): Promise<boolean> {
    return true;
  }

  async complete(_: readonly Completion[]): Promise<void> {}

  async withdraw(): Promise<void> {}

  async countOld(): Promise<undefined> {}

  async prune(): Promise<{ forgotten: number; deleted: number }> {
    return { forgotten: 0, deleted: 0 };
  }

  async check(): Promise<void> {}

  async customersOf(): Promise<never[]> {
    return [];
  }

  async usersOf(): Promise<never[]> {
    return [];
  }

  async link(): Promise<void> {}

  async unlink(): Promise<void> {}

  async close(): Promise<void> {}
}
