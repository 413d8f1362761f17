import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { OctaneResult } from '../octane/octane-client.ts';
import { ReplayedProblem } from '../problems/problem-body.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { Tracing } from '../telemetry/tracing.ts';
import type { AskedChange } from './asked-change.ts';
import { Claims } from './claims.ts';
import { Outcomes } from './outcomes.ts';
import { JournalStore } from './store/journal-store.ts';

/** Puts every change on record before it leaves and its outcome after, and lets one with an Idempotency-Key happen once. */
@Injectable()
export class Journal implements OnApplicationShutdown {
  constructor(
    private readonly claims: Claims,
    private readonly outcomes: Outcomes,
    private readonly store: JournalStore,
    private readonly tracing: Tracing,
    private readonly metrics: Metrics,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.outcomes.close();
    await this.store.close();
  }

  /**
   * Attempts a change and gives its answer, or the stored answer of the same request with the same key.
   *
   * @param attempt the call to Octane, with whatever may still refuse it; it is told the milliseconds until the change counts
   *   as unknown for others, after which nothing may leave any more
   * @throws Problem what `attempt` throws, a stored problem, `request-in-progress`, `idempotency-key-reused`,
   *   `outcome-unknown`, or `journal-unavailable`
   */
  async once<T>(
    asked: AskedChange,
    attempt: (timeLeftMs: () => number) => Promise<OctaneResult<T>>,
  ): Promise<T> {
    const claim = await this.tracing.step('journal.intent', () => this.claims.claim(asked));
    if (!('intent' in claim)) {
      asked.request.markReplayed();
      this.metrics.count('idempotency_replays_total', {});
      if ('problem' in claim) throw new ReplayedProblem(claim.problem);
      return claim.answer as T;
    }
    let result: OctaneResult<T>;
    try {
      result = await attempt(() => claim.intent.unknownAfterMs - claim.elapsedMs());
    } catch (error) {
      await this.tracing.step('journal.outcome', () => this.outcomes.recordFailure(claim, error));
      throw error;
    }
    await this.tracing.step('journal.outcome', () => this.outcomes.recordAnswer(claim, result));
    return result.answer;
  }
}
