import dns from 'node:dns';
import { isIP } from 'node:net';

/** How long an answer is used without asking again. */
const FRESH_MS = 5000;
/** How long the last answer is used while the name servers fail, or are slow. */
const STALE_MS = 3_600_000;
/** How long a new answer is waited for while there is an old one. */
const PATIENCE_MS = 500;

interface Known {
  readonly addresses: readonly string[];
  readonly askedAt: number;
}

/**
 * The addresses of hosts. A look-up occupies one of the four threads of libuv until the name server answers, which may take half
 * a minute. So one name is looked up once at a time, and few names are: other parts of the process need threads too.
 */
export class Names {
  private readonly known = new Map<string, Known>();
  private readonly underWay = new Map<string, Promise<readonly string[]>>();
  private readonly waiting: (() => void)[] = [];
  private lookups = 0;

  /** @param maxLookups at one time */
  constructor(
    private readonly maxLookups: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * @param host a name or an IP address, which may stand in brackets
   * @returns at least one address, in the order in which they should be tried
   * @throws the error of the look-up
   */
  async addressesOf(host: string): Promise<readonly string[]> {
    const address = host.replace(/^\[|\]$/g, '');
    if (isIP(address) !== 0) return [address];
    const known = this.known.get(host);
    const ageMs = known ? this.now() - known.askedAt : Infinity;
    if (known && ageMs < FRESH_MS) return known.addresses;
    const answer = this.ask(host);
    return known && ageMs < STALE_MS ? withinPatience(answer, known.addresses) : answer;
  }

  private ask(host: string): Promise<readonly string[]> {
    const underWay = this.underWay.get(host);
    if (underWay) return underWay;
    const answer = this.lookUp(host).finally(() => this.underWay.delete(host));
    this.underWay.set(host, answer);
    return answer;
  }

  private async lookUp(host: string): Promise<readonly string[]> {
    if (this.lookups < this.maxLookups) this.lookups += 1;
    else await new Promise<void>((resume) => this.waiting.push(resume));
    try {
      const askedAt = this.now();
      const addresses = await lookUp(host);
      this.known.set(host, { addresses, askedAt });
      return addresses;
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.lookups -= 1;
    }
  }
}

/** By way of the system, whose files of hosts and search lists count. */
function lookUp(host: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    dns.lookup(host, { all: true, order: 'verbatim' }, (error, addresses) => {
      if (error) reject(error);
      else resolve(addresses.map(({ address }) => address));
    });
  });
}

async function withinPatience<T>(answer: Promise<T>, instead: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(instead), PATIENCE_MS);
  });
  return Promise.race([answer.catch(() => instead), patience]).finally(() => clearTimeout(timer));
}
