import type { CancelSignal } from './platform.ts';

/** What any call may be told. */
export interface CallOptions {
  /** Ends the call; a change may have been made all the same. */
  readonly signal?: CancelSignal | undefined;
  /** In place of the client's own. */
  readonly timeoutMs?: number | undefined;
}

/** What the call of a change may be told. */
export interface ChangeOptions extends CallOptions {
  /**
   * Names this change: 1–255 printable ASCII characters. Store one of your own with the change before you send it, and it
   * happens once even when the app is closed and tries again at its next start. Left out, each call is a change of its own.
   */
  readonly idempotencyKey?: string | undefined;
}

/** What the call of a change must be told that nobody may make twice: the client makes no key for it. */
export interface KeyedOptions extends CallOptions {
  /** Names this change: 1–255 printable ASCII characters. Store it with the change before you send it. */
  readonly idempotencyKey: string;
}

/** What came of a call that succeeded. */
export interface Receipt {
  /** By this the operator of the gateway finds the last try in the log. */
  readonly requestId: string;
}

/** What came of a change. */
export interface ChangeReceipt extends Receipt {
  readonly idempotencyKey: string;
  /** Whether an earlier request with the same key made the change, and this is its answer again. */
  readonly replayed: boolean;
}

/** What Octane answered, beside the receipt. */
export type Answered<Body, Of extends Receipt> = Of & { readonly answer: Body };
