import { Injectable } from '@nestjs/common';
import { LiveGatewayConfig } from '../config/live-gateway-config.ts';
import { recordedCaller } from '../journal/asked-change.ts';
import { GroupCommit } from '../journal/store/group-commit.ts';
import { JournalStore } from '../journal/store/journal-store.ts';
import type { LinkChanger } from '../journal/store/link-changes.ts';
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
  // One at a time: each is a statement or two, and none waits for the store longer than requests do.
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
    return this.change(request, storedSubject(request.subject), (link, by) => this.store.link(link, by));
  }

  /** @throws Problem as for `link` */
  unlink(request: LinkedUserRequest): Promise<void> {
    return this.change(request, soughtSubject(request.subject), (link, by) => this.store.unlink(link, by));
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
    write: (link: CustomerLink, by: LinkChanger) => Promise<void>,
  ): Promise<void> {
    const { issuer, custno, caller } = request;
    const { groupno } = caller;
    if (!this.issuers.has(issuer)) {
      throw new Problem('invalid-request', {
        detail: 'Send one "issuer" in the query. It must be an issuer that this gateway knows.',
      });
    }
    await this.limits.countRequest(request);
    try {
      const by = { ...recordedCaller(caller), requestId: request.id };
      await this.ask(() => write({ issuer, subject, groupno, custno }, by));
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
