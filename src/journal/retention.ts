import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { JournalStore } from './journal-store.ts';

const INTERVAL_MS = 60_000;
const DAY_MS = 86_400_000;
/** Small enough that no lock is held long. */
const BATCH_ROWS = 500;

/** Forgets replies when their keys expire and deletes records when they are old enough, a few at a time. */
@Injectable()
export class Retention implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Retention.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: JournalStore,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.prune().catch((error: NodeJS.ErrnoException) => {
        this.logger.warn({ error: error.code ?? error.name }, 'the journal could not be pruned');
      });
    }, INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Prunes until nothing is left to prune. */
  async prune(): Promise<void> {
    for (;;) {
      const retentionMs = this.settings.journalRetentionDays * DAY_MS;
      const { forgotten, deleted } = await this.store.prune(retentionMs, BATCH_ROWS);
      if (forgotten < BATCH_ROWS && deleted < BATCH_ROWS) return;
    }
  }
}
