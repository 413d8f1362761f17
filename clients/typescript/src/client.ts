import { pause, within } from './alarm.ts';
import { exchange, isProblem } from './exchange.ts';
import type { Answer, Failure } from './exchange.ts';
import { newIdempotencyKey as cryptographicKey, newRequestId } from './ids.ts';
import { OctaneBffError } from './octane-bff-error.ts';
import type { AnyOctaneBffError, ConnectionCode } from './octane-bff-error.ts';
import { platform } from './platform.ts';
import type { CancelSignal, Fetch } from './platform.ts';
import type { components } from './schema.ts';

/** A direct debit to set. */
export type DirectDebit = components['schemas']['DirectDebitOrder'];
/** A direct debit as Octane has it. */
export type StoredDirectDebit = components['schemas']['DirectDebit'];

export interface ClientOptions {
  /** Where the gateway is, such as `https://api.example.com`; without a query, a fragment or a password. */
  readonly baseUrl: string;
  /**
   * Gives the access token; asked before each try. `refresh` is true when the gateway did not accept the last one: then a new
   * one is wanted, and if that is refused too the call ends with `invalid-token`. What it throws comes out of the call as it is.
   */
  readonly token: (asked: { readonly refresh: boolean }) => string | Promise<string>;
  /** How long a call may take, with all its tries and the waits between them; 30,000 unless told. */
  readonly timeoutMs?: number | undefined;
  /** How long one try may take; 12,000 unless told, because the gateway answers within 10 seconds. */
  readonly tryTimeoutMs?: number | undefined;
  /** How often a call is tried at most; 3 unless told, 1 for no retries. */
  readonly maxTries?: number | undefined;
  /**
   * Makes the key of a call that was given none: 1–255 printable ASCII characters that nobody can guess, each time others. Needed
   * where the platform has no `crypto.getRandomValues`, as in React Native.
   */
  readonly newIdempotencyKey?: (() => string) | undefined;
  /** In place of the platform's own. */
  readonly fetch?: Fetch | undefined;
}

export interface CallOptions {
  /**
   * Names this change: 1–255 printable ASCII characters. Store one of your own with the change before you send it, and it
   * happens once even when the app is closed and tries again at its next start. Left out, each call is a change of its own.
   */
  readonly idempotencyKey?: string | undefined;
  /** Ends the call; the change may have been made all the same. */
  readonly signal?: CancelSignal | undefined;
  /** In place of the client's own. */
  readonly timeoutMs?: number | undefined;
}

/** What came of a call that succeeded. */
export interface Receipt {
  /** By this the operator of the gateway finds the last try in the log. */
  readonly requestId: string;
  readonly idempotencyKey: string;
  /** Whether an earlier request with the same key made the change, and this is its answer again. */
  readonly replayed: boolean;
}

export interface DirectDebitReceipt extends Receipt {
  readonly directDebit: StoredDirectDebit;
}

export interface OctaneBffClient {
  /**
   * Sets a customer's direct debit.
   *
   * @param custno the customer number, or `me` for the customer of the token
   * @throws {OctaneBffError}
   */
  setDirectDebit(
    custno: string | number,
    directDebit: DirectDebit,
    options?: CallOptions,
  ): Promise<DirectDebitReceipt>;
  /**
   * Sends the welcome email again to a customer who has an account of the customer portal: at most one, however often it tries.
   *
   * @param custno the customer number, or `me` for the customer of the token
   * @throws {OctaneBffError}
   */
  sendWelcomeEmail(custno: string | number, options?: CallOptions): Promise<Receipt>;
}

const FIRST_WAIT_MS = 500;
const MESSAGES: Readonly<Record<ConnectionCode, string>> = {
  'network-error': 'The gateway could not be reached, or the connection broke.',
  timeout: 'No answer came in time.',
  aborted: 'The app ended the call.',
  'unexpected-answer': 'Something else than the gateway answered.',
};
/** `URL` of React Native lacks most of its parts, so it is not asked. */
const BASE_URL = /^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/i;
const PRINTABLE_ASCII = /^[ -~]{1,255}$/;

