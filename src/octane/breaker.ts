const WINDOW_MS = 10_000;
const BUCKET_MS = 1000;
const MIN_CALLS = 10;
const FAILURE_SHARE = 0.5;
const OPEN_MS = 10_000;
/** Whoever's probe failed lets others probe first: another customer for so long, another caller for so long. */
const OTHER_CUSTOMERS_FIRST_MS = 10_000;
const OTHER_CALLERS_FIRST_MS = 1000;
/** How long, and for how many customers, failures that may be the customer's own are remembered. */
const REMEMBERED_MS = 60_000;
const REMEMBERED_CUSTOMERS = 1000;

/** In the order of the numbers that stand for them in metrics. */
export const BREAKER_STATES = ['closed', 'half-open', 'open'] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** Whose call it is: keys that tell callers apart, and customers. */
export interface Asker {
  readonly caller: string;
  readonly customer: string;
}

/**
 * What a call says of Octane once it is over. `failed-for-customer`: it failed, maybe for this customer alone; `nothing`: it did
 * not come so far.
 */
export type Verdict = 'good' | 'failed' | 'failed-for-customer' | 'nothing';

interface Bucket {
  readonly startedAt: number;
  calls: number;
  failures: number;
}

interface CustomerFailures {
  readonly countedAt: number;
  readonly lastAt: number;
  readonly count: number;
}

/** The call that last found out that Octane still fails, and who was refused since. */
interface FailedProbe {
  readonly asker: Asker;
  otherCallerRefused: boolean;
  otherCustomerRefused: boolean;
}

/**
 * The circuit breaker of one operation. It opens when at least half of the calls of the last 10 s failed, and at least 10 were made. After
 * 10 s one call, the probe, finds out whether Octane is well again. No single customer opens it: what may be the customer's own failure
 * counts once in 10 s, and does not decide a probe when that customer had failed like that before.
 */
export class Breaker {
  state: BreakerState = 'closed';
  private openUntil = 0;
  private isProbing = false;
  /** Calls that began before the breaker opened say nothing of the time after. */
  private epoch = 0;
  private buckets: Bucket[] = [];
  private readonly customers = new Map<string, CustomerFailures>();
  private failedProbe: FailedProbe | undefined;

  /** @param onChange told of each change of state */
  constructor(
    private readonly onChange: (state: BreakerState) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Until a call may find out whether Octane is well again; at least 1 s, which is what others wait while one finds out. */
  get retryAfterMs(): number {
    return Math.max(1000, this.openUntil - this.now());
  }

  /** Whether a call of theirs would be refused at the moment. */
  refuses(asker: Asker): boolean {
    const isRefused =
      this.state !== 'closed' &&
      (this.isProbing || this.now() < this.openUntil || this.isTurnOfOthers(asker));
    if (isRefused && this.failedProbe) {
      this.failedProbe.otherCallerRefused ||= asker.caller !== this.failedProbe.asker.caller;
      this.failedProbe.otherCustomerRefused ||= asker.customer !== this.failedProbe.asker.customer;
    }
    return isRefused;
  }

  /**
   * Lets a call begin.
   *
   * @returns what must be told how the call ended; undefined where the call is refused
   */
  begin(asker: Asker): ((verdict: Verdict) => void) | undefined {
    if (this.refuses(asker)) return undefined;
    if (this.state === 'closed') {
      const { epoch } = this;
      return (verdict) => {
        if (epoch === this.epoch) this.count(asker.customer, verdict);
      };
    }
    this.isProbing = true;
    this.change('half-open');
    return (verdict) => {
      this.isProbing = false;
      this.decide(asker, verdict);
    };
  }

  private count(customer: string, verdict: Verdict): void {
    if (verdict === 'nothing') return;
    if (verdict === 'failed-for-customer' && !this.remember(customer).counts) return;
    const bucket = this.bucket();
    bucket.calls += 1;
    if (verdict !== 'good') bucket.failures += 1;
    const calls = this.buckets.reduce((sum, each) => sum + each.calls, 0);
    const failures = this.buckets.reduce((sum, each) => sum + each.failures, 0);
    if (calls >= MIN_CALLS && failures >= calls * FAILURE_SHARE) this.open();
  }

  private decide(asker: Asker, verdict: Verdict): void {
    if (verdict === 'nothing') return;
    if (verdict === 'good') {
      this.failedProbe = undefined;
      this.buckets = [];
      this.change('closed');
      return;
    }
    this.failedProbe = { asker, otherCallerRefused: false, otherCustomerRefused: false };
    if (verdict === 'failed-for-customer' && this.remember(asker.customer).isUsual) {
      // It says nothing of Octane. The next customer finds out, and need not have been refused before.
      this.failedProbe.otherCustomerRefused = true;
      this.openUntil = this.now();
    } else {
      this.open();
    }
  }

  private open(): void {
    this.epoch += 1;
    this.openUntil = this.now() + OPEN_MS;
    this.change('open');
  }

  private change(state: BreakerState): void {
    if (state === this.state) return;
    this.state = state;
    this.onChange(state);
  }

  private isTurnOfOthers({ caller, customer }: Asker): boolean {
    if (!this.failedProbe) return false;
    const { asker, otherCallerRefused, otherCustomerRefused } = this.failedProbe;
    const waitedMs = this.now() - this.openUntil;
    return (
      (otherCustomerRefused && customer === asker.customer && waitedMs < OTHER_CUSTOMERS_FIRST_MS) ||
      (otherCallerRefused && caller === asker.caller && waitedMs < OTHER_CALLERS_FIRST_MS)
    );
  }

  /** Remembers a failure that may be the customer's own: whether it counts, and whether the customer had several before. */
  private remember(customer: string): { counts: boolean; isUsual: boolean } {
    const now = this.now();
    for (const [each, { lastAt }] of this.customers) {
      if (now - lastAt < REMEMBERED_MS && this.customers.size <= REMEMBERED_CUSTOMERS) break;
      this.customers.delete(each);
    }
    const before = this.customers.get(customer);
    const counts = !before || now - before.countedAt >= WINDOW_MS;
    this.customers.delete(customer);
    this.customers.set(customer, {
      countedAt: counts ? now : before.countedAt,
      lastAt: now,
      count: (before?.count ?? 0) + 1,
    });
    return { counts, isUsual: (before?.count ?? 0) > 1 };
  }

  private bucket(): Bucket {
    const now = this.now();
    while (this.buckets[0] && now - this.buckets[0].startedAt >= WINDOW_MS) this.buckets.shift();
    const last = this.buckets.at(-1);
    if (last && now - last.startedAt < BUCKET_MS) return last;
    const bucket = { startedAt: now, calls: 0, failures: 0 };
    this.buckets.push(bucket);
    return bucket;
  }
}
