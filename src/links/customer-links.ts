import { Injectable } from '@nestjs/common';
import { LiveGatewayConfig } from '../config/live-gateway-config.ts';
import { GroupCommit } from '../journal/store/group-commit.ts';
import { JournalStore } from '../journal/store/journal-store.ts';
import type { CustomerLink } from '../journal/store/schema.ts';
import { STORE_PATIENCE_MS } from '../journal/store/store-watch.ts';
import { Limits } from '../limits/limits.ts';
import { Problem } from '../problems/problem.ts';
import { failureCause } from '../telemetry/failure-cause.ts';
import type { LinkedUserRequest, LinkRequest } from './link-request.ts';
import { RememberedLinks } from './remembered-links.ts';
import { soughtSubject, storedSubject } from './stored-subject.ts';

export interface LinkedUsers {
  readonly users: readonly Pick<CustomerLink, 'issuer' | 'subject'>[];
}

/** What a sign-up service does with the links of a customer of its group. */
@Injectable()
export class CustomerLinks {
  private issuers: ReadonlySet<string> = new Set();
  // One at a time: each is one statement, and none waits for the store longer than requests do.
  private readonly asks = new GroupCommit<() => Promise<unknown>, unknown>(
    async ([ask]) => [await ask!()],
    () => false,
    1,
  );

  constructor(
    private readonly store: JournalStore,
    private readonly limits: Limits,
    private readonly remembered: RememberedLinks,
    gateway: LiveGatewayConfig,
  ) {
    gateway.follow(({ issuers }) => {
      this.issuers = new Set(issuers.map(({ issuer }) => issuer));
    });
  }

  /** @throws Problem `invalid-request`, `rate-limited` or `directory-unavailable` */
  link(request: LinkedUserRequest): Promise<void> {
    return this.change(request, storedSubject(request.subject), (link) => this.store.link(link));
  }

  /** @throws Problem as for `link` */
  unlink(request: LinkedUserRequest): Promise<void> {
    return this.change(request, soughtSubject(request.subject), (link) => this.store.unlink(link));
  }

  /** @throws Problem `rate-limited` or `directory-unavailable` */
  async usersOf(request: LinkRequest): Promise<LinkedUsers> {
    await this.limits.countRequest(request);
    const { caller, custno } = request;
    return { users: await this.ask(() => this.store.usersOf(caller.groupno, custno)) };
  }

  private async change(
    request: LinkedUserRequest,
    subject: string,
    write: (link: CustomerLink) => Promise<void>,
  ): Promise<void> {
    const { issuer, custno } = request;
    const { groupno } = request.caller;
    if (!this.issuers.has(issuer)) {
      throw new Problem('invalid-request', {
        detail: 'The query must have one "issuer", and it must be one that this gateway knows.',
      });
    }
    await this.limits.countRequest(request);
    try {
      await this.ask(() => write({ issuer, subject, groupno, custno }));
    } finally {
      this.remembered.forget({ issuer, subject, groupno });
    }
  }

  private async ask<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return (await this.asks.add(ask, STORE_PATIENCE_MS)) as T;
    } catch (error) {
      throw new Problem('directory-unavailable', { cause: failureCause(error) });
    }
  }
}
