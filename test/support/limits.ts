import { DatabaseClock } from './database-clock.ts';
import { expectProblem } from './expect-problem.ts';
import { TestGateway } from './gateway.ts';
import type { Answer, Call } from './gateway.ts';

export const REFUSED = { outcome: 'not-sent', retryable: true };
export const MINUTE_MS = 60_000;
/** Of a caller, and of calls to Octane for a group: few enough that a test goes over it soon. */
export const LIMIT = 30;
const APPS = 60;

const LIMITS = {
  CALLER_RATE_LIMIT: String(LIMIT),
  WELCOME_EMAIL_RATE_LIMIT: '3',
  OCTANE_RATE_LIMIT: String(LIMIT),
  // Everything that passes the limits is to reach Octane.
  OCTANE_MAX_IN_FLIGHT: '1000',
};

/**
 * A clock that the test sets forward, for the gateways in this process.
 *
 * @returns `after` sets it forward, in milliseconds; `alsoOf` makes it the clock of a database too, before anybody uses that;
 *   `standStill` stops the monotonic clock, so that nothing grows old while something slow is done, and returns what ends that
 */
export function clockToSetForward(): {
  after: (milliseconds: number) => Promise<void>;
  alsoOf: (databaseUrl: string) => Promise<string>;
  standStill: () => () => void;
} {
  const realDate = Date.now.bind(Date);
  const realPerformance = performance.now.bind(performance);
  const databases: DatabaseClock[] = [];
  let aheadMs = 0;
  const running = (): number => realPerformance() + aheadMs;
  beforeAll(() => {
    Date.now = () => realDate() + aheadMs;
    performance.now = running;
  });
  afterAll(() => {
    Date.now = realDate;
    performance.now = realPerformance;
  });
  return {
    after: async (milliseconds) => {
      aheadMs += milliseconds;
      for (const database of databases) await database.set(aheadMs);
    },
    standStill: () => {
      const now = running();
      performance.now = () => now;
      return () => {
        performance.now = running;
      };
    },
    alsoOf: async (databaseUrl) => {
      const database = await DatabaseClock.of(databaseUrl);
      await database.set(aheadMs);
      databases.push(database);
      return databaseUrl;
    },
  };
}

/** A client with a group of its own: what it uses up is nobody else's. */
export interface App {
  readonly clientId: string;
  readonly groupno: string;
}

let apps = 0;
export function newApp(): App {
  apps += 1;
  if (apps > APPS) throw new Error('the gateway file has no more apps');
  return { clientId: `app-${apps}`, groupno: `group-${apps}` };
}

export function startGateway(
  environment: Record<string, string>,
  beside?: TestGateway,
): Promise<TestGateway> {
  return TestGateway.start({
    environment: { ...LIMITS, ...environment },
    gatewayFile: ({ issuers, callers, groups }) => {
      for (let app = 1; app <= APPS; app += 1) {
        const groupno = `group-${app}`;
        const [{ issuer }] = issuers;
        callers.push({ clientId: `app-${app}`, issuer, groupno, customers: 'any' });
        callers.push({ clientId: `users-of-app-${app}`, issuer, groupno, customers: 'own' });
        groups.push({
          groupno,
          usernameEnv: 'OCTANE_1001_USERNAME',
          passwordEnv: 'OCTANE_1001_PASSWORD',
        });
      }
    },
    ...(beside && { beside }),
  });
}

/** A token of a user of the app, whose client for users shares the app's group. */
export function tokenOfUser(
  gateway: TestGateway,
  { clientId }: App,
  subject: string,
  claims: Record<string, unknown> = {},
): Promise<string> {
  return gateway.issuer.token({ claims: { client_id: `users-of-${clientId}`, sub: subject, ...claims } });
}

export function tokenOf(gateway: TestGateway, { clientId }: App): Promise<string> {
  return gateway.issuer.token({ claims: { client_id: clientId } });
}

export async function set(gateway: TestGateway, app: App, call: Partial<Call> = {}): Promise<Answer> {
  return gateway.setDirectDebit(undefined, { token: await tokenOf(gateway, app), ...call });
}

export async function send(
  gateway: TestGateway,
  app: App,
  { custno = '700123', ...call }: Partial<Call> & { custno?: string } = {},
): Promise<Answer> {
  const path = `/v1/customers/${custno}/send-welcome-email`;
  return gateway.sendWelcomeEmail({ path, token: await tokenOf(gateway, app), ...call });
}

export function times<T>(count: number, act: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => act(index)));
}

export function statuses(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** The members of a field of the draft, by the name of the policy; fails on any other grammar. */
export function members(answer: Answer, field: 'ratelimit' | 'ratelimit-policy'): Record<string, unknown> {
  const parameters = field === 'ratelimit' ? ['r', 't'] : ['q', 'w'];
  const member = new RegExp(`^"([a-z-]+)";${parameters[0]}=(0|[1-9]\\d*);${parameters[1]}=([1-9]\\d*)$`);
  const text = answer.headers[field];
  if (text === undefined) return {};
  return Object.fromEntries(
    String(text)
      .split(', ')
      .map((part) => {
        const [, name, first, second] = member.exec(part) ?? [];
        expect(`${field}: ${part}`).toMatch(name === undefined ? /a member of the list/ : part);
        return [name, { [parameters[0]!]: Number(first), [parameters[1]!]: Number(second) }];
      }),
  );
}

/** What is left of a limit. */
export function left(answer: Answer, policy: string): number {
  return (members(answer, 'ratelimit')[policy] as { r: number }).r;
}

/** A refusal by one limit, which says when to come back. */
export function expectLimited(answer: Answer, policy: string, status = 429, code = 'rate-limited'): void {
  expectProblem(answer, status, code, REFUSED);
  const { r, t } = members(answer, 'ratelimit')[policy] as { r: number; t: number };
  expect({ r, retryAfter: answer.headers['retry-after'] }).toEqual({ r: 0, retryAfter: String(t) });
}
