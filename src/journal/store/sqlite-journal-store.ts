import { Worker } from 'node:worker_threads';
import { JournalStore } from './journal-store.ts';
import type { Completion, Intent, KeyHolder, LinkedUser, OldRecords, Pruned } from './journal-store.ts';
import type { LinkChanger } from './link-changes.ts';
import type { CustomerLink } from './schema.ts';

type Method = keyof JournalStore;

export interface StoreCall {
  readonly id: number;
  readonly method: Method;
  readonly args: unknown[];
}

export type StoreReply =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string };

/** What the thread is started with. */
export interface StoreThread {
  readonly path: string;
  /** Whether a file that is not there may be made. One that was there and is gone was taken away. */
  readonly mayCreate: boolean;
  readonly mayMigrate: boolean;
}

/** What a batch leaves behind is gone with the next: more would only lie about in memory. */
const YOUNG_GENERATION_MB = 6;

/** The journal in a SQLite file, in a thread of its own: a slow disk delays writes, not the event loop. */
export class SqliteJournalStore extends JournalStore {
  private readonly pending = new Map<number, Omit<PromiseWithResolvers<unknown>, 'promise'>>();
  private worker: Worker | undefined;
  private calls = 0;
  private wasOpen = false;

  constructor(
    private readonly path: string,
    private readonly mayMigrate: boolean,
  ) {
    super();
  }

  async open(): Promise<void> {
    await this.call('open');
    this.wasOpen = true;
  }

  begin(intents: readonly Intent[]): Promise<(KeyHolder | null)[]> {
    return this.call('begin', intents);
  }

  takeOver(holder: KeyHolder, intent: Intent): Promise<boolean> {
    return this.call('takeOver', holder, intent);
  }

  complete(completions: readonly Completion[]): Promise<void> {
    return this.call('complete', completions);
  }

  withdraw(intent: Intent, completion: Completion): Promise<void> {
    return this.call('withdraw', intent, completion);
  }

  countOld(retentionMs: number, few: number): Promise<OldRecords | undefined> {
    return this.call('countOld', retentionMs, few);
  }

  prune(retentionMs: number, limit: number): Promise<Pruned> {
    return this.call('prune', retentionMs, limit);
  }

  check(): Promise<void> {
    return this.call('check');
  }

  customersOf(users: readonly LinkedUser[]): Promise<(readonly string[])[]> {
    return this.call('customersOf', users);
  }

  usersOf(groupno: string, custno: string): Promise<Pick<CustomerLink, 'issuer' | 'subject'>[]> {
    return this.call('usersOf', groupno, custno);
  }

  link(link: CustomerLink, by: LinkChanger): Promise<void> {
    return this.call('link', link, by);
  }

  unlink(link: CustomerLink, by: LinkChanger): Promise<void> {
    return this.call('unlink', link, by);
  }

  async close(): Promise<void> {
    if (!this.worker) return;
    await this.call('close');
    await this.worker.terminate();
  }

  private call<Name extends Method>(
    method: Name,
    ...args: Parameters<JournalStore[Name]>
  ): ReturnType<JournalStore[Name]> {
    const worker = (this.worker ??= this.start());
    const id = (this.calls += 1);
    const { promise, ...pending } = Promise.withResolvers<unknown>();
    this.pending.set(id, pending);
    worker.postMessage({ id, method, args } satisfies StoreCall);
    return promise as ReturnType<JournalStore[Name]>;
  }

  private start(): Worker {
    // The source runs as it is, the build as JavaScript: the worker is whatever stands beside this file.
    const file = import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js';
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: {
        path: this.path,
        mayCreate: this.mayMigrate && !this.wasOpen,
        mayMigrate: this.mayMigrate,
      } satisfies StoreThread,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    worker.unref();
    worker.on('message', (reply: StoreReply) => {
      const pending = this.pending.get(reply.id);
      this.pending.delete(reply.id);
      if ('error' in reply) pending?.reject(Object.assign(new Error(reply.error), { code: reply.error }));
      else pending?.resolve(reply.result);
    });
    worker.on('error', (error) => this.lose(worker, error));
    worker.on('exit', () => this.lose(worker, new Error('the thread of the store ended')));
    return worker;
  }

  /** The next call starts a new thread. */
  private lose(worker: Worker, error: unknown): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}
