import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { keyOf } from './limit-key.ts';
import type { Sender } from './limits.ts';
import { MemoryCounts } from './memory-counts.ts';
import { enforce } from './policy.ts';
import type { LimitReport } from './policy.ts';

/** How often its limit somebody may send in all before nobody looks at a request any more. */
const FLOOD_FACTOR = 5;
const FLOOD = { name: 'flood', windowSeconds: 60 } as const;

/**
 * Counts everything that a user sends, or a caller that acts for itself, refused or not. Who goes on sending far past its limit is
 * refused before anything else is looked at: this process's own count, without a store.
 */
@Injectable()
export class FloodLimit {
  private readonly counts = new MemoryCounts();

  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'userRateLimit' | 'callerRateLimit'>,
  ) {}

  /** @throws Problem `rate-limited`; only then is the app told where it stands */
  count({ issuer, clientId, subject, customers, rateLimit }: Sender, report: LimitReport): void {
    const { userRateLimit, callerRateLimit } = this.settings;
    const isUser = customers === 'own';
    const key = isUser ? keyOf(issuer, clientId, subject) : keyOf(issuer, clientId);
    const count = this.counts.addNow(FLOOD, key);
    const quota = FLOOD_FACTOR * (isUser ? userRateLimit : (rateLimit ?? callerRateLimit));
    if (count.uses <= quota) return;
    const detail = `${isUser ? 'This user' : 'This client'} goes on sending far past its limit. Send nothing until the time in Retry-After is over.`;
    enforce({ policy: { ...FLOOD, quota, refusal: 'rate-limited', detail }, ...count }, report);
  }
}
