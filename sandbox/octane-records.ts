import type { DirectDebit } from './direct-debit.ts';

/** A request as Octane received it. */
export interface ReceivedRequest {
  /** When it arrived, ISO 8601. */
  at: string;
  method: string;
  /** As sent, with the query. */
  path: string;
  /** Credentials masked. */
  headers: Record<string, string | string[] | undefined>;
  /** The JSON value, or the text where it is not JSON; null without a body. */
  body: unknown;
  /** What was answered; null while, or because, no status was. */
  status: number | null;
  /** The kind of the fault that met it. */
  fault: string | null;
}

export interface WelcomeEmail {
  at: string;
  groupno: string;
  custno: string;
  to: string;
}

export interface StoredDirectDebit {
  at: string;
  groupno: string;
  custno: string;
  directDebit: DirectDebit;
}

const mostKept = 1000;

/** What Octane remembers while it runs: the latest requests and emails, and the direct debit of each customer. */
export class OctaneRecords {
  readonly requests: ReceivedRequest[] = [];
  readonly emails: WelcomeEmail[] = [];
  readonly #directDebits = new Map<string, StoredDirectDebit>();

  addRequest(request: ReceivedRequest): void {
    this.requests.push(request);
    this.requests.splice(0, this.requests.length - mostKept);
  }

  addEmail(email: WelcomeEmail): void {
    this.emails.push(email);
    this.emails.splice(0, this.emails.length - mostKept);
  }

  setDirectDebit(directDebit: StoredDirectDebit): void {
    this.#directDebits.set(directDebit.custno, directDebit);
  }

  get directDebits(): StoredDirectDebit[] {
    return [...this.#directDebits.values()];
  }

  clearRequests(): void {
    this.requests.length = 0;
  }

  clear(): void {
    this.clearRequests();
    this.emails.length = 0;
    this.#directDebits.clear();
  }
}
