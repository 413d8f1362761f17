import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { failureCause } from '../telemetry/failure-cause.ts';
import { JournalStore } from './store/journal-store.ts';

const INTERVAL_MS = 60_000;
const DAY_MS = 86_400_000;
/** Small enough that no lock is held long. */
const BATCH_ROWS = 500;
/** A minute brings fewer records than this to their end, or few of all there are. More is rather the work of a wrong clock. */
const FEW_RECORDS = 1000;
const MOST_AT_ONCE_SHARE = 0.25;

/** Forgets replies when their keys expire and deletes records when they are old enough, a few at a time. */
@Injectable()
export class Retention implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Retention.name);
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(
    private readonly store: JournalStore,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'journalRetentionDays'>,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.pruneCarefully().catch((error: unknown) => {
        this.logger.warn({ cause: failureCause(error) }, 'the journal could not be pruned');
      });
    }, INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Prunes, unless that would take more than a quarter of the records. */
  async pruneCarefully(): Promise<void> {
    const found = await this.store.countOld(this.settings.journalRetentionDays * DAY_MS, FEW_RECORDS);
    const isTooMuch = found !== undefined && found.old > found.all * MOST_AT_ONCE_SHARE;
    if (isTooMuch && !this.isStopped) {
      this.logger.error(
        { old: found.old, all: found.all },
        'the journal is not pruned: too much of it is old',
      );
    }
    this.isStopped = isTooMuch;
    if (!isTooMuch) await this.prune();
  }

  /**
   * Prunes until nothing is left to prune.
   *
   * @returns how many records were deleted
   */
  async prune(): Promise<number> {
    for (let all = 0; ;) {
      const retentionMs = this.settings.journalRetentionDays * DAY_MS;
      const { forgotten, deleted } = await this.store.prune(retentionMs, BATCH_ROWS);
      all += deleted;
      if (forgotten < BATCH_ROWS && deleted < BATCH_ROWS) return all;
    }
  }
}
