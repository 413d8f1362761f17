import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import type { ChangeLimit } from '../operations/operation.ts';
import { limitNameOf, Operations } from '../operations/operations.ts';
import { isNotSent } from '../problems/problem.ts';
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

/** Whose request is counted, and how the app is told what is left of a limit. */
export interface LimitedRequest {
  readonly caller: Sender & { readonly groupno: string };
  readonly custno: string;
  readonly tellLimit: LimitReport;
}

/** How much one may ask of the gateway, and the gateway of others. */
@Injectable()
export class Limits {
  private readonly user: Policy;
  private readonly caller: Policy;
  private readonly ofChange: Policy;
  /** Of the operations that have a limit of their own. */
  private readonly ofOperation: ReadonlyMap<string, Policy>;
  private readonly call: Policy | undefined;

  constructor(
    private readonly counts: Counts,
    // Whole, for what an operation says of its limit.
    @Inject(SETTINGS) settings: Settings,
    operations: Operations,
  ) {
    this.user = userPolicy(settings);
    this.caller = callerPolicy(settings);
    this.ofChange = changePolicy(settings);
    this.ofOperation = new Map(
      operations.all.flatMap((operation) =>
        operation.kind === 'change' && operation.limit
          ? [[operation.name, ownPolicy(operation.name, operation.limit(settings))]]
          : [],
      ),
    );
    this.call = settings.octaneRateLimit === undefined ? undefined : callPolicy(settings.octaneRateLimit);
  }

  /**
   * Counts a request of a user and of its caller. One that is over the limit of the user does not count for the caller: no
   * user uses up what others share.
   *
   * @throws Problem `rate-limited`
   */
  async countRequest({ caller: sender, tellLimit }: LimitedRequest): Promise<void> {
    const { issuer, clientId, subject, customers, rateLimit } = sender;
    if (customers === 'own') await this.count(this.user, keyOf(issuer, clientId, subject), tellLimit);
    const caller = rateLimit === undefined ? this.caller : { ...this.caller, quota: rateLimit };
    await this.count(caller, keyOf(issuer, clientId), tellLimit);
  }

  /**
   * Counts a change of a customer and makes it. One that was certainly not sent does not count.
   *
   * @throws Problem `rate-limited`, or whatever `make` throws
   */
  async countChange<T>(
    operation: string,
    { caller, custno, tellLimit }: LimitedRequest,
    make: () => Promise<T>,
  ): Promise<T> {
    const own = this.ofOperation.get(operation);
    const policy = own ?? this.ofChange;
    const key = own ? keyOf(caller.groupno, custno) : keyOf(caller.groupno, custno, operation);
    const { takeBack, ...count } = await this.counts.add(policy, key);
    try {
      enforce({ policy, ...count }, tellLimit);
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
  async countCall({ caller, tellLimit }: LimitedRequest): Promise<void> {
    if (this.call) await this.count(this.call, keyOf(caller.groupno), tellLimit);
  }

  private async count(policy: Policy, key: string, report: LimitReport): Promise<void> {
    enforce({ policy, ...(await this.counts.add(policy, key)) }, report);
  }
}

function userPolicy({ userRateLimit }: Pick<Settings, 'userRateLimit'>): Policy {
  return {
    name: 'user',
    quota: userRateLimit,
    windowSeconds: MINUTE,
    refusal: 'rate-limited',
    detail: 'This user has sent too many requests. Try again after the time in Retry-After.',
  };
}

function callerPolicy({ callerRateLimit }: Pick<Settings, 'callerRateLimit'>): Policy {
  return {
    name: 'caller',
    quota: callerRateLimit,
    windowSeconds: MINUTE,
    refusal: 'rate-limited',
    detail: 'This client has sent too many requests. Try again after the time in Retry-After.',
  };
}

function changePolicy({ customerChangeRateLimit }: Pick<Settings, 'customerChangeRateLimit'>): Policy {
  return {
    name: 'customer-change',
    quota: customerChangeRateLimit,
    windowSeconds: HOUR,
    refusal: 'rate-limited',
    detail:
      'This customer has reached the limit of changes for one hour. Try again after the time in Retry-After.',
  };
}

function ownPolicy(operation: string, limit: ChangeLimit): Policy {
  return { name: limitNameOf(operation), ...limit, refusal: 'rate-limited' };
}

function callPolicy(quota: number): Policy {
  return {
    name: 'octane',
    quota,
    windowSeconds: MINUTE,
    refusal: 'overloaded',
    detail:
      'The billing system takes no more requests at the moment. Nothing was sent. Try again after the time in Retry-After.',
  };
}
