import type { Operation } from '../octane/octane-failure.ts';
import type { Outcome } from '../problems/problems.ts';

/** A change that is about to be attempted: what is on record before anything leaves for Octane. */
export interface Intent {
  /** UUID version 7, so that ids are in the order of time. */
  readonly id: string;
  /** Milliseconds since the epoch, like every time here. */
  readonly at: number;
  readonly issuer: string;
  readonly client: string;
  readonly subject: string;
  readonly groupno: string;
  readonly custno: string;
  readonly operation: Operation;
  readonly requestId: string;
  /** From then on a change without an outcome is one that a crash left behind: unknown. */
  readonly unknownAt: number;
  readonly key: KeyClaim | null;
}

/** What an Idempotency-Key holds on to. */
export interface KeyClaim {
  /** Hash of the key with its whole scope. */
  readonly hash: string;
  /** Tells one body from another; says nothing about either to who does not know the key. */
  readonly fingerprint: string;
  readonly expiresAt: number;
}

/** The change that holds a key already. */
export interface KeyHolder extends KeyClaim {
  readonly id: string;
  readonly outcome: Outcome | null;
  readonly unknownAt: number;
  readonly reply: string | null;
}

export interface Completion {
  readonly id: string;
  readonly outcome: Outcome;
  readonly octaneStatus: number | null;
  readonly attempts: number;
  readonly completedAt: number;
  /** The sealed reply to give again; null where there is none to give. */
  readonly reply: string | null;
  /** Whether the change holds on to its key. */
  readonly keepsKey: boolean;
  /** Where the key goes when it is not kept: back to the change that it was taken over from, or to nobody. */
  readonly keyGoesBackTo: string | null;
}

/** One line of the record. */
export interface JournalRecord {
  readonly id: string;
  readonly at: number;
  readonly issuer: string;
  readonly client: string;
  readonly subject: string;
  readonly groupno: string;
  readonly custno: string;
  readonly operation: Operation;
  /** `in-progress` until it is known, or until it is known that nobody will ever know. */
  readonly outcome: Outcome | 'in-progress';
  readonly octaneStatus: number | null;
  readonly attempts: number;
  readonly requestId: string;
  readonly completedAt: number | null;
}

export interface JournalFilter {
  readonly custno?: string;
  readonly client?: string;
  readonly issuer?: string;
  readonly outcome?: JournalRecord['outcome'];
  /** Inclusive. */
  readonly since?: number;
  /** Exclusive. */
  readonly until?: number;
}

/**
 * Where the journal is kept. A promise that is fulfilled means that what it wrote survives a power failure. Any rejection
 * means that the store cannot be relied on at the moment.
 */
export abstract class JournalStore {
  /** Makes the store usable: connects, and brings its schema up to date. May be called again after it failed. */
  abstract open(): Promise<void>;

  /**
   * Records intents. One whose key is held by another change is not recorded.
   *
   * @returns for each intent, in order, the holder of its key, or null where it is recorded
   */
  abstract begin(intents: readonly Intent[]): Promise<(KeyHolder | null)[]>;

  /**
   * Records an intent with the key of `holder`, which loses it, unless somebody else was faster.
   *
   * @returns whether it is recorded
   */
  abstract takeOver(holder: KeyHolder, intent: Intent): Promise<boolean>;

  abstract complete(completions: readonly Completion[]): Promise<void>;

  /** Completes an intent of which nobody knows whether it is recorded. If it is still on its way here, it comes too late. */
  abstract withdraw(intent: Intent, completion: Completion): Promise<void>;

  /** Forgets keys and replies that expired before `now`, and records older than `oldest`: at most `limit` of each. */
  abstract prune(now: number, oldest: number, limit: number): Promise<{ forgotten: number; deleted: number }>;

  /**
   * Writes, changes and deletes a record, as the changes of apps do, and leaves none behind.
   *
   * @throws where the store cannot be written
   */
  abstract check(): Promise<void>;

  abstract close(): Promise<void>;
}
