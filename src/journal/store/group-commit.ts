import { setImmediate as endOfTurn } from 'node:timers/promises';
import { whenRunningTimeIsOver } from '../../outbound/running-time.ts';

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
  abandoned: boolean;
}

/** The items of one batch at the most: the databases bound how many parameters a statement may have. */
const MAX_BATCH = 500;

/**
 * Gathers the writes that come while one is under way into the next one, so that many requests share one commit. A single
 * write waits for nothing but the one before it.
 */
export class GroupCommit<T, R> {
  private waiting: Waiting<T, R>[] = [];
  private writing = false;

  /**
   * @param write gives one result for each item, in order, or none at all
   * @param isOfSomeItems whether an error says that nothing was written because of some of the items: then each is written alone
   */
  constructor(
    private readonly write: (items: readonly T[]) => Promise<readonly R[] | void>,
    private readonly isOfSomeItems: (error: unknown) => boolean,
    private readonly maxBatch = MAX_BATCH,
  ) {}

  /**
   * @param patienceMs after that long the promise is rejected; an item that has not been handed to `write` by then never will be
   * @param onForsaken told of an item whose promise was rejected although it is written, or may be: an error does not say that
   *   nothing was
   */
  add(item: T, patienceMs: number, onForsaken?: (item: T) => unknown): Promise<R> {
    return new Promise((resolve, reject) => {
      const cancel = whenRunningTimeIsOver(patienceMs, () => {
        waiting.abandoned = true;
        reject(new Error('the store is too slow'));
      });
      const waiting: Waiting<T, R> = {
        item,
        abandoned: false,
        resolve: (result) => {
          cancel();
          if (waiting.abandoned) onForsaken?.(item);
          else resolve(result);
        },
        reject: (error) => {
          cancel();
          reject(error);
          onForsaken?.(item);
        },
      };
      this.waiting.push(waiting);
      if (!this.writing) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.writing = true;
    // To the end of this turn of the event loop: what came in together is written together.
    await endOfTurn();
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.maxBatch).filter(({ abandoned }) => !abandoned);
      if (batch.length > 0) await this.writeBatch(batch);
    }
    this.writing = false;
  }

  private async writeBatch(batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.write(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, index) => resolve(results?.[index] as R));
    } catch (error) {
      if (batch.length > 1 && this.isOfSomeItems(error)) this.writeSingly(batch);
      else for (const { reject } of batch) reject(error);
    }
  }

  /** The next batch does not wait for it: one of these items may be stuck. */
  private writeSingly(batch: readonly Waiting<T, R>[]): void {
    for (const waiting of batch) {
      if (!waiting.abandoned) void this.writeBatch([waiting]);
    }
  }
}
