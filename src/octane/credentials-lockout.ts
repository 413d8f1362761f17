import { Injectable, Logger } from '@nestjs/common';
import type { GroupConfig } from '../config/gateway-file.ts';
import { LiveGatewayConfig } from '../config/live-gateway-config.ts';
import type { Operation } from '../operations/operation.ts';
import { isSuccess } from './octane-axios.ts';
import { OctaneFailure } from './octane-failure.ts';

const FIRST_LOCKOUT_MS = 1000;
const LONGEST_LOCKOUT_MS = 60_000;
/** Between two looks at the files of a group that is locked out. */
const LOOK_INTERVAL_MS = 100;
/** What others wait while the trial is under way. */
const TRIAL_MS = 1000;

interface Lockout {
  readonly lengthMs: number;
  readonly until: number;
  hasTrial: boolean;
}

/**
 * Keeps calls from Octane whose credentials it has just refused, so that it does not lock the account. After the 401 nothing is sent for
 * the group for 1 s. Then one call tries; another 401 doubles the time, up to 60 s. New credentials end it at once.
 */
@Injectable()
export class CredentialsLockout {
  private readonly logger = new Logger(CredentialsLockout.name);
  /** A group that was removed stays: a request whose caller belonged to it may still be under way. */
  private readonly groups = new Map<string, GroupConfig>();
  private readonly lockouts = new Map<string, Lockout>();
  private lookedAt = -Infinity;

  constructor(private readonly config: LiveGatewayConfig) {
    config.follow(({ groups }) => {
      for (const group of groups) {
        const before = this.authorizationOf(group.groupno);
        this.groups.set(group.groupno, group);
        if (before !== this.authorizationOf(group.groupno)) this.end(group.groupno, 'new credentials');
      }
    });
  }

  /** @throws OctaneFailure where a call of the group would be refused at the moment */
  check(operation: Operation, groupno: string): void {
    if (!this.lockouts.has(groupno)) return;
    this.lookAtFiles();
    const lockout = this.lockouts.get(groupno);
    if (!lockout) return;
    const retryAfterMs = lockout.hasTrial ? TRIAL_MS : lockout.until - performance.now();
    if (retryAfterMs <= 0) return;
    throw new OctaneFailure(operation, {
      code: 'octane-credentials-rejected',
      outcome: 'not-sent',
      fault: 'locked-out',
      retryAfterMs,
    });
  }

  /**
   * Runs a call of a group. The first one after the time is the trial, and the only one until it is over.
   *
   * @throws OctaneFailure, and whatever `call` throws
   */
  async run<T>(operation: Operation, groupno: string, call: () => Promise<T>): Promise<T> {
    this.check(operation, groupno);
    const lockout = this.lockouts.get(groupno);
    if (!lockout) return call();
    lockout.hasTrial = true;
    try {
      return await call();
    } finally {
      lockout.hasTrial = false;
    }
  }

  /** Learns from one attempt whether Octane takes the credentials of the group. */
  async watch<T>(groupno: string, attempt: () => Promise<T>): Promise<T> {
    const used = this.authorizationOf(groupno);
    try {
      const answer = await attempt();
      this.accepted(groupno, used);
      return answer;
    } catch (error) {
      if (error instanceof OctaneFailure) {
        if (error.octaneStatus === 401) this.rejected(groupno, used);
        else if (isAfterAuthentication(error.octaneStatus)) this.accepted(groupno, used);
      }
      throw error;
    }
  }

  private accepted(groupno: string, used: string | undefined): void {
    if (used === this.authorizationOf(groupno)) this.end(groupno, 'accepted');
  }

  private rejected(groupno: string, used: string | undefined): void {
    // The password may have been changed a moment ago: the next call uses what its file says now.
    this.config.lookAtOnce();
    if (used !== this.authorizationOf(groupno)) return;
    const before = this.lockouts.get(groupno);
    const now = performance.now();
    // Of a call that was sent before the lockout began.
    if (before && now < before.until) return;
    const lengthMs = before ? Math.min(before.lengthMs * 2, LONGEST_LOCKOUT_MS) : FIRST_LOCKOUT_MS;
    this.lockouts.set(groupno, { lengthMs, until: now + lengthMs, hasTrial: false });
    this.lookedAt = -Infinity;
    if (!before)
      this.logger.warn(
        { group: groupno },
        'Octane rejects the credentials of a group: its calls are not sent',
      );
  }

  private end(groupno: string, reason: 'accepted' | 'new credentials'): void {
    if (this.lockouts.delete(groupno))
      this.logger.warn({ group: groupno, reason }, 'the calls of a group are sent again');
  }

  private lookAtFiles(): void {
    const now = performance.now();
    if (now - this.lookedAt < LOOK_INTERVAL_MS) return;
    this.lookedAt = now;
    this.config.lookAtOnce();
  }

  /** The header `Authorization` of a group, as its files say now; undefined for a group that was never configured. */
  authorizationOf(groupno: string): string | undefined {
    return this.groups.get(groupno)?.basicAuthorization();
  }
}

/** A redirect to a login page, a 429 and a 5xx may come from before Octane looks at the credentials. */
function isAfterAuthentication(status: number | undefined): boolean {
  if (status === undefined) return false;
  return isSuccess(status) || (status >= 400 && status < 500 && status !== 429);
}
