import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { Problem, PROBLEMS } from '../problems/problems.ts';
import { Counts } from './counts.ts';
import { keyOf } from './limit-key.ts';
import { enforce } from './policy.ts';
import type { LimitReport, Policy } from './policy.ts';

const MINUTE = 60;
const HOUR = 3600;

/** Who sends a request, as far as limits need to know. */
export interface Sender {
  readonly issuer: string;
  readonly clientId: string;
  readonly subject: string;
  /** `own`: the subject is a user of an app; `any`: the client acts for itself. */
  readonly customers: 'own' | 'any';
  /** Requests a minute of the caller, where its entry says so. */
  readonly rateLimit: number | undefined;
}

/** How much one may ask of the gateway, and the gateway of others. */
@Injectable()
export class Limits {
  private readonly user: Policy;
  private readonly caller: Policy;
  private readonly change: Policy;
  private readonly email: Policy;
  private readonly call: Policy | undefined;

  constructor(
    private readonly counts: Counts,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.user = userPolicy(settings);
    this.caller = callerPolicy(settings);
    this.change = changePolicy(settings);
    this.email = emailPolicy(settings);
    this.call = settings.octaneRateLimit === undefined ? undefined : callPolicy(settings.octaneRateLimit);
  }

  /**
   * Counts a request of a user and of its caller. One that is over the limit of the user does not count for the caller: no
   * user uses up what others share.
   *
   * @throws Problem `rate-limited`
   */
  async countRequest(sender: Sender, report: LimitReport): Promise<void> {
    const { issuer, clientId, subject, customers, rateLimit } = sender;
    if (customers === 'own') await this.count(this.user, keyOf(issuer, clientId, subject), report);
    const caller = rateLimit === undefined ? this.caller : { ...this.caller, quota: rateLimit };
    await this.count(caller, keyOf(issuer, clientId), report);
  }

  /**
   * Counts a change of a customer and makes it. One that was certainly not sent does not count.
   *
   * @throws Problem `rate-limited`, or whatever `make` throws
   */
  async countChange<T>(
    { operation, groupno, custno }: { operation: string; groupno: string; custno: string },
    report: LimitReport,
    make: () => Promise<T>,
  ): Promise<T> {
    const isEmail = operation === 'welcome-email';
    const policy = isEmail ? this.email : this.change;
    const key = isEmail ? keyOf(groupno, custno) : keyOf(groupno, custno, operation);
    const { takeBack, ...count } = await this.counts.add(policy, key);
    try {
      enforce({ policy, ...count }, report);
      return await make();
    } catch (error) {
      if (isNotSent(error)) await takeBack();
      throw error;
    }
  }

  /**
   * Counts a call to Octane with the credentials of a group. However often the transport tries, it is one call.
   *
   * @throws Problem `overloaded`
   */
  async countCall(groupno: string, report: LimitReport): Promise<void> {
    if (this.call) await this.count(this.call, keyOf(groupno), report);
  }

  private async count(policy: Policy, key: string, report: LimitReport): Promise<void> {
    enforce({ policy, ...(await this.counts.add(policy, key)) }, report);
  }
}

function userPolicy({ userRateLimit }: Settings): Policy {
  return {
    name: 'user',
    quota: userRateLimit,
    windowSeconds: MINUTE,
    refusal: 'rate-limited',
    detail: 'This user has sent too many requests. Try again after the time in Retry-After.',
  };
}

function callerPolicy({ callerRateLimit }: Settings): Policy {
  return {
    name: 'caller',
    quota: callerRateLimit,
    windowSeconds: MINUTE,
    refusal: 'rate-limited',
    detail: 'This client has sent too many requests. Try again after the time in Retry-After.',
  };
}

function changePolicy({ customerChangeRateLimit }: Settings): Policy {
  return {
    name: 'customer-change',
    quota: customerChangeRateLimit,
    windowSeconds: HOUR,
    refusal: 'rate-limited',
    detail: 'This customer was changed as often as an hour allows. Try again after the time in Retry-After.',
  };
}

function emailPolicy({ welcomeEmailRateLimit }: Settings): Policy {
  return {
    name: 'welcome-email',
    quota: welcomeEmailRateLimit,
    windowSeconds: HOUR,
    refusal: 'rate-limited',
    detail:
      'This customer was sent as many welcome emails as an hour allows. Try again after the seconds in Retry-After.',
  };
}

function callPolicy(quota: number): Policy {
  return {
    name: 'octane',
    quota,
    windowSeconds: MINUTE,
    refusal: 'overloaded',
    detail:
      'The billing system takes no more requests for now. Nothing was sent; try again after the time in Retry-After.',
  };
}

function isNotSent(error: unknown): boolean {
  return error instanceof Problem && (error.extras.outcome ?? PROBLEMS[error.code].outcome) === 'not-sent';
}
