import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Fleet } from './fleet.ts';

const INTERVAL_MS = 1000;
/** Of an interval, spent waiting for a processor. */
const STARVED_SHARE = 0.3;
/** What a process that was held up does late, and what waits for it, comes a little before and after. */
const AROUND_MS = 5000;

export interface Period {
  /** Milliseconds since 1970, both ends included. */
  readonly from: number;
  readonly to: number;
}

/** Notices when the machine is too busy with other work to run the gateways. */
export class Starvation {
  readonly periods: Period[] = [];
  /** How long gateways that were ready to run waited for a processor, in all. */
  waitedMs = 0;
  private readonly fleet: Fleet;
  private readonly waits = new Map<number, number>();
  private stopped = false;

  constructor(fleet: Fleet) {
    this.fleet = fleet;
    void this.watch();
  }

  stop(): void {
    this.stopped = true;
  }

  private async watch(): Promise<void> {
    while (!this.stopped) {
      const start = Date.now();
      await wait(INTERVAL_MS, undefined, { ref: false });
      const now = Date.now();
      for (const { gateway } of this.fleet.running) {
        const waitedMs = await this.waitedSince(gateway.pid);
        this.waitedMs += waitedMs;
        if (waitedMs < STARVED_SHARE * (now - start)) continue;
        this.periods.push({ from: start - AROUND_MS, to: now + AROUND_MS });
      }
    }
  }

  /** How long the main thread of a process has waited for a processor since it was last asked for. */
  private async waitedSince(pid: number): Promise<number> {
    const before = this.waits.get(pid) ?? 0;
    const schedstat = await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => '');
    const waitedMs = Number(schedstat.split(' ')[1] ?? before * 1e6) / 1e6;
    this.waits.set(pid, waitedMs);
    return waitedMs - before;
  }
}
