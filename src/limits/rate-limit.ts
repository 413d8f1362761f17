import type { Counts } from './counts.ts';
import type { Policy, Standing } from './policy.ts';

/** So much before the end of a window nothing is given back: it might arrive in the next one. */
const GIVING_BACK_MS = 3000;

/** A use that was counted. */
interface Use extends Standing {
  /** For a use that came to nothing. */
  readonly giveBack: () => Promise<void>;
}

interface Asking {
  readonly resolve: (use: Use) => void;
  readonly reject: (error: unknown) => void;
}

/** Holds many keys to one policy, exactly, however many ask at once. */
export class RateLimit {
  private readonly asking = new Map<string, Asking[]>();

  constructor(
    private readonly policy: Policy,
    private readonly counts: Counts,
  ) {}

  /** Counts one more use, also one over the quota. */
  use(key: string): Promise<Use> {
    return new Promise((resolve, reject) => {
      const asking = this.asking.get(key);
      if (asking) {
        asking.push({ resolve, reject });
      } else {
        this.asking.set(key, [{ resolve, reject }]);
        void this.answer(key);
      }
    });
  }

  /** One addition at a time for a key: whoever asks while one is under way shares the next. */
  private async answer(key: string): Promise<void> {
    for (let asking = this.take(key); asking.length > 0; asking = this.take(key)) {
      try {
        const { uses, resetMs, takeBack } = await this.counts.add(this.policy, key, asking.length);
        const endsAt = Date.now() + resetMs;
        const giveBack = async (): Promise<void> => {
          if (Date.now() < endsAt - GIVING_BACK_MS) await takeBack();
        };
        const before = uses - asking.length;
        asking.forEach(({ resolve }, index) =>
          resolve({ policy: this.policy, uses: before + index + 1, resetMs, giveBack }),
        );
      } catch (error) {
        for (const { reject } of asking) reject(error);
      }
    }
    this.asking.delete(key);
  }

  private take(key: string): Asking[] {
    const asking = this.asking.get(key) ?? [];
    this.asking.set(key, []);
    return asking;
  }
}
