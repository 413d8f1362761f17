import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { Problem } from '../problems/problem.ts';
import { failureCause } from '../telemetry/failure-cause.ts';
import { intentOf, repeatableOf } from './asked-change.ts';
import type { AskedChange, Claim } from './asked-change.ts';
import { Clock } from './clock.ts';
import { Outcomes } from './outcomes.ts';
import type { StoredReply } from './outcomes.ts';
import { GroupCommit } from './store/group-commit.ts';
import { JournalStore } from './store/journal-store.ts';
import type { Intent, KeyHolder } from './store/journal-store.ts';
import { ASKED_AGAIN } from './store/key-state.ts';
import { isOfSomeRows } from './store/store-fault.ts';
import { STORE_PATIENCE_MS, StoreWatch } from './store/store-watch.ts';

/** Of many that want to repeat one unknown change, one does; the others then find it under way. */
const MAX_TRIES = 2;

/** Puts each change on record before it leaves. Of those with one Idempotency-Key, one at a time gets the key. */
@Injectable()
export class Claims {
  private readonly begins = new GroupCommit<Intent, KeyHolder | null>(
    (intents) => this.store.begin(intents),
    isOfSomeRows,
  );
  private readonly takeOvers = new GroupCommit<Parameters<JournalStore['takeOver']>, boolean>(
    async ([takeOver]) => [await this.store.takeOver(...takeOver!)],
    () => false,
    1,
  );

  constructor(
    private readonly store: JournalStore,
    private readonly watch: StoreWatch,
    private readonly outcomes: Outcomes,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'octaneTimeoutMs' | 'idempotencyTtlHours'>,
  ) {}

  /**
   * @returns the claim, or what is stored as the reply to the same request
   * @throws Problem `request-in-progress`, `idempotency-key-reused`, `outcome-unknown`, or `journal-unavailable`
   */
  async claim(asked: AskedChange): Promise<Claim | StoredReply> {
    const { operation } = asked;
    const repeatable = repeatableOf(asked);
    const intent = intentOf(asked, repeatable, this.clock.now(), this.settings);
    const begin = (): Claim => ({ asked, intent, repeatable, elapsedMs: this.clock.stopwatch() });
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const claim = begin();
      const holder = await this.write(this.begins, intent, claim);
      if (!holder || !repeatable) return claim;
      const { kept, state } = holder;
      const isSameBody = kept.fingerprint === intent.key?.fingerprint;
      const verdict = ASKED_AGAIN[state][isSameBody ? operation.repeat : 'another body'];
      if (verdict === 'replay')
        return JSON.parse(repeatable.unseal(kept.reply ?? '', kept.id)) as StoredReply;
      if (verdict === 'outcome-unknown') throw new Problem(verdict, { advice: operation.inDoubt });
      if (verdict !== 'take-over') throw new Problem(verdict);
      const again = begin();
      if (await this.write(this.takeOvers, [holder, intent], again)) return again;
    }
    // Somebody else is taking the key over.
    throw new Problem('request-in-progress');
  }

  private async write<T, R>(commit: GroupCommit<T, R>, item: NoInfer<T>, claim: Claim): Promise<R> {
    try {
      const write = commit.add(item, STORE_PATIENCE_MS, () => this.outcomes.withdraw(claim));
      return await this.watch.timed(write);
    } catch (error) {
      throw new Problem('journal-unavailable', { cause: failureCause(error) });
    }
  }
}
