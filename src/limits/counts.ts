import type { Policy } from './policy.ts';

/** What was counted for a key in its window. */
export interface Count {
  readonly uses: number;
  /** Until the window ends, in milliseconds. */
  readonly resetMs: number;
  /** Takes one use out of this count again, as far as that works. */
  readonly takeBack: () => Promise<void>;
}

/** Where uses are counted. Additions to one key are atomic, whoever makes them. */
export abstract class Counts {
  /** Adds a use to the key's window, or begins a window with it. Rejects only for a defect. */
  abstract add(policy: Policy, key: string): Promise<Count>;
}

interface Asking {
  readonly resolve: (count: Count) => void;
  readonly reject: (error: unknown) => void;
}

/** Counts that are far away: whoever asks while an addition to a key is under way shares the next one. */
export abstract class GatheredCounts extends Counts {
  private readonly asking = new Map<string, Asking[]>();

  /** As `add`, for several uses at once. */
  protected abstract addAll(policy: Policy, key: string, uses: number): Promise<Count>;

  add(policy: Policy, key: string): Promise<Count> {
    const name = `${policy.name}:${key}`;
    return new Promise((resolve, reject) => {
      const asking = this.asking.get(name);
      if (asking) {
        asking.push({ resolve, reject });
      } else {
        this.asking.set(name, [{ resolve, reject }]);
        void this.answer(name, (uses) => this.addAll(policy, key, uses));
      }
    });
  }

  private async answer(name: string, addAll: (uses: number) => Promise<Count>): Promise<void> {
    for (let asking = this.take(name); asking.length > 0; asking = this.take(name)) {
      try {
        const count = await addAll(asking.length);
        const before = count.uses - asking.length;
        asking.forEach(({ resolve }, index) => resolve({ ...count, uses: before + index + 1 }));
      } catch (error) {
        for (const { reject } of asking) reject(error);
      }
    }
    this.asking.delete(name);
  }

  private take(name: string): Asking[] {
    const asking = this.asking.get(name) ?? [];
    this.asking.set(name, []);
    return asking;
  }
}
