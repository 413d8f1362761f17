import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { Caller } from '../callers/caller.ts';
import { ConfigurationError } from '../config/configuration-error.ts';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { OctaneFailure } from '../octane/octane-failure.ts';
import type { OctaneResult } from '../octane/octane-client.ts';
import { isRepeatable } from '../operations/operation.ts';
import type { Change } from '../operations/operation.ts';
import { Problem, problemBody, ReplayedProblem } from '../problems/problems.ts';
import type { ProblemBody } from '../problems/problems.ts';
import { failureCause } from '../telemetry/failure-cause.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { recordedName } from '../telemetry/recorded-name.ts';
import { Tracing } from '../telemetry/tracing.ts';
import { Backlog } from './backlog.ts';
import { changeIdAt } from './store/change-id.ts';
import { Clock } from './clock.ts';
import { GroupCommit } from './store/group-commit.ts';
import { JournalStore } from './store/journal-store.ts';
import type { Completion, Intent, KeyHolder } from './store/journal-store.ts';
import { RepeatableRequest } from './sealed-reply.ts';
import { isOfRow, isOfSomeRows } from './store/store-fault.ts';
import { StoreWatch } from './store/store-watch.ts';

/** How long a request waits for the store before its change, and after it. */
const STORE_PATIENCE_MS = 2000;
/** After its budget a change without an outcome waits this long before it counts as unknown. */
const UNKNOWN_AFTER_BUDGET_MS = 5000;
const HOUR_MS = 3_600_000;
const REOPEN_INTERVAL_MS = 1000;
/** Of many that want to repeat one unknown change, one does; the others then find it under way. */
const MAX_TRIES = 2;
/** An outage must not fill the memory with requests that were refused. */
const MAX_WITHDRAWALS = 1000;

/** Who asks for a change, and what the app is told of it beside the answer. */
export interface RequestOnRecord {
  readonly caller: Caller;
  readonly custno: string;
  /** The request id. */
  readonly id: string;
  /** The Idempotency-Key, where the app sent one. */
  readonly key: string | undefined;
  markReplayed(): void;
}

/** A change that somebody asks for. */
export interface AskedChange {
  readonly operation: Change;
  readonly request: RequestOnRecord;
  /** The validated body. */
  readonly body: object;
}

/** What is stored of a finished change, sealed. */
type StoredReply<T> = { readonly answer: T | null } | { readonly problem: ProblemBody };

interface TakeOver {
  readonly holder: KeyHolder;
  readonly intent: Intent;
}

/** A change that is on record and about to be attempted. */
interface Begun {
  readonly intent: Intent;
  readonly repeatable: RepeatableRequest | undefined;
  /** Milliseconds since before it was put on record. */
  readonly elapsedMs: () => number;
}

type Result = Pick<Completion, 'outcome' | 'octaneStatus' | 'attempts' | 'keepsKey'>;

const NOT_SENT: Result = { outcome: 'not-sent', octaneStatus: null, attempts: 0, keepsKey: false };

