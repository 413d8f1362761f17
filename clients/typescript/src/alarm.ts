import { platform } from './platform.ts';
import type { CancelSignal } from './platform.ts';

export type Ring = 'timeout' | 'aborted';

/** Settles as `work` does, unless the time is up or the app aborts before. */
export async function within<T>(work: Promise<T>, ms: number, signal?: CancelSignal): Promise<T | Ring> {
  const { rings, silence } = alarm(ms, signal);
  try {
    return await Promise.race([work, rings]);
  } finally {
    silence();
  }
}

/** Waits for so long, or until the app aborts. */
export async function pause(ms: number, signal?: CancelSignal): Promise<void> {
  const { rings, silence } = alarm(ms, signal);
  await rings;
  silence();
}

/** Holds neither timer nor listener once it is silenced. */
function alarm(ms: number, signal?: CancelSignal): { rings: Promise<Ring>; silence: () => void } {
  let silence = (): void => {};
  const rings = new Promise<Ring>((ring) => {
    const abort = (): void => ring('aborted');
    const timer = platform.setTimeout(() => ring('timeout'), ms);
    signal?.addEventListener('abort', abort);
    silence = () => {
      platform.clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    if (signal?.aborted) abort();
  });
  return { rings, silence };
}
