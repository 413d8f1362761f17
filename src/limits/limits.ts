import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { Problem, PROBLEMS } from '../problems/problems.ts';
import { Counts } from './counts.ts';
import { enforce } from './policy.ts';
import type { LimitReport } from './policy.ts';
import { RateLimit } from './rate-limit.ts';

const MINUTE = 60;
const HOUR = 3600;

/** How much one may ask of the gateway, and the gateway of others. */
@Injectable()
export class Limits {
  private readonly requests: RateLimit;
  private readonly emails: RateLimit;
  private readonly calls: RateLimit | undefined;

  constructor(
    counts: Counts,
    @Inject(SETTINGS) { callerRateLimit, welcomeEmailRateLimit, octaneRateLimit }: Settings,
  ) {
    this.requests = new RateLimit(
      {
        name: 'caller',
        quota: callerRateLimit,
        windowSeconds: MINUTE,
        refusal: 'rate-limited',
        detail: 'This client has sent too many requests. Try again after the time in Retry-After.',
      },
      counts,
    );
    this.emails = new RateLimit(
      {
        name: 'welcome-email',
        quota: welcomeEmailRateLimit,
        windowSeconds: HOUR,
        refusal: 'rate-limited',
        detail:
          'This customer was sent as many welcome emails as an hour allows. Try again after the seconds in Retry-After.',
      },
      counts,
    );
    this.calls =
      octaneRateLimit === undefined
        ? undefined
        : new RateLimit(
            {
              name: 'octane',
              quota: octaneRateLimit,
              windowSeconds: MINUTE,
              refusal: 'overloaded',
              detail:
                'The billing system takes no more requests for now. Nothing was sent; try again after the time in Retry-After.',
            },
            counts,
          );
  }

  /**
   * Counts a request of a caller.
   *
   * @throws Problem `rate-limited`
   */
  async countRequest(caller: { issuer: string; clientId: string }, report: LimitReport): Promise<void> {
    enforce(await this.requests.use(keyOf(caller.issuer, caller.clientId)), report);
  }

  /**
   * Counts a welcome email and sends it. One that was certainly not sent does not count.
   *
   * @throws Problem `rate-limited`, or whatever `send` throws
   */
  async countEmail<T>(
    customer: { groupno: string; custno: string },
    report: LimitReport,
    send: () => Promise<T>,
  ): Promise<T> {
    const use = await this.emails.use(keyOf(customer.groupno, customer.custno));
    try {
      enforce(use, report);
      return await send();
    } catch (error) {
      if (isNotSent(error)) await use.giveBack();
      throw error;
    }
  }

  /**
   * Counts a call to Octane with the credentials of a group. However often the transport tries, it is one call.
   *
   * @throws Problem `overloaded`
   */
  async countCall(groupno: string, report: LimitReport): Promise<void> {
    if (this.calls) enforce(await this.calls.use(keyOf(groupno)), report);
  }
}

/** JSON keeps the parts apart, whatever characters they hold. */
function keyOf(...parts: string[]): string {
  return JSON.stringify(parts);
}

function isNotSent(error: unknown): boolean {
  return error instanceof Problem && (error.extras.outcome ?? PROBLEMS[error.code].outcome) === 'not-sent';
}
