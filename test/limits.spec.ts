import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { VALID_DIRECT_DEBIT } from './support/gateway.ts';
import type { Call, TestGateway } from './support/gateway.ts';
import {
  clockToSetForward,
  expectLimited,
  left,
  LIMIT,
  members,
  MINUTE_MS,
  newApp,
  send,
  set,
  startGateway,
  statuses,
  times,
  tokenOf,
} from './support/limits.ts';
import { sharedPostgres } from './support/shared-postgres.ts';
import type { Databases } from './support/shared-postgres.ts';
import { answerProperly } from './support/scripted-octane.ts';
import { STORE_KINDS } from './support/stores.ts';

let postgres: Databases;
beforeAll(async () => {
  postgres = await sharedPostgres();
});
afterAll(() => postgres.stop());
const { after, alsoOf } = clockToSetForward();

describe.each(STORE_KINDS)('limits on %s', (kind) => {
  let gateway: TestGateway;
  let replica: TestGateway;
  /** Shares counts with the others where they share a store, and calls Octane less often. */
  let sparing: TestGateway;
  beforeAll(async () => {
    const store =
      kind === 'PostgreSQL' ? { DATABASE_URL: await alsoOf(await postgres.newDatabase()) } : undefined;
    gateway = await startGateway({ ...store });
    replica = store ? await startGateway(store, gateway) : gateway;
    sparing = await startGateway({ ...store, OCTANE_RATE_LIMIT: '2' }, gateway);
  });
  afterAll(async () => {
    await sparing.stop();
    if (replica !== gateway) await replica.stop();
    await gateway.stop();
  });
  beforeEach(() => gateway.octane.reset());
  const hits = (): number => gateway.octane.hits.length;

  describe('are exact', () => {
    it('for parallel requests of a caller, ten times its limit', async () => {
      const app = newApp();
      const token = await tokenOf(gateway, app);
      const answers = await times(10 * LIMIT, (index) =>
        set(index % 2 === 0 ? gateway : replica, app, { token }),
      );
      expect(statuses(answers)).toEqual({ 200: LIMIT, 429: 9 * LIMIT });
      expect(hits()).toBe(LIMIT);
      const refused = answers.filter(({ status }) => status === 429);
      const by = Object.groupBy(refused, (answer) => Object.keys(members(answer, 'ratelimit'))[0]!);
      // Past five times the limit each process looks no closer.
      expect(by['flood']?.length ?? 0).toBe(replica === gateway ? 5 * LIMIT : 0);
      for (const [policy, ofPolicy] of Object.entries(by)) {
        for (const answer of ofPolicy!) expectLimited(answer, policy);
      }
      expect(Object.keys(by)).toEqual(expect.arrayContaining(['caller']));
      const remaining = answers
        .filter(({ status }) => status === 200)
        .map((answer) => left(answer, 'caller'));
      expect(remaining.toSorted((a, b) => a - b)).toEqual(Array.from({ length: LIMIT }, (_, index) => index));
    });

    it('for parallel welcome emails to a customer', async () => {
      const app = newApp();
      const answers = await times(50, (index) => send(index % 2 === 0 ? gateway : replica, app));
      expect(statuses(answers)).toEqual({ 204: 3, 429: 47 });
      expect(hits()).toBe(3);
    });

    it('for parallel calls to Octane for a group', async () => {
      const [app, other] = [newApp(), newApp()];
      const answers = await times(20, () => set(sparing, app));
      expect(statuses(answers)).toEqual({ 200: 2, 503: 18 });
      expect(hits()).toBe(2);
      for (const answer of answers.filter(({ status }) => status === 503)) {
        expectLimited(answer, 'octane', 503, 'overloaded');
      }
      expect((await set(sparing, other)).status).toBe(200);
    });
  });

  describe('tell the app where it stands', () => {
    it('of each limit that applied', async () => {
      const app = newApp();
      const directDebit = await set(gateway, app);
      expect(members(directDebit, 'ratelimit-policy')).toEqual({
        caller: { q: LIMIT, w: 60 },
        'customer-change': { q: 1_000_000, w: 3600 },
        octane: { q: LIMIT, w: 60 },
      });
      expect(members(directDebit, 'ratelimit')).toEqual({
        caller: { r: LIMIT - 1, t: 60 },
        'customer-change': { r: 999_999, t: 3600 },
        octane: { r: LIMIT - 1, t: 60 },
      });
      await after(20_000);
      const email = await send(gateway, app);
      expect(members(email, 'ratelimit-policy')).toEqual({
        caller: { q: LIMIT, w: 60 },
        'welcome-email': { q: 3, w: 3600 },
        octane: { q: LIMIT, w: 60 },
      });
      expect(members(email, 'ratelimit')).toEqual({
        caller: { r: LIMIT - 2, t: expect.any(Number) },
        'welcome-email': { r: 2, t: 3600 },
        octane: { r: LIMIT - 2, t: expect.any(Number) },
      });
      const { t } = members(email, 'ratelimit')['caller'] as { t: number };
      expect(t).toBeLessThanOrEqual(40);
    });

    it('also when Octane refuses', async () => {
      gateway.octane.script = (_hit, response) => response.writeHead(404).end();
      const answer = await send(gateway, newApp());
      expectProblem(answer, 404, 'customer-not-found', { outcome: 'rejected', retryable: false });
      expect(Object.keys(members(answer, 'ratelimit'))).toEqual(['welcome-email', 'caller', 'octane']);
    });

    it('without those that did not apply', async () => {
      const app = newApp();
      await times(3, () => send(gateway, app));
      const answer = await send(gateway, app);
      expectLimited(answer, 'welcome-email');
      expect(members(answer, 'ratelimit')).toEqual({
        caller: { r: LIMIT - 4, t: expect.any(Number) },
        'welcome-email': { r: 0, t: expect.any(Number) },
      });
      expect(hits()).toBe(3);
    });

    it('with a time after which it may come again', async () => {
      const app = newApp();
      await times(3, () => send(gateway, app));
      const refused = await send(gateway, app);
      expectLimited(refused, 'welcome-email');
      await after(Number(refused.headers['retry-after']) * 1000 - MINUTE_MS);
      expect((await send(gateway, app)).status).toBe(429);
      await after(MINUTE_MS);
      expect((await send(gateway, app)).status).toBe(204);
      expect(hits()).toBe(4);
    });
  });

  describe('count apart', () => {
    it('callers', async () => {
      const [app, other] = [newApp(), newApp()];
      await times(LIMIT, () => set(gateway, app));
      expectLimited(await set(gateway, app), 'caller');
      expect(left(await set(gateway, other), 'caller')).toBe(LIMIT - 1);
      await after(MINUTE_MS);
      expect(left(await set(gateway, app), 'caller')).toBe(LIMIT - 1);
    });

    it('customers, and one customer number in two groups', async () => {
      const [app, other] = [newApp(), newApp()];
      await times(3, () => send(gateway, app, { custno: '1' }));
      expectLimited(await send(gateway, app, { custno: '1' }), 'welcome-email');
      expect((await send(gateway, app, { custno: '11' })).status).toBe(204);
      expect((await send(gateway, other, { custno: '1' })).status).toBe(204);
    });

    it('"me" and the number together', async () => {
      const app = newApp();
      const token = await tokenOf(gateway, app); // names customer 700123
      await times(2, () => send(gateway, app, { token, custno: 'me' }));
      expect((await send(gateway, app, { token })).status).toBe(204);
      expectLimited(await send(gateway, app, { token, custno: 'me' }), 'welcome-email');
    });

    it('direct debits and welcome emails of a caller together', async () => {
      const app = newApp();
      await set(gateway, app);
      expect(left(await send(gateway, app), 'caller')).toBe(LIMIT - 2);
    });
  });

  describe('cost', () => {
    it('a request that is refused before them nothing', async () => {
      const app = newApp();
      const refusals: Partial<Call & { custno: string }>[] = [
        { token: 'x.y.z' },
        { path: '/v1/customers/0/direct-debit' },
        { method: 'PUT' },
        { headers: { 'content-type': 'text/plain' } },
        { body: '{' },
        { body: { directDebit: { ...VALID_DIRECT_DEBIT, directDebitType: 'x' } } },
        { headers: { 'idempotency-key': '' } },
      ];
      for (const refusal of refusals) {
        const { status, headers } = await set(gateway, app, refusal);
        expect({ refusal, status }).not.toMatchObject({ status: 200 });
        expect([refusal, headers['ratelimit-policy']]).toEqual([
          refusal,
          'token' in refusal ? '"auth-failure";q=1000000;w=60' : undefined,
        ]);
      }
      expect(hits()).toBe(0);
      expect(left(await set(gateway, app), 'caller')).toBe(LIMIT - 1);
    });

    it('a request over the caller limit nothing more', async () => {
      const app = newApp();
      const key = { 'idempotency-key': 'over-the-limit' };
      await times(LIMIT, () => set(gateway, app));
      const refused = await send(gateway, app, { headers: key });
      expectLimited(refused, 'caller');
      expect(Object.keys(members(refused, 'ratelimit'))).toEqual(['caller']);
      await after(MINUTE_MS);
      const answer = await send(gateway, app, { headers: key });
      expect([answer.status, left(answer, 'welcome-email')]).toEqual([204, 2]);
    });

    it('a replay one request of the caller, and nothing else', async () => {
      const app = newApp();
      const headers = { 'idempotency-key': 'a-replay' };
      await send(gateway, app, { headers });
      for (const remaining of [LIMIT - 2, LIMIT - 3, LIMIT - 4, LIMIT - 5]) {
        const replay = await send(gateway, app, { headers });
        expect([replay.status, replay.headers['idempotency-replayed']]).toEqual([204, 'true']);
        expect(members(replay, 'ratelimit')).toEqual({ caller: { r: remaining, t: expect.any(Number) } });
      }
      expect(hits()).toBe(1);
      const next = await send(gateway, app);
      expect([left(next, 'welcome-email'), left(next, 'octane')]).toEqual([1, LIMIT - 2]);
    });

    it('a refused email its key nothing', async () => {
      const app = newApp();
      await times(3, () => send(gateway, app));
      const headers = { 'idempotency-key': 'a-refused-email' };
      const refused = await send(gateway, app, { headers });
      expectLimited(refused, 'welcome-email');
      await after(Number(refused.headers['retry-after']) * 1000);
      const answer = await send(gateway, app, { headers });
      expect([answer.status, answer.headers['idempotency-replayed']]).toEqual([204, undefined]);
    });
  });

  it('are used up by an email that may have been sent, and by one that Octane refused', async () => {
    const app = newApp();
    gateway.octane.script = (_hit, _response, socket) => socket.destroy();
    expect((await send(gateway, app)).json.outcome).toBe('unknown');
    gateway.octane.script = (_hit, response) => response.writeHead(404).end();
    expect((await send(gateway, app)).json.outcome).toBe('rejected');
    gateway.octane.script = answerProperly;
    expect((await send(gateway, app)).status).toBe(204);
    expectLimited(await send(gateway, app), 'welcome-email');
  });

  it('are not used up by an email that was certainly not sent', async () => {
    const app = newApp();
    for (const remaining of [2, 1]) expect(left(await send(sparing, app), 'welcome-email')).toBe(remaining);
    for (let refusal = 0; refusal < 5; refusal += 1) {
      expectLimited(await send(sparing, app), 'octane', 503, 'overloaded');
    }
    await after(MINUTE_MS);
    expect(left(await send(sparing, app), 'welcome-email')).toBe(0);
    expectLimited(await send(sparing, app), 'welcome-email');
    expect(hits()).toBe(3);
  });

  it('are logged by name', async () => {
    const app = newApp();
    await times(3, () => send(gateway, app));
    const refused = await send(gateway, app);
    const line = await eventually(() =>
      gateway.log.find((text) => text.includes(String(refused.headers['x-request-id']))),
    );
    expect(JSON.parse(line)).toMatchObject({
      status: 429,
      code: 'rate-limited',
      reason: 'welcome-email',
      outcome: 'not-sent',
    });
  });
});

describe('limits of two gateways', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway({});
  });
  afterAll(() => gateway.stop());

  it('with SQLite are each one’s own', async () => {
    const other = await startGateway({}, gateway);
    const app = newApp();
    await times(3, () => send(gateway, app));
    expectLimited(await send(gateway, app), 'welcome-email');
    expect(left(await send(other, app), 'welcome-email')).toBe(2);
    await other.stop();
  });

  it('on a new PostgreSQL are shared, also when both start at once', async () => {
    const store = { DATABASE_URL: await postgres.newDatabase() };
    const replicas = await times(2, () => startGateway(store, gateway));
    const app = newApp();
    const answers = await Promise.all([...replicas, ...replicas].map((replica) => send(replica, app)));
    expect(statuses(answers)).toEqual({ 204: 3, 429: 1 });
    expect(replicas.flatMap(({ log }) => log.filter((line) => line.includes('limits')))).toEqual([]);
    await Promise.all(replicas.map((replica) => replica.stop()));
  });
});
