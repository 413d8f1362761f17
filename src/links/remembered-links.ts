import { Injectable } from '@nestjs/common';
import type { Caller } from '../callers/caller.ts';
import { LinkedCustomers } from '../callers/linked-customers.ts';
import { GroupCommit } from '../journal/store/group-commit.ts';
import { JournalStore } from '../journal/store/journal-store.ts';
import type { LinkedUser } from '../journal/store/journal-store.ts';
import { STORE_PATIENCE_MS } from '../journal/store/store-watch.ts';
import { keyOf } from '../limits/limit-key.ts';
import { Problem } from '../problems/problem.ts';
import { failureCause } from '../telemetry/failure-cause.ts';
import { storedSubject } from './stored-subject.ts';

/** A link counts for less than the 5 s that are promised: the rest is for a request that is on its way. */
const MAX_AGE_MS = 4000;
/** Users and customer numbers of one generation; two are kept. Together some 30 MB. */
const MAX_REMEMBERED = 50_000;

interface Remembered {
  /** When the store was asked. */
  readonly askedAt: number;
  /** A promise until it has answered. */
  custnos: readonly string[] | Promise<readonly string[]>;
}

/** The links of the store. Those of a user are looked up once in some seconds, and those of many users together. */
@Injectable()
export class RememberedLinks extends LinkedCustomers {
  private readonly lookUps = new GroupCommit<LinkedUser, readonly string[]>(
    (users) => this.store.customersOf(users),
    () => false,
  );
  /** Two generations, as of verified tokens. */
  private recent = new Map<string, Remembered>();
  private older = new Map<string, Remembered>();
  private remembered = 0;

  constructor(private readonly store: JournalStore) {
    super();
  }

  customersOf(user: Pick<Caller, keyof LinkedUser>): readonly string[] | Promise<readonly string[]> {
    // Half a character pair: nobody can be linked under such a name, but its digest is that of others.
    if (!user.subject.isWellFormed()) return [];
    const stored = { ...user, subject: storedSubject(user.subject) };
    const key = keyOfUser(stored);
    const known = this.recent.get(key) ?? this.older.get(key);
    return known && isFresh(known) ? known.custnos : this.lookUp(key, stored);
  }

  /** For who has just changed a link of the user, whose subject is as it is stored. */
  forget(user: LinkedUser): void {
    const key = keyOfUser(user);
    this.recent.delete(key);
    this.older.delete(key);
  }

  private lookUp(key: string, { issuer, subject, groupno }: LinkedUser): Promise<readonly string[]> {
    const user = { issuer, subject, groupno };
    const entry: Remembered = { askedAt: performance.now(), custnos: [] };
    const isRemembered = (): boolean => this.recent.get(key) === entry || this.older.get(key) === entry;
    const answer = this.lookUps.add(user, STORE_PATIENCE_MS).then(
      (custnos) => {
        // A process that stood still has an answer of long ago.
        if (!isFresh(entry)) throw new Problem('directory-unavailable');
        entry.custnos = custnos;
        this.remembered += isRemembered() ? custnos.length : 0;
        return custnos;
      },
      (error: unknown) => {
        if (isRemembered()) this.forget(user);
        throw new Problem('directory-unavailable', { cause: failureCause(error) });
      },
    );
    entry.custnos = answer;
    this.remember(key, entry);
    return answer;
  }

  private remember(key: string, entry: Remembered): void {
    if (this.remembered >= MAX_REMEMBERED) {
      this.older = this.recent;
      this.recent = new Map();
      this.remembered = 0;
    }
    this.recent.set(key, entry);
    this.remembered += 1;
  }
}

function isFresh({ askedAt }: Remembered): boolean {
  return performance.now() - askedAt < MAX_AGE_MS;
}

/** Of one length, whatever a token holds. */
function keyOfUser({ issuer, subject, groupno }: LinkedUser): string {
  return keyOf(issuer, groupno, subject);
}
