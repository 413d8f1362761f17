import { isObject } from './fields.ts';
import type { DirectDebit } from './operations/direct-debit.ts';
import { groups } from './seed.ts';

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

/** Who did something, and when. */
interface Made {
  at: string;
  groupno: string;
  custno: string;
}

export interface WelcomeEmail extends Made {
  to: string;
}

export interface StoredDirectDebit extends Made {
  directDebit: DirectDebit;
}

export interface Payment extends Made {
  paymentTokenId: string;
  amount: number;
  comment: string;
  receiptEmail: string;
}

export interface PaymentMethod extends Made {
  paymentProvider: string;
  paymentTokenId: string;
}

/** As Update Customer names what it changes. */
export type CustomerDetails = Record<string, unknown> & {
  customerStatus?: string;
  customerIdentity?: Record<string, unknown>;
};

export interface DataPool {
  memberId: number;
  dataPoolStatus: string;
  dataMaxCap: string;
  dataUsage: string;
}

/** A mobile service of a customer. */
export interface Service {
  groupno: string;
  custno: string;
  lineseqno: number;
  msn: string;
  profileState: string;
  /** The one whose data it uses. */
  pool: DataPool;
  /** In bytes. */
  dataLimit?: number;
}

const mostKept = 1000;

/** What Octane remembers while it runs: the latest requests and what they made, and how its customers are now. */
export class OctaneRecords {
  readonly requests: ReceivedRequest[] = [];
  readonly emails: WelcomeEmail[] = [];
  readonly payments: Payment[] = [];
  readonly paymentMethods: PaymentMethod[] = [];
  readonly #directDebits = new Map<string, StoredDirectDebit>();
  #customers = customersAtFirst();
  #services = servicesAtFirst();
  #orders = 0;

  addRequest(request: ReceivedRequest): void {
    keep(this.requests, request);
  }

  addEmail(email: WelcomeEmail): void {
    keep(this.emails, email);
  }

  addPayment(payment: Payment): void {
    keep(this.payments, payment);
  }

  addPaymentMethod(method: PaymentMethod): void {
    keep(this.paymentMethods, method);
  }

  setDirectDebit(directDebit: StoredDirectDebit): void {
    this.#directDebits.set(directDebit.custno, directDebit);
  }

  get directDebits(): StoredDirectDebit[] {
    return [...this.#directDebits.values()];
  }

  get customers(): CustomerDetails[] {
    return [...this.#customers.values()];
  }

  /** @param custno of a customer of the seed */
  customer(custno: string): CustomerDetails {
    return this.#customers.get(custno)!;
  }

  /** Objects are changed member by member, anything else is replaced. */
  changeCustomer(custno: string, change: Record<string, unknown>): void {
    const before = this.customer(custno);
    const after = Object.entries(change).map(([name, value]) => [
      name,
      isObject(value) ? { ...(before[name] as object | undefined), ...value } : value,
    ]);
    this.#customers.set(custno, { ...before, ...(Object.fromEntries(after) as object) });
  }

  get services(): Service[] {
    return this.#services;
  }

  service(custno: unknown, lineseqno: unknown): Service | undefined {
    return this.#services.find(
      (service) => service.custno === String(custno) && String(service.lineseqno) === String(lineseqno),
    );
  }

  nextOrderId(): number {
    this.#orders += 1;
    return firstOrderId + this.#orders;
  }

  clearRequests(): void {
    this.requests.length = 0;
  }

  clear(): void {
    for (const list of [this.requests, this.emails, this.payments, this.paymentMethods]) list.length = 0;
    this.#directDebits.clear();
    this.#customers = customersAtFirst();
    this.#services = servicesAtFirst();
  }
}

const firstOrderId = 90_000;

function keep<T>(list: T[], made: T): void {
  list.push(made);
  list.splice(0, list.length - mostKept);
}

function customersAtFirst(): Map<string, CustomerDetails> {
  const all = groups.flatMap(({ customers }) => customers);
  return new Map(all.map(({ custno, email, name }) => [custno, detailsOf(Number(custno), email, name)]));
}

function detailsOf(custno: number, email: string, name: string): CustomerDetails {
  return {
    custno,
    customerStatus: 'ACT',
    customerIdentity: { customerType: 'R', customerGivenNames: name, customerSurname: 'Example' },
    address: {
      addressLine1: '1 Example Street',
      suburb: 'Sydney',
      state: 'NSW',
      postcode: '2000',
      countryCode: 'AU',
    },
    contactMedium: [{ contactType: 'PHONE', contactDestination: '0255501234' }],
    authorisedPerson: { authName: `${name} Example`, authEmail: email, highRisk: false },
  };
}

/** Each service has a pool of its own at first. */
function servicesAtFirst(): Service[] {
  return groups.flatMap(({ groupno, customers }) =>
    customers.flatMap(({ custno, msns }) =>
      msns.map((msn, index) => ({
        groupno,
        custno,
        lineseqno: index + 1,
        msn,
        profileState: index === 0 ? 'RELEASED' : 'LINKED',
        pool: {
          memberId: Number(custno) * 10 + index + 1,
          dataPoolStatus: 'OPTED-IN',
          dataMaxCap: '100 GB',
          dataUsage: '12.5 GB',
        },
      })),
    ),
  );
}
