import { within } from './alarm.ts';
import type { ConnectionCode, FieldError, Outcome, ProblemCode } from './octane-bff-error.ts';
import { platform } from './platform.ts';
import type { CancelSignal, Fetch } from './platform.ts';

export interface Answer {
  readonly status: number;
  /** Undefined where it is not JSON. */
  readonly body: unknown;
  readonly replayed: boolean;
  readonly retryAfterSeconds: number | undefined;
}

/** What a problem may have, whatever its code. */
interface SomeProblem {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly outcome?: Outcome;
  readonly retryable?: boolean;
}

/** Sends one request and reads its whole answer, or says why there is none. */
export async function exchange(
  fetch: Fetch,
  url: string,
  headers: Record<string, string>,
  body: string,
  ms: number,
  signal: CancelSignal | undefined,
): Promise<Answer | ConnectionCode> {
  const controller = new platform.AbortController();
  const answered = async (): Promise<Answer | ConnectionCode> => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
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
    } catch {
      return 'network-error';
    }
  };
  const answer = await within(answered(), ms, signal);
  if (typeof answer === 'string') controller.abort();
  return answer;
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

function secondsOf(retryAfter: string | null): number | undefined {
  return retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
}
