import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { ConfigurationError } from '../../config/configuration-error.ts';
import { whenRunningTimeIsOver } from '../../outbound/running-time.ts';
import { failureCause } from '../../telemetry/failure-cause.ts';
import { Metrics } from '../../telemetry/metrics.ts';
import { JournalStore } from './journal-store.ts';
import { isOfRow } from './store-fault.ts';

/** How long a write may take: a request waits so long before its change, and after it. */
export const STORE_PATIENCE_MS = 2000;
/** So often the store of an idle gateway is written. */
const INTERVAL_MS = 1000;
/**
 * SQLSTATEs and other codes that speak of one row, one lock or one connection: whether the next write goes wrong as well, a write
 * made at once tells. Of any other failure, such as a full disk, a small write says less than the one that failed.
 */
const OF_ONE_WRITE = /^(08|22|23|40|57)|^55P03$|^SQLITE_(BUSY|CONSTRAINT|MISMATCH|TOOBIG)|^E[A-Z]+$/;

/**
 * Opens the store, and knows whether changes can be put on record: the last write counts. Where no change was written for a
 * second, or the last write failed, one is made for the purpose.
 */
@Injectable()
export class StoreWatch implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Readiness');
  private readonly writes = new Logger('Journal');
  private timer: NodeJS.Timeout | undefined;
  private isOpen = false;
  private usable = false;
  private isProbing = false;
  private wroteAt = -Infinity;
  /** Since when it is not usable, as far as that was said. */
  private downSince: number | undefined;

  constructor(
    private readonly store: JournalStore,
    private readonly metrics: Metrics,
  ) {}

  get isUsable(): boolean {
    return this.usable;
  }

  async onModuleInit(): Promise<void> {
    await this.open().catch(({ code }: NodeJS.ErrnoException) => {
      // Whoever starts it is there to read that now. Any other failure may pass.
      if (code !== 'SCHEMA_OUTDATED') return;
      throw new ConfigurationError([
        'MIGRATE_ON_START: the schema of the store is older than this version needs: run `npm run migrate` first',
      ]);
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.probe();
    this.timer = setInterval(() => {
      if (!this.usable || performance.now() - this.wroteAt >= INTERVAL_MS) void this.probe();
    }, INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Waits for a write, and notes how long it took and how it went. */
  async timed<T>(write: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      const result = await write;
      this.succeeded();
      return result;
    } catch (error) {
      this.failed(error);
      throw error;
    } finally {
      this.metrics.observe('journal_write_duration_seconds', {}, (performance.now() - startedAt) / 1000);
    }
  }

  /** Notes that a write failed, or an attempt to open the store. */
  failed(error: unknown): void {
    this.metrics.count('journal_failures_total', {});
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || OF_ONE_WRITE.test(code)) void this.probe();
    else this.setDown(code);
    // An outage is one line, and not one for each change.
    if (this.usable || isOfRow(error))
      this.writes.error({ cause: failureCause(error) }, 'the journal cannot be written');
  }

  private async open(): Promise<void> {
    if (this.isOpen) return;
    await this.store.open().catch((error: unknown) => {
      this.failed(error);
      throw error;
    });
    this.isOpen = true;
  }

  private succeeded(): void {
    this.wroteAt = performance.now();
    this.usable = true;
    if (this.downSince === undefined) return;
    this.logger.warn(
      { downMs: Math.round(this.wroteAt - this.downSince) },
      'ready: the journal can be written again',
    );
    this.downSince = undefined;
  }

  private setDown(error: string): void {
    this.usable = false;
    if (this.downSince !== undefined) return;
    this.downSince = performance.now();
    this.logger.error({ cause: failureCause({ code: error }) }, 'not ready: the journal cannot be written');
  }

  /** Resolves when it is known whether the store can be written; a slow answer still counts when it comes. */
  private async probe(): Promise<void> {
    if (this.isProbing) return;
    this.isProbing = true;
    const verdict = this.open()
      .then(() => this.store.check())
      .then(() => this.succeeded())
      .catch(({ code, name }: NodeJS.ErrnoException) => this.setDown(code ?? name))
      .finally(() => (this.isProbing = false));
    const { promise: tooSlow, resolve } = Promise.withResolvers<void>();
    const cancel = whenRunningTimeIsOver(STORE_PATIENCE_MS, () => {
      this.setDown('too slow');
      resolve();
    });
    await Promise.race([verdict.finally(cancel), tooSlow]);
  }
}
