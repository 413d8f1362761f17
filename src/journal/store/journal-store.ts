import type { Outcome } from '../../problems/catalogue.ts';
import type { KeyState } from './key-state.ts';
import type { LinkChanger } from './link-changes.ts';
import type { CustomerLink } from './schema.ts';

/** Who asked for which change. */
interface Asked {
  /** UUID version 7, so that ids are in the order of time. */
  readonly id: string;
  readonly issuer: string;
  readonly client: string;
  readonly subject: string;
  /** Who acted for the subject (RFC 8693), where the token said so. */
  readonly actor: string | null;
  readonly groupno: string;
  readonly custno: string;
  readonly operation: string;
  readonly requestId: string;
}

/** A change that is about to be attempted: what is on record before anything leaves for Octane. The store adds the time. */
export interface Intent extends Asked {
  /** So long after it is on record, a change without an outcome is one that a crash left behind: unknown. */
  readonly unknownAfterMs: number;
  /** What its Idempotency-Key holds on to. */
  readonly key: {
    /** Hash of the key with its whole scope. */
    readonly hash: string;
    /** Tells one body from another; says nothing about either to who does not know the key. */
    readonly fingerprint: string;
    /** How long the key is remembered from when the change is on record, in whole milliseconds. */
    readonly ttlMs: number;
  } | null;
}

/** Why a change does not get its key: somebody else's change keeps it. */
export interface KeyHolder {
  /** The change that has the key. */
  readonly id: string;
  readonly hash: string;
  readonly outcome: Outcome | null;
  /** The change whose outcome counts for the key: the holder, or one that it took the key over from and could not repeat. */
  readonly kept: { readonly id: string; readonly fingerprint: string; readonly reply: string | null };
  /** A free key is no obstacle. */
  readonly state: Exclude<KeyState, 'free'>;
}

export interface Completion {
  readonly id: string;
  readonly outcome: Outcome;
  readonly octaneStatus: number | null;
  readonly attempts: number;
  /** From when the change was on record until its outcome was known. */
  readonly durationMs: number;
  /** The sealed reply to give again; null where there is none to give. */
  readonly reply: string | null;
  /** Whether the change keeps its key. Otherwise the key is where it was before this change: free, or with the one it was taken over from. */
  readonly keepsKey: boolean;
}

/** One line of the record. */
export interface JournalRecord extends Asked {
  /** Milliseconds since the epoch, like every time here. */
  readonly at: number;
  /** `in-progress` until it is known, or until it is known that nobody will ever know. */
  readonly outcome: Outcome | 'in-progress';
  readonly octaneStatus: number | null;
  readonly attempts: number;
  readonly completedAt: number | null;
  /** Who found out what became of it, and how, where the gateway did not know. */
  readonly settled: { readonly at: number; readonly by: string; readonly why: string } | null;
}

export interface JournalFilter {
  readonly custno?: string | undefined;
  readonly client?: string | undefined;
  readonly issuer?: string | undefined;
  readonly requestId?: string | undefined;
  readonly outcome?: JournalRecord['outcome'] | undefined;
  /** Inclusive. */
  readonly since?: number | undefined;
  /** Exclusive. */
  readonly until?: number | undefined;
}

/**
 * Where the journal is kept. A promise that is fulfilled means that what it wrote survives a power failure. Any rejection
 * means that the store cannot be relied on at the moment. One clock decides what is expired, unknown and old, for all
 * replicas: the store's own.
 */
export abstract class JournalStore {
  /** Makes the store usable: connects, and brings its schema up to date. May be called again after it failed. */
  abstract open(): Promise<void>;

  /**
   * Records intents. One whose key is kept by another change is not recorded.
   *
   * @returns for each intent, in order, the holder of its key, or null where it is recorded
   */
  abstract begin(intents: readonly Intent[]): Promise<(KeyHolder | null)[]>;

  /**
   * Records an intent with the key of `holder`, which loses it, unless somebody else was faster or is at it just now.
   *
   * @returns whether it is recorded
   */
  abstract takeOver(holder: KeyHolder, intent: Intent): Promise<boolean>;

  abstract complete(completions: readonly Completion[]): Promise<void>;

  /** Completes an intent of which nobody knows whether it is recorded. If it is still on its way here, it comes too late. */
  abstract withdraw(intent: Intent, completion: Completion): Promise<void>;

  /**
   * Counts the records, those of links too, and those of them that are older than `retentionMs`.
   *
   * @returns undefined where at most `few` are older, which is known without counting the rest
   */
  abstract countOld(retentionMs: number, few: number): Promise<OldRecords | undefined>;

  /** Forgets keys and replies that are expired, and deletes records, those of links too, that are older than `retentionMs`: at most `limit` of each. */
  abstract prune(retentionMs: number, limit: number): Promise<Pruned>;

  /**
   * Writes, changes and deletes a record, as the changes of apps do, and leaves none behind.
   *
   * @throws where the store cannot be written
   */
  abstract check(): Promise<void>;

  /** @returns for each user, in order, the numbers of the customers that are linked to it in the group */
  abstract customersOf(users: readonly LinkedUser[]): Promise<(readonly string[])[]>;

  /** @returns the users that are linked to a customer, in order */
  abstract usersOf(groupno: string, custno: string): Promise<Pick<CustomerLink, 'issuer' | 'subject'>[]>;

  /** Makes a link, on record, unless it is there. */
  abstract link(link: CustomerLink, by: LinkChanger): Promise<void>;

  /** Takes a link away, on record, where it is there. */
  abstract unlink(link: CustomerLink, by: LinkChanger): Promise<void>;

  abstract close(): Promise<void>;
}

/** Whose customers are asked for. */
export type LinkedUser = Omit<CustomerLink, 'custno'>;

export interface OldRecords {
  readonly old: number;
  readonly all: number;
}

/** How much was pruned. */
export interface Pruned {
  readonly forgotten: number;
  readonly deleted: number;
}