/** Puts every change on record before it leaves and its outcome after, and lets one with an Idempotency-Key happen once. */
@Injectable()
export class Journal implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(Journal.name);
  private readonly begins = new GroupCommit<Intent, KeyHolder | null>(
    (intents) => this.store.begin(intents),
    isOfSomeRows,
  );
  private readonly takeOvers = new GroupCommit<TakeOver, boolean>(
    ([takeOver]) => this.store.takeOver(takeOver!.holder, takeOver!.intent).then((isTaken) => [isTaken]),
    () => false,
    1,
  );
  private readonly completions = new GroupCommit<Completion, void>(async (completions) => {
    await this.store.complete(completions);
    return [];
  }, isOfSomeRows);
  private readonly backlog = new Backlog((error) => {
    this.complain(error);
    if (!isOfRow(error)) return 'again';
    this.metrics.count('journal_writes_given_up_total', {});
    return 'never';
  });
  private reopening: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: JournalStore,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly tracing: Tracing,
    private readonly metrics: Metrics,
    private readonly watch: StoreWatch,
  ) {
    metrics.read('journal_backlog', () => this.backlog.owed);
    metrics.read('journal_withdrawals', () => this.backlog.size - this.backlog.owed);
  }

  async onModuleInit(): Promise<void> {
    await this.open();
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.reopening);
    await this.backlog.close();
    if (this.backlog.size > 0) {
      this.logger.error({ writes: this.backlog.size, owed: this.backlog.owed }, 'the journal lacks writes');
    }
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
    change: AskedChange,
    attempt: (timeLeftMs: () => number) => Promise<OctaneResult<T>>,
  ): Promise<T> {
    const begun = await this.tracing.step('journal.intent', () => this.begin<T>(change));
    if ('replay' in begun) {
      change.request.markReplayed();
      this.metrics.count('idempotency_replays_total', {});
      if ('problem' in begun.replay) throw new ReplayedProblem(begun.replay.problem);
      return begun.replay.answer as T;
    }
    let result: OctaneResult<T>;
    try {
      result = await attempt(() => begun.intent.unknownAfterMs - begun.elapsedMs());
    } catch (error) {
      await this.finishFailed(begun, change, error);
      throw error;
    }
    const { answer, octaneStatus, attempts } = result;
    await this.finish(begun, { outcome: 'applied', octaneStatus, attempts, keepsKey: true }, change, {
      answer: answer ?? null,
    });
    return answer;
  }

  private async begin<T>(change: AskedChange): Promise<Begun | { replay: StoredReply<T> }> {
    const { key } = change.request;
    const repeatable = key === undefined ? undefined : new RepeatableRequest(key, change.body);
    const intent = this.intentOf(change, repeatable);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const begun = { intent, repeatable, elapsedMs: this.clock.stopwatch() };
      const holder = await this.write(this.begins, intent, begun);
      if (!holder || !repeatable) return begun;
      const verdict = judge(holder, change.operation, intent.key);
      if (verdict === 'replay') return { replay: unseal<T>(holder, repeatable) };
      if (verdict === 'outcome-unknown') throw new Problem(verdict, { advice: change.operation.inDoubt });
      if (verdict !== 'take-over') throw new Problem(verdict);
      const again = { ...begun, elapsedMs: this.clock.stopwatch() };
      if (await this.write(this.takeOvers, { holder, intent }, again)) return again;
    }
    // Somebody else is taking the key over.
    throw new Problem('request-in-progress');
  }

  private async write<T, R>(commit: GroupCommit<T, R>, item: T, begun: Begun): Promise<R> {
    try {
      return await this.timed(commit.add(item, STORE_PATIENCE_MS, () => this.withdraw(begun)));
    } catch (error) {
      this.complain(error);
      throw new Problem('journal-unavailable', { cause: failureCause(error) });
    }
  }

  private async timed<T>(write: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      const result = await write;
      this.watch.succeeded();
      return result;
    } finally {
      this.metrics.observe('journal_write_duration_seconds', {}, (performance.now() - startedAt) / 1000);
    }
  }

  /** What is on record, perhaps, of a request that was refused because of the store: nothing was sent, and nothing will be. */
  private withdraw(begun: Begun): void {
    if (this.backlog.size - this.backlog.owed >= MAX_WITHDRAWALS) return;
    const completion = this.completionOf(begun, NOT_SENT);
    this.backlog.add(() => this.store.withdraw(begun.intent, completion), false);
  }

  private intentOf(
    { operation: { name: operation }, request }: AskedChange,
    repeatable: RepeatableRequest | undefined,
  ): Intent {
    const { caller, custno } = request;
    const { issuer, clientId, subject, actor, groupno } = caller;
    return {
      id: changeIdAt(this.clock.now()),
      issuer,
      client: recordedName(clientId),
      subject: recordedName(subject),
      groupno,
      custno,
      operation,
      requestId: request.id,
      actor: actor === undefined ? null : recordedName(actor),
      unknownAfterMs: this.settings.octaneTimeoutMs + UNKNOWN_AFTER_BUDGET_MS,
      key: repeatable
        ? {
            hash: repeatable.hash([issuer, clientId, subject, groupno, operation, custno]),
            fingerprint: repeatable.fingerprint(),
            ttlMs: Math.ceil(this.settings.idempotencyTtlHours * HOUR_MS),
          }
        : null,
    };
  }

  private async finishFailed(begun: Begun, change: AskedChange, error: unknown): Promise<void> {
    if (error instanceof OctaneFailure) {
      const problem = problemBody(error, change.request.id, this.settings.publicUrl);
      const { outcome, octaneStatus = null, attempts, freesKey } = error;
      await this.finish(begun, { outcome, octaneStatus, attempts, keepsKey: !freesKey }, change, { problem });
    } else {
      // A refusal of the gateway itself happened before anything left; of a defect nobody knows how far it came.
      const outcome = error instanceof Problem ? 'not-sent' : 'unknown';
      await this.finish(begun, { ...NOT_SENT, outcome, keepsKey: outcome === 'unknown' }, change, null);
    }
  }

  private async finish<T>(
    begun: Begun,
    result: Result,
    { operation }: AskedChange,
    reply: StoredReply<T> | null,
  ): Promise<void> {
    const isFinal = result.outcome === 'applied' || result.outcome === 'rejected';
    const sealed =
      begun.repeatable && reply && isFinal
        ? begun.repeatable.seal(JSON.stringify(reply), begun.intent.id)
        : null;
    const completion = { ...this.completionOf(begun, result), reply: sealed };
    this.metrics.count('changes_total', { operation: operation.name, outcome: result.outcome });
    await this.tracing.step('journal.outcome', () => this.writeOutcome(completion, operation));
  }

  private async writeOutcome(completion: Completion, operation: Change): Promise<void> {
    try {
      await this.timed(this.completions.add(completion, STORE_PATIENCE_MS));
    } catch (error) {
      this.complain(error);
      const isNotSent = completion.outcome === 'not-sent';
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

  private completionOf({ intent, elapsedMs }: Begun, result: Result): Completion {
    return { ...result, id: intent.id, durationMs: Math.round(elapsedMs()), reply: null };
  }

  private async open(): Promise<void> {
    try {
      await this.store.open();
    } catch (error) {
      // Whoever starts it is there to read that now, and not later.
      if (isOutdatedSchema(error) && !this.reopening) {
        throw new ConfigurationError([
          'MIGRATE_ON_START: the schema of the store is older than this version needs: run `npm run migrate` first',
        ]);
      }
      this.complain(error);
      this.reopening = setTimeout(() => void this.open(), REOPEN_INTERVAL_MS).unref();
    }
  }

  private readonly complain = (error: unknown): void => {
    this.metrics.count('journal_failures_total', {});
    this.watch.failed(error);
    // An outage is one line, and not one for each change.
    if (!this.watch.isUsable && !isOfRow(error)) return;
    this.logger.error({ cause: failureCause(error) }, 'the journal cannot be written');
  };
}

function isOutdatedSchema(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'SCHEMA_OUTDATED';
}

/** What the holder of a key means for another request with that key: a refusal, a replay, or that the key may change hands. */
function judge(
  { kept, state }: KeyHolder,
  operation: Change,
  key: Intent['key'],
): 'take-over' | 'replay' | 'request-in-progress' | 'idempotency-key-reused' | 'outcome-unknown' {
  if (kept.fingerprint !== key?.fingerprint) return 'idempotency-key-reused';
  switch (state) {
    case 'running':
      return 'request-in-progress';
    case 'unknown':
      return isRepeatable(operation) ? 'take-over' : 'outcome-unknown';
    case 'finished':
      return 'replay';
  }
}

function unseal<T>({ kept: { id, reply } }: KeyHolder, repeatable: RepeatableRequest): StoredReply<T> {
  return JSON.parse(repeatable.unseal(reply ?? '', id)) as StoredReply<T>;
}
