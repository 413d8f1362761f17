import { pause, within } from './alarm.ts';
import { exchange, isProblem } from './exchange.ts';
import type { Answer } from './exchange.ts';
import { newIdempotencyKey as cryptographicKey, newRequestId } from './ids.ts';
import { OctaneBffError } from './octane-bff-error.ts';
import type { AnyOctaneBffError, ConnectionCode, Outcome } from './octane-bff-error.ts';
import { OPERATIONS } from './operations.ts';
import type { OctaneBffClient } from './operations.ts';
import { platform } from './platform.ts';
import type { CancelSignal, Fetch } from './platform.ts';

export interface ClientOptions {
  /** The address of the gateway, such as `https://api.example.com`, without a query, a fragment or a password. */
  readonly baseUrl: string;
  /**
   * Returns the access token. The client calls it before each try. `refresh` is true if the gateway refused the last token: return
   * a new one. If the gateway refuses the new one, too, the call throws `invalid-token`. If this function throws, the call throws
   * the same error.
   */
  readonly token: (asked: { readonly refresh: boolean }) => string | Promise<string>;
  /** How long a call may take, with all its tries and the waits between them; 30,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** How long one try may take; 12,000 by default, because the gateway answers within 10 seconds. */
  readonly tryTimeoutMs?: number | undefined;
  /** How many tries a call has at most; 3 by default. 1 means no retries. */
  readonly maxTries?: number | undefined;
  /**
   * Makes the key of a call without one: 1–255 printable ASCII characters, new each time, that nobody can guess. Needed if the
   * platform has no `crypto.getRandomValues`, as in React Native.
   */
  readonly newIdempotencyKey?: (() => string) | undefined;
  /** Used instead of the platform's `fetch`. */
  readonly fetch?: Fetch | undefined;
}

const FIRST_WAIT_MS = 500;
const MESSAGES: Readonly<Record<ConnectionCode, string>> = {
  'network-error': 'There was no connection, or it broke.',
  timeout: 'No answer came in time.',
  aborted: 'The app ended the call.',
  'unexpected-answer': 'Something else than the gateway answered.',
};
/** `URL` of React Native lacks most of its parts, so it is not asked. */
const BASE_URL = /^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/i;
const PRINTABLE_ASCII = /^[ -~]{1,255}$/;

/** Any of the options that a call may have. */
interface AnyOptions {
  readonly idempotencyKey?: string | undefined;
  readonly signal?: CancelSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

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
  const root = baseUrl.replace(/\/+$/, '');
  const methods = Object.entries(OPERATIONS).map(([name, operation]) => [
    name,
    async (...given: unknown[]) => call(operation, given),
  ]);
  return Object.fromEntries(methods) as OctaneBffClient;

  /**
   * Tries until the gateway has answered. The key makes all the tries of a change one change.
   *
   * @param given path parameters, then body, query and options, as far as the operation has them
   */
  async function call(operation: string, given: unknown[]): Promise<object> {
    const [flags, method, path] = operation.split(' ') as [string, string, string];
    const has = (flag: string): boolean => flags.includes(flag);
    const filled = path.replace(/\{\w+\}/g, () => encodeURIComponent(given.shift() as string));
    const body = has('b') ? given.shift() : {};
    const query = has('q') ? searchOf(given.shift() as object) : '';
    const {
      signal,
      timeoutMs: callTimeoutMs = timeoutMs,
      idempotencyKey = has('k') ? newIdempotencyKey() : has('K') ? '' : undefined,
    }: AnyOptions = given[0] ?? {};
    if (idempotencyKey !== undefined && !PRINTABLE_ASCII.test(idempotencyKey)) {
      throw new RangeError('idempotencyKey must be 1 to 255 printable ASCII characters');
    }
    const message = { method, ...(method !== 'GET' && { body: JSON.stringify(body) }) };
    const endsAt = Date.now() + callTimeoutMs;
    const msLeft = (): number => endsAt - Date.now();
    let failures = 0;
    let refreshed = false;
    let refresh = false;
    let inDoubt = false;

    for (;;) {
      const names = { requestId: newRequestId(), idempotencyKey };
      if (signal?.aborted) throw errorOf({ code: 'aborted' }, names, inDoubt);
      const held = await within(
        (async () => ({ accessToken: await token({ refresh }) }))(),
        msLeft(),
        signal,
      );
      if (typeof held === 'string') throw errorOf({ code: held }, names, inDoubt);
      const headers = {
        authorization: `Bearer ${held.accessToken}`,
        'content-type': 'application/json',
        'x-request-id': names.requestId,
        ...(idempotencyKey && { 'idempotency-key': `"${idempotencyKey.replace(/["\\]/g, '\\$&')}"` }),
      };
      const sendMs = Math.min(tryTimeoutMs, msLeft());
      const answer = await exchange(
        fetch,
        { ...message, url: root + filled + query, headers },
        sendMs,
        signal,
      );
      if (answer.status === (has('a') ? 200 : 204) && (answer.body !== undefined || !has('a'))) {
        return { ...names, replayed: answer.replayed, answer: answer.body };
      }

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
}

/** A list is sent by repeating the parameter; what is undefined is left out. */
function searchOf(query: object): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one as string)}`),
  );
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

/** Whether the change may have been made, or may still be, though nobody said so. */
function leavesDoubt({ body }: Answer): boolean {
  return !isProblem(body) || body.outcome === 'unknown' || body.code === 'request-in-progress';
}

/** @param inDoubt whether this try or an earlier one leaves doubt */
function errorOf(
  { status, body, replayed, retryAfterSeconds, code = 'unexpected-answer', ...cause }: Answer,
  names: { requestId: string; idempotencyKey: string | undefined },
  inDoubt: boolean,
): AnyOctaneBffError {
  const problem = isProblem(body) ? body : undefined;
  const outcome: Outcome | undefined = problem ? problem.outcome : 'not-sent';
  // A reply that was kept, or an answer that says it is done, is what became of the earlier tries too.
  const isSettled = replayed || outcome === 'applied';
  const fields = {
    ...names,
    ...cause,
    code: problem?.code ?? code,
    status,
    problem,
    errors: problem?.errors,
    outcome: names.idempotencyKey === undefined ? undefined : inDoubt && !isSettled ? 'unknown' : outcome,
    retryable: problem
      ? (problem.retryable ?? problem.code === 'request-in-progress')
      : status === undefined || status === 429 || status >= 500,
    retryAfterSeconds,
  };
  const message =
    problem?.detail ?? MESSAGES[code] + (status === undefined ? '' : ` (HTTP status ${status})`);
  return new OctaneBffError(message, fields as never) as AnyOctaneBffError;
}
