import type { Counts } from './counts.ts';
import type { Policy, Standing } from './policy.ts';

/** So much before the end of a window nothing is given back: it might arrive in the next one. */
const GIVING_BACK_MS = 3000;

/** A use that was counted. */
interface Use extends Standing {
  /** For a use that came to nothing. */
  readonly giveBack: () => Promise<void>;
}

/** Holds many keys to one policy, exactly, however many ask at once. */
export class RateLimit {
  constructor(
    private readonly policy: Policy,
    private readonly counts: Counts,
  ) {}

  /** Counts one more use, also one over the quota. */
  async use(key: string): Promise<Use> {
    const { uses, resetMs, takeBack } = await this.counts.add(this.policy, key);
    const endsAt = Date.now() + resetMs;
    return {
      policy: this.policy,
      uses,
      resetMs,
      giveBack: async () => {
        if (Date.now() < endsAt - GIVING_BACK_MS) await takeBack();
      },
    };
  }
}
