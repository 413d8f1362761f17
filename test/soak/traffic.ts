import { setTimeout as wait } from 'node:timers/promises';
import { Apps } from '../crash/apps.ts';
import type { Deliver, Wish } from '../crash/apps.ts';
import type { Random } from '../crash/random.ts';
import { Undelivered } from '../support/balancer.ts';
import type { Balancer, BalancedAnswer, BalancedRequest } from '../support/balancer.ts';
import type { TokenIssuer } from '../support/token-issuer.ts';
import { CLIENT } from './deployment.ts';
import type { Fleet } from './fleet.ts';
import { intruders } from './intruders.ts';
import type { Intruder } from './intruders.ts';

const REQUESTS_PER_SECOND = 30;
/** More than that wait only where the gateways have stopped to answer. */
const MAX_UNDER_WAY = 300;
const INTRUDER_SHARE = 0.15;
const HANG_UP_SHARE = 0.03;
const MAX_PATIENCE_MS = 300;
/** Apps renew their tokens, so that gateways see new ones. */
const TOKEN_LIFE_MS = 30_000;

/** Apps and intruders who come at random moments, whether or not those before them have their answers. */
export class Traffic {
  readonly apps = new Apps();
  readonly brokenPromises: string[] = [];
  /** Milliseconds that each request with an answer took. */
  readonly tookMs: number[] = [];
  hangUps = 0;
  intruders = 0;
  /** Intruders whom a gateway without time turned away before it looked at them. */
  shed = 0;
  /** Requests to a gateway that was killed. */
  lostWithGateway = 0;
  lostOtherwise = 0;
  private readonly balancer: Balancer;
  private readonly fleet: Fleet;
  private readonly issuer: TokenIssuer;
  private readonly random: Random;
  private readonly uninvited: readonly Intruder[];
  private readonly tokens = new Map<string, { token: Promise<string>; until: number }>();
  private readonly underWay = new Set<Promise<unknown>>();
  private requests = 0;

  private constructor(
    balancer: Balancer,
    fleet: Fleet,
    issuer: TokenIssuer,
    random: Random,
    uninvited: readonly Intruder[],
  ) {
    this.balancer = balancer;
    this.fleet = fleet;
    this.issuer = issuer;
    this.random = random;
    this.uninvited = uninvited;
  }

  static async prepare(
    balancer: Balancer,
    fleet: Fleet,
    issuer: TokenIssuer,
    random: Random,
  ): Promise<Traffic> {
    return new Traffic(balancer, fleet, issuer, random, await intruders(issuer));
  }

  /** Until the signal; resolves when every request is over. */
  async flow(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      if (this.underWay.size < MAX_UNDER_WAY) this.follow(this.comeIn());
      // Arrivals of many who know nothing of each other.
      await wait((-Math.log(1 - this.random.next()) * 1000) / REQUESTS_PER_SECOND);
    }
    await Promise.all(this.underWay);
  }

  private follow(request: Promise<unknown>): void {
    this.underWay.add(request);
    void request.finally(() => this.underWay.delete(request));
  }

  private async comeIn(): Promise<void> {
    if (this.random.happens(INTRUDER_SHARE)) {
      await this.intrude(this.random.oneOf(this.uninvited));
      return;
    }
    const wish = this.apps.nextWish(this.random);
    const times = wish.key !== undefined && this.random.happens(0.1) ? 2 : 1;
    const token = await this.tokenOf(wish);
    await Promise.all(Array.from({ length: times }, () => this.ask(token, wish)));
  }

  private async ask(token: string, wish: Wish): Promise<void> {
    const isImpatient = this.random.happens(HANG_UP_SHARE);
    const hangUp = isImpatient ? AbortSignal.timeout(this.random.between(0, MAX_PATIENCE_MS)) : undefined;
    const names = this.random.happens(0.5) ? wish.custno : 'me';
    const requestId = `soak-${(this.requests += 1)}`;
    const deliver: Deliver = async ({ path, headers, body }) => {
      const answer = await this.deliver(requestId, {
        path: path.replace(wish.custno, names),
        headers,
        body,
        ...(hangUp && { hangUp }),
      });
      if (!answer) throw new Error('no answer');
      return answer;
    };
    await this.apps.send(deliver, token, requestId, wish);
  }

  private async intrude({ name, answer, request }: Intruder): Promise<void> {
    this.intruders += 1;
    const requestId = `intruder-${(this.requests += 1)}`;
    const { headers, ...rest } = request();
    const got = await this.deliver(requestId, {
      ...rest,
      headers: { ...headers, 'x-request-id': requestId },
    });
    if (!got) return;
    const code = got.status < 300 ? undefined : (JSON.parse(got.text) as { code: string }).code;
    if (code === 'overloaded') this.shed += 1;
    else if (got.status !== answer?.[0] || code !== answer[1]) {
      this.brokenPromises.push(`${requestId} (${name}) got ${got.status} ${code ?? ''}`);
    }
  }

  /** @returns undefined where there was no answer, and none was owed */
  private async deliver(requestId: string, request: BalancedRequest): Promise<BalancedAnswer | undefined> {
    const start = performance.now();
    try {
      const answer = await this.balancer.send(request);
      this.tookMs.push(performance.now() - start);
      return answer;
    } catch (error) {
      if (request.hangUp?.aborted) this.hangUps += 1;
      else if (this.fleet.wasKilled((error as Undelivered).replica)) this.lostWithGateway += 1;
      else {
        this.lostOtherwise += 1;
        this.brokenPromises.push(`${requestId} was lost: ${(error as Error).message}`);
      }
      return undefined;
    }
  }

  /** A key belongs to a subject: each customer is always the same one. */
  private tokenOf({ custno }: Wish): Promise<string> {
    const known = this.tokens.get(custno);
    if (known && Date.now() < known.until) return known.token;
    const claims = { client_id: CLIENT, sub: `user-${custno}`, custno, jti: crypto.randomUUID() };
    const token = this.issuer.token({ claims });
    this.tokens.set(custno, { token, until: Date.now() + TOKEN_LIFE_MS });
    return token;
  }
}
