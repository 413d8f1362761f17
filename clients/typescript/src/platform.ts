/** An `AbortSignal`, as far as it is needed: React Native's has no `reason`. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** What is needed of a `Response`. */
export interface FetchAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/** What is needed of `fetch`. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string;
    signal: never;
    cache: 'no-store';
    credentials: 'omit';
    redirect: 'error';
  },
) => Promise<FetchAnswer>;

interface Platform {
  readonly fetch: Fetch;
  readonly AbortController: new () => { readonly signal: CancelSignal; abort(): void };
  /** React Native has none. A page that came over plain HTTP has one without `randomUUID`. */
  readonly crypto?: { randomUUID?(): string; getRandomValues?(bytes: Uint8Array): Uint8Array };
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** All that the client uses beside the language itself; Node, browsers and React Native have it. */
export const platform = globalThis as unknown as Platform;
