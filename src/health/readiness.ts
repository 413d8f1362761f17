import type { Journal } from '../journal/journal.ts';
import type { Lifecycle } from './lifecycle.ts';

/** Whether requests are welcome, and if not, why. */
export interface ReadinessReport {
  readonly status: 'ready' | 'not-ready';
  readonly draining: boolean;
  /** Where changes are put on record. */
  readonly store: 'up' | 'down';
}

/** Settings were good, or there would be no process; what is left to ask is whether the store works and the gateway stays. */
export class Readiness {
  constructor(
    private readonly lifecycle: Lifecycle,
    private readonly journal: Journal,
  ) {}

  async report(): Promise<ReadinessReport> {
    const { draining } = this.lifecycle;
    // A gateway that leaves says so at once, however slow the store is.
    const store = draining || (await this.journal.isUsable()) ? 'up' : 'down';
    return { status: !draining && store === 'up' ? 'ready' : 'not-ready', draining, store };
  }
}
