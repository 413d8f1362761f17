import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { whenRunningTimeIsOver } from '../../outbound/running-time.ts';
import { failureCause } from '../../telemetry/failure-cause.ts';
import { JournalStore } from './journal-store.ts';

/** So often the store of an idle gateway is written. */
const INTERVAL_MS = 1000;
const PATIENCE_MS = 2000;
/**
 * SQLSTATEs and other codes that speak of one row, one lock or one connection: whether the next write goes wrong as well, a write
 * made at once tells. Of any other failure, such as a full disk, a small write says less than the one that failed.
 */
const OF_ONE_WRITE = /^(08|22|23|40|57)|^55P03$|^SQLITE_(BUSY|CONSTRAINT|MISMATCH|TOOBIG)|^E[A-Z]+$/;

/**
 * Whether changes can be put on record: the last write counts. Where no change was written for a second, or the last write
 * failed, one is made for the purpose.
 */
@Injectable()
export class StoreWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Readiness');
  private timer: NodeJS.Timeout | undefined;
  private usable = false;
  private isProbing = false;
  private wroteAt = -Infinity;
  /** Since when it is not usable, as far as that was said. */
  private downSince: number | undefined;

  constructor(private readonly store: JournalStore) {}

  get isUsable(): boolean {
    return this.usable;
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

  /** The store confirmed a write. */
  succeeded(): void {
    this.wroteAt = performance.now();
    this.usable = true;
    if (this.downSince === undefined) return;
    this.logger.warn(
      { downMs: Math.round(this.wroteAt - this.downSince) },
      'ready: the journal can be written again',
    );
    this.downSince = undefined;
  }

  /** A write failed. */
  failed(error: unknown): void {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || OF_ONE_WRITE.test(code)) void this.probe();
    else this.setDown(code);
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
    const verdict = this.store
      .check()
      .then(() => this.succeeded())
      .catch(({ code, name }: NodeJS.ErrnoException) => this.setDown(code ?? name))
      .finally(() => (this.isProbing = false));
    await new Promise<void>((known) => {
      const cancel = whenRunningTimeIsOver(PATIENCE_MS, () => {
        this.setDown('too slow');
        known();
      });
      void verdict.then(() => {
        cancel();
        known();
      });
    });
  }
}
