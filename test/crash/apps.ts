import type { Random } from './random.ts';

/** What an app wants. Equal wishes with one key are repetitions. */
export interface Wish {
  readonly operation: 'direct-debit' | 'welcome-email';
  readonly custno: string;
  readonly paymentDay: string;
  readonly key: string | undefined;
}

/** What an app heard, whole. */
export interface Heard {
  readonly requestId: string;
  readonly wish: Wish;
  readonly status: number;
  readonly code: string | undefined;
  readonly outcome: string | undefined;
  readonly isReplay: boolean;
}

/** A request of an app. */
export interface AppRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Takes a request to a gateway; fails where no whole answer comes back. */
export type Deliver = (
  request: AppRequest,
) => Promise<{ status: number; headers: Readonly<Record<string, unknown>>; text: string }>;

const CLIENTS = 8;
const RECENT_WISHES = 40;

/** Many impatient apps: they ask without a pause, with and without keys, and repeat what they asked before. */
export class Apps {
  readonly wishes = new Map<string, Wish>();
  readonly heard: Heard[] = [];
  private readonly recent: Wish[] = [];
  private keys = 0;

  /**
   * Asks until the gateway is gone.
   *
   * @param name of the round, for the request ids
   */
  async ask(deliver: Deliver, token: string, name: string, random: Random): Promise<void> {
    let requests = 0;
    const client = async (): Promise<void> => {
      for (let isUp = true; isUp;) {
        const wish = this.nextWish(random);
        const times = wish.key !== undefined && random.happens(0.1) ? 2 : 1;
        const sent = Array.from({ length: times }, () =>
          this.send(deliver, token, `${name}-${(requests += 1)}`, wish),
        );
        isUp = (await Promise.all(sent)).every(Boolean);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  }

  /** Something new, or what was asked for a short while ago: the same, or with the same key something else. */
  nextWish(random: Random): Wish {
    if (this.recent.length > 0 && random.happens(0.35)) {
      const again = random.oneOf(this.recent);
      return random.happens(0.1) ? { ...again, paymentDay: String(random.between(1, 28)) } : again;
    }
    const wish: Wish = {
      operation: random.oneOf(['direct-debit', 'welcome-email']),
      custno: String(700_000 + random.between(1, 20)),
      paymentDay: String(random.between(1, 28)),
      key: random.happens(0.6) ? `key-${(this.keys += 1)}` : undefined,
    };
    if (wish.key !== undefined) {
      this.recent.push(wish);
      if (this.recent.length > RECENT_WISHES) this.recent.shift();
    }
    return wish;
  }

  /** @returns whether there was an answer */
  async send(deliver: Deliver, token: string, requestId: string, wish: Wish): Promise<boolean> {
    this.wishes.set(requestId, wish);
    try {
      const { status, headers, text } = await deliver({
        path: `/v1/customers/${wish.custno}/${PATHS[wish.operation]}`,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'x-request-id': requestId,
          ...(wish.key !== undefined && { 'idempotency-key': wish.key }),
        },
        body: JSON.stringify(bodyOf(wish)),
      });
      const { code, outcome } = (text === '' ? {} : JSON.parse(text)) as Partial<Heard>;
      const isReplay = headers['idempotency-replayed'] === 'true';
      this.heard.push({ requestId, wish, status, code, outcome, isReplay });
      return true;
    } catch {
      return false;
    }
  }
}

const PATHS = { 'direct-debit': 'direct-debit', 'welcome-email': 'send-welcome-email' };

function bodyOf({ operation, custno, paymentDay }: Wish): object {
  if (operation === 'welcome-email') return {};
  return {
    directDebit: {
      directDebitType: 'STANDARD_DIRECT_DEBIT',
      ddNotificationFlag: 'Y',
      ddNotificationEmail: `customer-${custno}@example.com`,
      ddPaymentDay: paymentDay,
    },
  };
}
