import { isIPv6 } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { MemoryCounts } from './memory-counts.ts';
import { enforce } from './policy.ts';
import type { LimitReport, Policy } from './policy.ts';

const WINDOW_SECONDS = 60;

/** Holds each peer to so many bad tokens a minute: this process's own count, in memory that does not grow. */
@Injectable()
export class AuthFailureLimit {
  private readonly policy: Policy;
  private readonly counts = new MemoryCounts();

  constructor(@Inject(SETTINGS) { authFailureRateLimit }: Pick<Settings, 'authFailureRateLimit'>) {
    this.policy = {
      name: 'auth-failure',
      quota: authFailureRateLimit,
      windowSeconds: WINDOW_SECONDS,
      refusal: 'rate-limited',
      detail:
        'Too many invalid access tokens came from this address. Send a valid one, or try again after the time in Retry-After.',
    };
  }

  /**
   * Counts a bad token.
   *
   * @param address of the peer, in its one spelling; undefined for those of which none is known, who are one peer
   * @throws Problem `rate-limited`
   */
  count(address = 'none', report: LimitReport): void {
    const count = this.counts.addNow(this.policy, networkOf(address));
    enforce({ policy: this.policy, ...count }, report);
  }
}

/** Whoever has one IPv6 address has the 2^64 of its network. An IPv4 address stands for itself. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length;
  return [...groups, ...Array<string>(zeros).fill('0'), ...rest].slice(0, 4).join(':');
}
