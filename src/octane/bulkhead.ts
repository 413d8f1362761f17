import { whenTimeIsOver } from '../outbound/running-time.ts';
import { Problem } from '../problems/problem.ts';

/** How long a call waits for a place. */
const MAX_WAIT_MS = 1000;

interface Waiter {
  readonly begin: () => void;
}

/** What one caller has of the bulkhead. */
interface Share {
  held: number;
  /** In the order in which they came. */
  readonly waiting: Set<Waiter>;
}

/**
 * Bounds how many calls are under way at one time. As many again may wait for a place, and callers that wait are served by turns. One
 * caller holds at most nine tenths of the places, and of the places to wait in, so that there is always room for another.
 */
export class Bulkhead {
  private readonly mostOfOne: number;
  /** Of every caller that holds a place or waits for one. Those whose turn is next come first. */
  private readonly shares = new Map<string, Share>();
  private held = 0;
  private waiting = 0;

  constructor(private readonly places: number) {
    this.mostOfOne = Math.ceil((places * 9) / 10);
  }

  /** Places that are taken. */
  get inFlight(): number {
    return this.held;
  }

  /**
   * Runs a call in a place of its own.
   *
   * @param deadline of the call, by `performance.now()`
   * @throws Problem `overloaded` where it gets no place, and whatever `call` throws
   */
  async run<T>(caller: string, deadline: number, call: () => Promise<T>): Promise<T> {
    const leave = await this.take(caller, Math.min(MAX_WAIT_MS, deadline - performance.now()));
    if (!leave) throw new Problem('overloaded', { reason: 'octane-in-flight' });
    try {
      return await call();
    } finally {
      leave();
    }
  }

  /**
   * Takes a place, and waits for one where none is free.
   *
   * @param caller a key that tells callers apart
   * @returns what gives the place back; undefined where there is no room to wait, or no place came within the patience
   */
  async take(caller: string, patienceMs: number): Promise<(() => void) | undefined> {
    const share = this.shareOf(caller);
    if (this.mayBegin(share)) return this.hold(caller, share);
    if (this.waiting >= this.places || share.waiting.size >= this.mostOfOne) {
      this.forgetIfIdle(caller, share);
      return undefined;
    }
    return new Promise((resolve) => {
      const leave = (): void => {
        cancel();
        share.waiting.delete(waiter);
        this.waiting -= 1;
      };
      const waiter: Waiter = {
        begin: () => {
          leave();
          resolve(this.hold(caller, share));
        },
      };
      const cancel = whenTimeIsOver(patienceMs, () => {
        leave();
        this.forgetIfIdle(caller, share);
        resolve(undefined);
      });
      share.waiting.add(waiter);
      this.waiting += 1;
    });
  }

  private shareOf(caller: string): Share {
    const known = this.shares.get(caller);
    if (known) return known;
    const share: Share = { held: 0, waiting: new Set() };
    this.shares.set(caller, share);
    return share;
  }

  private mayBegin({ held }: Share): boolean {
    return this.held < this.places && held < this.mostOfOne;
  }

  private hold(caller: string, share: Share): () => void {
    this.held += 1;
    share.held += 1;
    // Others have their turn first.
    this.shares.delete(caller);
    this.shares.set(caller, share);
    return () => {
      this.held -= 1;
      share.held -= 1;
      this.forgetIfIdle(caller, share);
      this.serveNext();
    };
  }

  private serveNext(): void {
    for (const share of this.shares.values()) {
      const [next] = share.waiting;
      if (next && this.mayBegin(share)) {
        next.begin();
        return;
      }
    }
  }

  private forgetIfIdle(caller: string, share: Share): void {
    if (share.held === 0 && share.waiting.size === 0) this.shares.delete(caller);
  }
}
