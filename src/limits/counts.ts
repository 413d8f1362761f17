import type { Policy } from './policy.ts';

/** What was counted for a key in its window. */
export interface Count {
  readonly uses: number;
  /** Until the window ends, in milliseconds; never more than the whole window. */
  readonly resetMs: number;
  /** Takes one use out of this window again, as far as that works, and out of no later one. */
  readonly takeBack: () => Promise<void>;
}

/** Where uses are counted. Additions to one key are atomic, whoever makes them. */
export abstract class Counts {
  /**
   * Adds a use to the key's window, or begins a window with it. Rejects only for a defect.
   *
   * @param key of `keyOf`
   */
  abstract add(policy: Policy, key: string): Promise<Count>;
}

/** Several uses of one key. */
export interface Addition {
  readonly policy: Policy;
  readonly key: string;
  readonly uses: number;
}

interface Asking {
  readonly policy: Policy;
  readonly key: string;
  readonly resolve: (count: Count) => void;
  readonly reject: (error: unknown) => void;
}

/** Counts that are far away: whoever asks while an addition is under way shares the next one, whatever the key. */
export abstract class GatheredCounts extends Counts {
  private waiting: Asking[] = [];
  private isAdding = false;

  /**
   * As `add`, for several uses at once.
   *
   * @param additions one for each key
   * @returns the counts after them, in their order
   */
  protected abstract addAll(additions: readonly Addition[]): Promise<readonly Count[]>;

  add(policy: Policy, key: string): Promise<Count> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ policy, key, resolve, reject });
      if (!this.isAdding) void this.answerAll();
    });
  }

  private async answerAll(): Promise<void> {
    this.isAdding = true;
    while (this.waiting.length > 0) {
      const asking = this.waiting;
      this.waiting = [];
      await this.answer(asking);
    }
    this.isAdding = false;
  }

  private async answer(asking: readonly Asking[]): Promise<void> {
    try {
      const ofOneKey = [...Map.groupBy(asking, ({ policy, key }) => `${policy.name}:${key}`).values()];
      const counts = await this.addAll(
        ofOneKey.map((group) => ({ policy: group[0]!.policy, key: group[0]!.key, uses: group.length })),
      );
      ofOneKey.forEach((group, index) => share(counts[index]!, group));
    } catch (error) {
      for (const { reject } of asking) reject(error);
    }
  }
}

/** Gives each its own use of those that were counted together. */
function share(count: Count, group: readonly Asking[]): void {
  const before = count.uses - group.length;
  group.forEach(({ resolve }, index) => resolve({ ...count, uses: before + index + 1 }));
}
