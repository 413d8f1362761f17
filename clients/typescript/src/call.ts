import type { CancelSignal } from './platform.ts';

/** The options of every call. */
export interface CallOptions {
  /** Ends the call. The change may still have been made. */
  readonly signal?: CancelSignal | undefined;
  /** Used instead of the client's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
}

/** The options of a change. */
export interface ChangeOptions extends CallOptions {
  /**
   * Names this change: 1–255 printable ASCII characters. Store your own key with the change before you send it. The change then
   * happens once, even if the app is closed and tries again at its next start. Without a key, each call is a new change.
   */
  readonly idempotencyKey?: string | undefined;
}

/** The options of a change that must not happen twice. The client makes no key for it. */
export interface KeyedOptions extends CallOptions {
  /** Names this change: 1–255 printable ASCII characters. Store it with the change before you send it. */
  readonly idempotencyKey: string;
}

/** The result of a call that succeeded. */
export interface Receipt {
  /** The id of the last try. The operator of the gateway finds the request in the log by it. */
  readonly requestId: string;
}

/** The result of a change. */
export interface ChangeReceipt extends Receipt {
  readonly idempotencyKey: string;
  /** Whether this is the repeated answer to an earlier request with the same key. */
  readonly replayed: boolean;
}

/** The result, with the answer of Octane. */
export type Answered<Body, Of extends Receipt> = Of & { readonly answer: Body };
