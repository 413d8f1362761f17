import { within } from './alarm.ts';
import type { ConnectionCode, FieldError, Outcome, ProblemCode } from './octane-bff-error.ts';
import { platform } from './platform.ts';
import type { CancelSignal, Fetch } from './platform.ts';

/** What came of one request: an answer, or why there is none. */
export interface Answer {
  readonly status?: number;
  /** Undefined where it is not JSON. */
  readonly body?: unknown;
  readonly replayed?: boolean;
  readonly retryAfterSeconds?: number | undefined;
  /** Why there is no answer. */
  readonly code?: ConnectionCode;
  /** What `fetch` threw, for a `network-error`. */
  readonly cause?: unknown;
}

/** What a problem may have, whatever its code. */
interface SomeProblem {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly outcome?: Outcome;
  readonly retryable?: boolean;
}

/** One request, without what is the same in all of them. */
export interface Message {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** Sends one request and reads its whole answer, or says why there is none. */
export async function exchange(
  fetch: Fetch,
  { url, ...message }: Message,
  ms: number,
  signal: CancelSignal | undefined,
): Promise<Answer> {
  const controller = new platform.AbortController();
  const answered = async (): Promise<Answer> => {
    try {
      const response = await fetch(url, {
        ...message,
        signal: controller.signal as never,
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
      });
      return {
        status: response.status,
        body: jsonOf(await response.text()),
        replayed: response.headers.get('idempotency-replayed') === 'true',
        retryAfterSeconds: secondsOf(response.headers.get('retry-after')),
      };
    } catch (cause) {
      return { code: 'network-error', cause };
    }
  };
  const answer = await within(answered(), ms, signal);
  if (typeof answer !== 'string') return answer;
  controller.abort();
  return { code: answer };
}

export function isProblem(body: unknown): body is SomeProblem {
  return typeof (body as Partial<SomeProblem> | null | undefined)?.code === 'string';
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Whole seconds, or an HTTP date of one of its three forms (RFC 9110, section 5.6.7); anything else says nothing. */
function secondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter);
  if (!/^[A-Z][a-z]{2,8},? [\w ,:-]+$/.test(retryAfter)) return undefined;
  // Only the oldest form does not name its zone.
  const at = Date.parse(retryAfter.replace(/( GMT)?$/, ' GMT'));
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
