import { Counts } from './counts.ts';
import type { Count } from './counts.ts';
import { hashOf } from './limit-key.ts';
import type { Policy, Windows } from './policy.ts';

/** A longer key is remembered by its hash, so that nobody takes more memory by a long name. */
const MAX_KEY_CHARACTERS = 128;

interface Window {
  uses: number;
  /** By the monotonic clock: a step of the time of day moves no window. */
  readonly endsAt: number;
}

/** This process's own counts, in memory that does not grow. */
export class MemoryCounts extends Counts {
  /** By policy, then by key. All windows of a policy are equally long, so a map holds them in the order in which they end. */
  private readonly windows = new Map<Policy['name'], Map<string, Window>>();

  /** @param maxWindows of one policy that are remembered, 250 bytes each: then the one that ends first is forgotten */
  constructor(private readonly maxWindows = 50_000) {
    super();
  }

  add(policy: Policy, key: string): Promise<Count> {
    return Promise.resolve(this.addNow(policy, key));
  }

  /** As `add`, for who must not wait. */
  addNow(policy: Windows, key: string): Count {
    const now = performance.now();
    const window = this.windowOf(policy, key.length > MAX_KEY_CHARACTERS ? hashOf(key) : key, now);
    window.uses += 1;
    return {
      uses: window.uses,
      // Fractions add up to a little more than the window.
      resetMs: Math.min(window.endsAt - now, policy.windowSeconds * 1000),
      takeBack: async () => {
        window.uses -= 1;
      },
    };
  }

  private windowOf({ name, windowSeconds }: Windows, key: string, now: number): Window {
    let windows = this.windows.get(name);
    if (!windows) this.windows.set(name, (windows = new Map<string, Window>()));
    const known = windows.get(key);
    if (known && now < known.endsAt) return known;
    windows.delete(key);
    for (const [oldest, { endsAt }] of windows) {
      if (now < endsAt && windows.size < this.maxWindows) break;
      windows.delete(oldest);
    }
    const window = { uses: 0, endsAt: now + windowSeconds * 1000 };
    windows.set(key, window);
    return window;
  }
}