/** @throws {TypeError} where `baseUrl` is no address of a gateway */
export function createClient({
  baseUrl,
  token,
  timeoutMs = 30_000,
  tryTimeoutMs = 12_000,
  maxTries = 3,
  newIdempotencyKey = cryptographicKey,
  fetch = platform.fetch,
}: ClientOptions): OctaneBffClient {
  if (!BASE_URL.test(baseUrl)) {
    throw new TypeError('baseUrl must be an address such as https://api.example.com, without a query');
  }
  /** Tries until `contentOf` finds what it looks for in an answer. The key makes all the tries one change. */
  async function call<T extends object>(
    operation: string,
    custno: string | number,
    body: object,
    contentOf: (answer: Answer) => T | undefined,
    { idempotencyKey = newIdempotencyKey(), signal, timeoutMs: callTimeoutMs = timeoutMs }: CallOptions = {},
  ): Promise<T & Receipt> {
    if (!PRINTABLE_ASCII.test(idempotencyKey)) {
      throw new RangeError('idempotencyKey must be 1 to 255 printable ASCII characters');
    }
    const url = `${baseUrl.replace(/\/+$/, '')}/v1/customers/${encodeURIComponent(custno)}/${operation}`;
    const endsAt = Date.now() + callTimeoutMs;
    const msLeft = (): number => endsAt - Date.now();
    let failures = 0;
    let refreshed = false;
    let refresh = false;
    let inDoubt = false;

    for (;;) {
      const requestId = newRequestId();
      const names = { requestId, idempotencyKey };
      if (signal?.aborted) throw errorOf({ code: 'aborted' }, names, inDoubt);
      const given = await within(
        (async () => ({ accessToken: await token({ refresh }) }))(),
        msLeft(),
        signal,
      );
      if (typeof given === 'string') throw errorOf({ code: given }, names, inDoubt);
      const headers = {
        authorization: `Bearer ${given.accessToken}`,
        'content-type': 'application/json',
        'idempotency-key': `"${idempotencyKey.replace(/["\\]/g, String.raw`\$&`)}"`,
        'x-request-id': requestId,
      };
      const sendMs = Math.min(tryTimeoutMs, msLeft());
      const answer = await exchange(fetch, url, headers, JSON.stringify(body), sendMs, signal);
      const content = 'code' in answer ? undefined : contentOf(answer);
      if (content && 'status' in answer) return { ...content, ...names, replayed: answer.replayed };

      inDoubt ||= leavesDoubt(answer);
      const error = errorOf(answer, names, inDoubt);
      refresh = error.code === 'invalid-token' && !refreshed;
      if (refresh) {
        refreshed = true;
        continue;
      }
      const waitMs =
        (error.retryAfterSeconds ?? 0) * 1000 + FIRST_WAIT_MS * 2 ** failures * (0.5 + Math.random() / 2);
      // To wait for a change that is under way is no new try.
      if (error.code !== 'request-in-progress') failures += 1;
      if (error.code === 'aborted' || !error.retryable || failures >= maxTries || waitMs >= msLeft())
        throw error;
      await pause(waitMs, signal);
    }
  }

  return {
    setDirectDebit: (custno, directDebit, options) =>
      call('direct-debit', custno, { directDebit }, directDebitOf, options),
    sendWelcomeEmail: (custno, options) =>
      call('send-welcome-email', custno, {}, ({ status }) => (status === 204 ? {} : undefined), options),
  };
}

function directDebitOf({ status, body }: Answer): { directDebit: StoredDirectDebit } | undefined {
  const { directDebit } = (body ?? {}) as { directDebit?: StoredDirectDebit };
  return status === 200 && directDebit ? { directDebit } : undefined;
}

/** Whether the change may have been made, or may still be, though nobody said so. */
function leavesDoubt(answer: Answer | Failure): boolean {
  if ('code' in answer || !isProblem(answer.body)) return true;
  return answer.body.outcome === 'unknown' || answer.body.code === 'request-in-progress';
}

/** @param inDoubt whether this try or an earlier one leaves doubt */
function errorOf(
  failure: Answer | Failure,
  names: { requestId: string; idempotencyKey: string },
  inDoubt: boolean,
): AnyOctaneBffError {
  if ('code' in failure) {
    const outcome = inDoubt ? 'unknown' : 'not-sent';
    return errorWith(MESSAGES[failure.code], { ...names, ...failure, outcome, retryable: true });
  }
  const { status, body, replayed, retryAfterSeconds } = failure;
  if (!isProblem(body)) {
    const code = 'unexpected-answer';
    const retryable = status === 429 || status >= 500;
    const fields = { ...names, code, status, outcome: 'unknown', retryable, retryAfterSeconds } as const;
    return errorWith(`${MESSAGES[code]} (HTTP status ${status})`, fields);
  }
  const { code, errors, outcome, retryable = code === 'request-in-progress' } = body;
  return errorWith(body.detail, {
    ...names,
    code,
    status,
    problem: body,
    errors,
    // A reply that was kept, or an answer that says it is done, is what became of the earlier tries too.
    outcome: inDoubt && !replayed && outcome !== 'applied' ? 'unknown' : outcome,
    retryable,
    retryAfterSeconds,
  });
}

function errorWith(message: string, fields: object): AnyOctaneBffError {
  return new OctaneBffError(message, fields as never) as AnyOctaneBffError;
}
