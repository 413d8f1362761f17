import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Counts } from './counts.ts';
import type { Count } from './counts.ts';
import type { Policy } from './policy.ts';

/** This process's own counts, which it forgets when their windows end. */
export class MemoryCounts extends Counts {
  /** The quota is compared elsewhere, and the window comes with each addition. */
  private readonly limiter = new RateLimiterMemory({ points: 0, duration: 0, keyPrefix: '' });

  async add({ name, windowSeconds }: Policy, key: string, uses = 1): Promise<Count> {
    const window = { customDuration: windowSeconds };
    // The library's plain addition: `consume` would reject where the quota is used up.
    const { consumedPoints, msBeforeNext } = await this.limiter.penalty(`${name}:${key}`, uses, window);
    return {
      uses: consumedPoints,
      resetMs: msBeforeNext,
      takeBack: async () => void (await this.limiter.reward(`${name}:${key}`, 1, window)),
    };
  }
}
