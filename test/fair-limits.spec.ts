import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { LiveGatewayConfig } from '../src/config/live-gateway-config.ts';
import { expectProblem } from './support/expect-problem.ts';
import type { Answer, Call, TestGateway } from './support/gateway.ts';
import {
  clockToSetForward,
  expectLimited,
  left,
  members,
  MINUTE_MS,
  newApp,
  send,
  set,
  startGateway,
  statuses,
  times,
  tokenOf,
  tokenOfUser,
} from './support/limits.ts';
import type { App } from './support/limits.ts';
import { sharedPostgres } from './support/shared-postgres.ts';
import type { Databases } from './support/shared-postgres.ts';
import { STORE_KINDS } from './support/stores.ts';

const LIMITS = { USER_RATE_LIMIT: '4', CALLER_RATE_LIMIT: '10', CUSTOMER_CHANGE_RATE_LIMIT: '5' };
/** Five times the limit of a user, and of a caller. */
const [USER_FLOOD, CALLER_FLOOD] = [20, 50];

let postgres: Databases;
beforeAll(async () => {
  postgres = await sharedPostgres();
});
afterAll(() => postgres.stop());
const { after, alsoOf } = clockToSetForward();

describe.each(STORE_KINDS)('on %s', (kind) => {
  let gateway: TestGateway;
  let replica: TestGateway;
  /** Shares counts with the others where they share a store, and calls Octane less often. */
  let sparing: TestGateway;
  beforeAll(async () => {
    const store = kind === 'PostgreSQL' && { DATABASE_URL: await alsoOf(await postgres.newDatabase()) };
    const settings = { ...LIMITS, ...store };
    gateway = await startGateway(settings);
    replica = store ? await startGateway(settings, gateway) : gateway;
    sparing = await startGateway({ ...settings, OCTANE_RATE_LIMIT: '2' }, gateway);
  });
  afterAll(async () => {
    await sparing.stop();
    if (replica !== gateway) await replica.stop();
    await gateway.stop();
  });
  beforeEach(() => gateway.octane.reset());
  const hits = (): number => gateway.octane.hits.length;

  /** Sets a direct debit as a user of the app, for the customer of that user. */
  const setAs = async (
    app: App,
    subject: string,
    custno: string,
    call: Partial<Call> = {},
  ): Promise<Answer> =>
    gateway.setDirectDebit(undefined, {
      token: await tokenOfUser(gateway, app, subject, { custno }),
      path: '/v1/customers/me/direct-debit',
      ...call,
    });

  describe('a user', () => {
    it('has a limit of its own over all replicas, and takes nothing from others once it is used up', async () => {
      const app = newApp();
      const token = await tokenOfUser(gateway, app, 'greedy', { custno: '1' });
      const answers = await times(15, (index) =>
        (index % 2 === 0 ? gateway : replica).setDirectDebit(undefined, {
          token,
          path: '/v1/customers/1/direct-debit',
        }),
      );
      expect(statuses(answers)).toEqual({ 200: 4, 429: 11 });
      expect(hits()).toBe(4);
      for (const answer of answers.filter(({ status }) => status === 429)) {
        expectLimited(answer, 'user');
        expect(members(answer, 'ratelimit-policy')).toEqual({ user: { q: 4, w: 60 } });
      }
      const other = await setAs(app, 'modest', '2');
      expect([other.status, left(other, 'user'), left(other, 'caller')]).toEqual([200, 3, 5]);
      await after(MINUTE_MS);
      expect((await setAs(app, 'greedy', '1')).status).toBe(200);
    });

    it('is one subject of one client', async () => {
      const [app, other] = [newApp(), newApp()];
      await times(4, () => setAs(app, 'same', '1'));
      expectLimited(await setAs(app, 'same', '1'), 'user');
      expect(left(await setAs(other, 'same', '1'), 'user')).toBe(3);
      expect(left(await setAs(app, 'sam', '2'), 'user')).toBe(3);
    });

    it('shares the limit of its caller with the others', async () => {
      const app = newApp();
      for (const custno of ['1', '2']) {
        for (const status of [200, 200, 200, 200]) {
          expect((await setAs(app, custno, custno)).status).toBe(status);
        }
      }
      const last = await times(4, (index) => setAs(app, `last-${index}`, `3${index}`));
      expect(statuses(last)).toEqual({ 200: 2, 429: 2 });
      const refused = last.find(({ status }) => status === 429)!;
      expectLimited(refused, 'caller');
      // The limit that refuses stands before the one that does not.
      expect(Object.keys(members(refused, 'ratelimit'))).toEqual(['caller', 'user']);
      expect(hits()).toBe(10);
    });

    it('is locked out for no longer than a minute when the time of day is set back by two hours', async () => {
      const app = newApp();
      await times(4, () => setAs(app, 'stepped', '1'));
      const timeOfDay = Date.now;
      Date.now = () => timeOfDay() - 120 * MINUTE_MS;
      try {
        const refused = await setAs(app, 'stepped', '1');
        expectLimited(refused, 'user');
        expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
        await after(MINUTE_MS);
        expect((await setAs(app, 'stepped', '1')).status).toBe(200);
      } finally {
        Date.now = timeOfDay;
      }
    });

    it('is nobody’s where the client acts for itself', async () => {
      const app = newApp();
      const answers = await times(11, (index) =>
        set(gateway, app, { path: `/v1/customers/${index + 1}/direct-debit` }),
      );
      expect(statuses(answers)).toEqual({ 200: 10, 429: 1 });
      for (const answer of answers) expect(members(answer, 'ratelimit')).not.toHaveProperty('user');
    });
  });

  it('a caller’s own rateLimit stands before the setting, and a change of it holds in the same window', async () => {
    const app = newApp();
    const path = join(gateway.folder, 'gateway.yaml');
    const live = gateway.application.get(LiveGatewayConfig, { strict: false });
    const setRateLimit = async (rateLimit: number | undefined): Promise<void> => {
      const file = parse(await readFile(path, 'utf8')) as { callers: Record<string, unknown>[] };
      const entry = file.callers.find(({ clientId }) => clientId === app.clientId)!;
      entry['rateLimit'] = rateLimit;
      await writeFile(`${path}.tmp`, stringify(file));
      await rename(`${path}.tmp`, path);
      // Two looks accept a change. When it looks by itself is not what this is about.
      live.look();
      live.look();
    };
    const limitOf = (answer: Answer): unknown => members(answer, 'ratelimit-policy')['caller'];
    await setRateLimit(1200);
    for (let sent = 0; sent < 3; sent += 1) expect((await set(gateway, app)).status).toBe(200);
    expect(limitOf(await set(gateway, app))).toEqual({ q: 1200, w: 60 });
    await setRateLimit(2);
    const refused = await set(gateway, app);
    expectLimited(refused, 'caller');
    expect(limitOf(refused)).toEqual({ q: 2, w: 60 });
    await setRateLimit(undefined);
    const last = await set(gateway, app);
    expect([last.status, limitOf(last)]).toEqual([200, { q: 10, w: 60 }]);
  });

  describe('a customer', () => {
    it('is changed so often in an hour by one operation, whoever asks, over all replicas', async () => {
      const [app, other] = [newApp(), newApp()];
      for (const at of [gateway, replica, gateway]) expect((await set(at, app)).status).toBe(200);
      for (const remaining of [1, 0]) {
        expect(left(await setAs(app, 'user', '700123'), 'customer-change')).toBe(remaining);
      }
      const refused = await set(replica, app);
      expectLimited(refused, 'customer-change');
      expect(Object.keys(members(refused, 'ratelimit'))[0]).toBe('customer-change');
      expectLimited(await setAs(app, 'user', '700123'), 'customer-change');
      expect(hits()).toBe(5);
      expect((await set(gateway, app, { path: '/v1/customers/700124/direct-debit' })).status).toBe(200);
      expect((await set(gateway, other)).status).toBe(200);
      const email = await send(gateway, app);
      expect([email.status, Object.keys(members(email, 'ratelimit')).includes('customer-change')]).toEqual([
        204,
        false,
      ]);
      await after(60 * MINUTE_MS);
      expect(left(await set(gateway, app), 'customer-change')).toBe(4);
    });

    it('loses nothing by a change that was certainly not sent, nor by a replay', async () => {
      const app = newApp();
      const headers = { 'idempotency-key': 'a-change' };
      expect((await set(sparing, app, { headers })).status).toBe(200);
      for (const remaining of [8, 7]) {
        const replay = await set(sparing, app, { headers });
        expect(replay.headers['idempotency-replayed']).toBe('true');
        expect(members(replay, 'ratelimit')).toEqual({ caller: { r: remaining, t: expect.any(Number) } });
      }
      expect((await set(sparing, app)).status).toBe(200);
      for (let refusal = 0; refusal < 5; refusal += 1) {
        expectLimited(await set(sparing, app), 'octane', 503, 'overloaded');
      }
      await after(MINUTE_MS);
      expect(left(await set(sparing, app), 'customer-change')).toBe(2);
      expect(hits()).toBe(3);
    });

    it('is changed once more by a direct debit of unknown outcome, and by one that Octane refused', async () => {
      const app = newApp();
      gateway.octane.script = (_hit, response) => response.writeHead(500).end();
      expect((await set(gateway, app)).json.outcome).toBe('unknown');
      gateway.octane.script = (_hit, response) => response.writeHead(404).end();
      const answer = await set(gateway, app);
      expect([answer.json.outcome, left(answer, 'customer-change')]).toEqual(['rejected', 3]);
    });
  });

  describe('who sends five times its limit in a minute is refused unseen', () => {
    /** Sends what is refused before any limit, and looks at the next thing that is sent. */
    const sendRefusals = async (count: number, refused: () => Promise<Answer>): Promise<void> => {
      const answers = await times(count, refused);
      expect(answers.filter(({ status }) => status === 429)).toEqual([]);
    };
    const expectFlood = (answer: Answer, quota: number): void => {
      expectLimited(answer, 'flood');
      expect(members(answer, 'ratelimit-policy')).toEqual({ flood: { q: quota, w: 60 } });
    };

    it('a user', async () => {
      const app = newApp();
      const foreign = { path: '/v1/customers/999/direct-debit' };
      await sendRefusals(USER_FLOOD / 2, () => setAs(app, 'flooder', '1', foreign));
      await sendRefusals(USER_FLOOD / 2, () => setAs(app, 'flooder', '1', { body: {} }));
      for (const call of [
        {},
        foreign,
        { path: '/v1/customers/0/direct-debit' },
        { body: '{' },
        { headers: { 'content-type': 'text/plain' } },
        { token: await tokenOfUser(gateway, app, 'flooder', { scope: '' }) },
        { path: '/v1/customers/me/send-welcome-email' },
      ]) {
        expectFlood(await setAs(app, 'flooder', '1', call), USER_FLOOD);
      }
      expectProblem(await setAs(app, 'flooder', '1', { method: 'PUT' }), 405, 'method-not-allowed');
      expect(hits()).toBe(0);
      const other = await setAs(app, 'neighbour', '2');
      expect([other.status, left(other, 'user'), left(other, 'caller')]).toEqual([200, 3, 9]);
      await after(MINUTE_MS);
      expect((await setAs(app, 'flooder', '1')).status).toBe(200);
    });

    it('a caller that acts for itself, whatever subjects it has', async () => {
      const app = newApp();
      const as = (subject: string): Promise<string> =>
        gateway.issuer.token({ claims: { client_id: app.clientId, sub: subject } });
      let subject = 0;
      await sendRefusals(CALLER_FLOOD, async () => {
        subject += 1;
        return set(gateway, app, { token: await as(`subject-${subject}`), body: {} });
      });
      expectFlood(await set(gateway, app, { token: await as('another') }), CALLER_FLOOD);
      expect((await setAs(app, 'user', '2')).status).toBe(200);
      expect((await set(gateway, newApp())).status).toBe(200);
    });

    it('before its body has come, and by this process alone', async () => {
      const app = newApp();
      const token = await tokenOf(gateway, app);
      await sendRefusals(CALLER_FLOOD, () => set(gateway, app, { token, body: {} }));
      expectFlood(await set(gateway, app, { token, headers: { expect: '100-continue' } }), CALLER_FLOOD);
      const elsewhere = await set(replica, app, { token });
      expect(elsewhere.status).toBe(replica === gateway ? 429 : 200);
    });
  });
});
