import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import type { OctaneResult } from '../octane/octane-client.ts';
import { OctaneFailure } from '../octane/octane-failure.ts';
import { isRepeatable } from '../operations/operation.ts';
import { Problem } from '../problems/problem.ts';
import { problemBody } from '../problems/problem-body.ts';
import type { ProblemBody } from '../problems/problem-body.ts';
import { failureCause } from '../telemetry/failure-cause.ts';
import { Metrics } from '../telemetry/metrics.ts';
import type { Claim } from './asked-change.ts';
import { Backlog } from './backlog.ts';
import { GroupCommit } from './store/group-commit.ts';
import { JournalStore } from './store/journal-store.ts';
import type { Completion } from './store/journal-store.ts';
import { isOfRow, isOfSomeRows } from './store/store-fault.ts';
import { STORE_PATIENCE_MS, StoreWatch } from './store/store-watch.ts';

/** An outage must not fill the memory with requests that were refused. */
const MAX_WITHDRAWALS = 1000;

/** What is stored of a finished change, sealed. */
export type StoredReply = { readonly answer: unknown } | { readonly problem: ProblemBody };

type Result = Pick<Completion, 'outcome' | 'octaneStatus' | 'attempts' | 'keepsKey'>;

const NOT_SENT: Result = { outcome: 'not-sent', octaneStatus: null, attempts: 0, keepsKey: false };
/** Of a defect nobody knows how far it came. */
const DEFECT: Result = { outcome: 'unknown', octaneStatus: null, attempts: 0, keepsKey: true };

/** Records what became of each change, and goes on trying where the store cannot be written. */
@Injectable()
export class Outcomes {
  private readonly logger = new Logger('Journal');
  private readonly completions = new GroupCommit<Completion, void>(
    (completions) => this.store.complete(completions),
    isOfSomeRows,
  );
  private readonly backlog = new Backlog((error) => {
    this.watch.failed(error);
    if (!isOfRow(error)) return 'again';
    this.metrics.count('journal_writes_given_up_total', {});
    return 'never';
  });

  constructor(
    private readonly store: JournalStore,
    private readonly watch: StoreWatch,
    private readonly metrics: Metrics,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'publicUrl'>,
  ) {
    metrics.read('journal_backlog', () => this.backlog.owed);
    metrics.read('journal_withdrawals', () => this.withdrawals);
  }

  /** @throws Problem `journal-unavailable` */
  recordAnswer(
    claim: Claim,
    { answer = null, octaneStatus, attempts }: OctaneResult<unknown>,
  ): Promise<void> {
    return this.record(claim, { outcome: 'applied', octaneStatus, attempts, keepsKey: true }, { answer });
  }

  /**
   * @param error why there is no answer
   * @throws Problem `journal-unavailable`
   */
  recordFailure(claim: Claim, error: unknown): Promise<void> {
    if (!(error instanceof OctaneFailure))
      // A refusal of the gateway itself happened before anything left.
      return this.record(claim, error instanceof Problem ? NOT_SENT : DEFECT);
    const { outcome, octaneStatus = null, attempts, freesKey } = error;
    const problem = problemBody(error, claim.asked.request.id, this.settings.publicUrl);
    return this.record(claim, { outcome, octaneStatus, attempts, keepsKey: !freesKey }, { problem });
  }

  /** Undoes a claim that the app was refused because of the store: it may be on record all the same, and nothing was sent. */
  withdraw(claim: Claim): void {
    if (this.withdrawals >= MAX_WITHDRAWALS) return;
    const completion = completionOf(claim, NOT_SENT);
    this.backlog.add(() => this.store.withdraw(claim.intent, completion), false);
  }

  /** Makes the writes that it owes, as far as they succeed now. */
  async close(): Promise<void> {
    await this.backlog.close();
    const { size, owed } = this.backlog;
    if (size > 0) this.logger.error({ writes: size, owed }, 'the journal lacks writes');
  }

  private get withdrawals(): number {
    return this.backlog.size - this.backlog.owed;
  }

  private async record(claim: Claim, result: Result, reply?: StoredReply): Promise<void> {
    const { operation } = claim.asked;
    this.metrics.count('changes_total', { operation: operation.name, outcome: result.outcome });
    const completion = completionOf(claim, result, reply);
    try {
      await this.watch.timed(this.completions.add(completion, STORE_PATIENCE_MS));
    } catch (error) {
      const isNotSent = result.outcome === 'not-sent';
      this.backlog.add(() => this.store.complete([completion]), !isNotSent);
      // Its refusal stands: nothing has left, whatever becomes of its record.
      if (isNotSent) return;
      // Should this process end before that is written, nobody will know; so the app must hear no more than that.
      throw new Problem('journal-unavailable', {
        outcome: 'unknown',
        advice: operation.inDoubt,
        retryable: isRepeatable(operation),
        cause: failureCause(error),
      });
    }
  }
}

function completionOf(
  { intent: { id }, repeatable, elapsedMs }: Claim,
  result: Result,
  reply?: StoredReply,
): Completion {
  const isFinal = result.keepsKey && result.outcome !== 'unknown';
  return {
    ...result,
    id,
    durationMs: Math.round(elapsedMs()),
    reply: isFinal && reply && repeatable ? repeatable.seal(JSON.stringify(reply), id) : null,
  };
}
