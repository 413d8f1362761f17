import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { hashOf } from '../src/limits/limit-key.ts';
import { Counts } from '../src/limits/counts.ts';
import { PostgresCounts } from '../src/limits/postgres-counts.ts';
import { Operations } from '../src/operations/operations.ts';
import { Metrics } from '../src/telemetry/metrics.ts';
import { DatabaseClock } from './support/database-clock.ts';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import type { TestGateway } from './support/gateway.ts';
import {
  clockToSetForward,
  expectLimited,
  left,
  LIMIT,
  members,
  MINUTE_MS,
  newApp,
  REFUSED,
  send,
  set,
  startGateway,
  statuses,
  times,
} from './support/limits.ts';
import { POLICY } from './support/policy.ts';
import { TestPostgres } from './support/postgres.ts';
import { standStill } from './support/stand-still.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await TestPostgres.start();
});
afterAll(() => postgres.stop());
const { after, alsoOf } = clockToSetForward();

describe('the store of the limits', () => {
  let databaseUrl: string;
  let gateway: TestGateway;
  let replica: TestGateway;
  let database: pg.Client;
  beforeAll(async () => {
    databaseUrl = await alsoOf(await postgres.newDatabase());
    gateway = await startGateway({ DATABASE_URL: databaseUrl });
    replica = await startGateway({ DATABASE_URL: databaseUrl }, gateway);
    database = new pg.Client(databaseUrl);
    // It ends with the database, and is not used after that.
    database.on('error', () => undefined);
    await database.connect();
  });
  afterAll(async () => {
    await database.end();
    await replica.stop();
    await gateway.stop();
  });
  const linesAboutLimits = (): string[] =>
    // Nest has one logger in a process: that of the gateway that was started last.
    replica.log.filter((line) => line.includes('limits are')).map((line) => String(JSON.parse(line).msg));

  it('holds no issuer, client or customer in words', async () => {
    const app = newApp();
    await send(gateway, app, { custno: '7654321' });
    const { rows } = await database.query('SELECT key FROM rate_limits');
    expect(rows).toEqual(
      rows.map(() => ({
        key: expect.stringMatching(/^(caller|customer-change|welcome-email|octane):[\w-]{43}$/),
      })),
    );
    expect(rows.length).toBeGreaterThanOrEqual(3);
  });

  it('forgets the windows that are over', async () => {
    const [app, other] = [newApp(), newApp()];
    const keys = async (): Promise<string[]> =>
      (await database.query<{ key: string }>('SELECT key FROM rate_limits ORDER BY key')).rows.map(
        ({ key }) => key,
      );
    const counts = new PostgresCounts(databaseUrl, new Metrics(new Operations([])), true);
    await after(60 * MINUTE_MS);
    await counts.prune();
    await database.query('DELETE FROM rate_limits');
    await send(gateway, app);
    await after(2 * MINUTE_MS);
    const live = (await keys()).filter((key) => key.startsWith('welcome-email:'));
    await set(gateway, other);
    expect(await keys()).toHaveLength(6);
    await counts.prune();
    const kept = await keys();
    expect(kept.filter((key) => key.startsWith('welcome-email:'))).toEqual(live);
    expect(kept).toHaveLength(4);
    await counts.onApplicationShutdown();
  });

  describe('with a clock that steps', () => {
    const realDate = Date.now.bind(Date);
    let url: string;
    let clock: DatabaseClock;
    let counts: PostgresCounts;
    beforeAll(async () => {
      url = await postgres.newDatabase();
      clock = await DatabaseClock.of(url);
      counts = new PostgresCounts(url, new Metrics(new Operations([])), true);
    });
    afterAll(() => counts.onApplicationShutdown());
    beforeEach(() => clock.set(0));
    const HOUR_MS = 60 * MINUTE_MS;

    it.each([-2, 2])('counts on when that of the process steps by %d hours', async (hours) => {
      const key = `process ${hours}`;
      await counts.add(POLICY, key);
      const before = Date.now;
      Date.now = () => realDate() + hours * HOUR_MS;
      try {
        const { uses, resetMs } = await counts.add(POLICY, key);
        expect(uses).toBe(2);
        expect(resetMs).toBeGreaterThan(0);
        expect(resetMs).toBeLessThanOrEqual(MINUTE_MS);
      } finally {
        Date.now = before;
      }
    });

    it('locks nobody out when that of the database is set back', async () => {
      for (const uses of [1, 2, 3]) expect(await counts.add(POLICY, 'database')).toMatchObject({ uses });
      await clock.set(-2 * HOUR_MS);
      expect(await counts.add(POLICY, 'database')).toEqual({
        uses: 1,
        resetMs: MINUTE_MS,
        takeBack: expect.any(Function),
      });
      expect(await counts.add(POLICY, 'database')).toMatchObject({ uses: 2 });
      await clock.set(-2 * HOUR_MS + MINUTE_MS);
      expect(await counts.add(POLICY, 'database')).toMatchObject({ uses: 1 });
    });

    it('counts on when the clock of the database is corrected by a moment', async () => {
      await counts.add(POLICY, 'moment');
      await clock.set(-500);
      const { uses, resetMs } = await counts.add(POLICY, 'moment');
      expect(uses).toBe(2);
      expect(resetMs).toBeLessThanOrEqual(MINUTE_MS);
    });

    it('takes a use back from its own window alone', async () => {
      const first = await counts.add(POLICY, 'taken back');
      await counts.add(POLICY, 'taken back');
      await first.takeBack();
      const last = await counts.add(POLICY, 'taken back');
      expect(last.uses).toBe(2);
      await clock.set(MINUTE_MS);
      await counts.add(POLICY, 'taken back');
      await last.takeBack();
      expect(await counts.add(POLICY, 'taken back')).toMatchObject({ uses: 2 });
    });

    it('counts on when this process stood still while the database answered', async () => {
      await counts.add(POLICY, 'held up');
      const next = counts.add(POLICY, 'held up');
      await setImmediate();
      standStill(2500);
      expect(await next).toMatchObject({ uses: 2 });
    });

    it('counts on when this process stood still while a connection to the database was opened', async () => {
      const fresh = new PostgresCounts(url, new Metrics(new Operations([])), true);
      const first = fresh.add(POLICY, 'held up at the start');
      await setImmediate();
      standStill(2500);
      await first;
      expect(await counts.add(POLICY, 'held up at the start')).toMatchObject({ uses: 2 });
      await fresh.onApplicationShutdown();
    });

    it('forgets windows of a clock that was far ahead', async () => {
      await clock.set(24 * HOUR_MS);
      await counts.add(POLICY, 'ahead');
      await clock.set(0);
      await counts.add(POLICY, 'now');
      await counts.prune();
      const reader = new pg.Client(url);
      await reader.connect();
      const { rows } = await reader.query<{ key: string }>('SELECT key FROM rate_limits');
      await reader.end();
      expect(rows.map(({ key }) => key)).toContain(`${POLICY.name}:${hashOf('now')}`);
      expect(rows.map(({ key }) => key)).not.toContain(`${POLICY.name}:${hashOf('ahead')}`);
    });
  });

  it('may be too slow: each gateway then counts by itself, and together again when it is not', async () => {
    const app = newApp();
    await times(3, () => send(gateway, app));
    await database.query('BEGIN');
    await database.query('LOCK TABLE rate_limits IN ACCESS EXCLUSIVE MODE');
    const answers = await times(4, () => send(gateway, app));
    expect(statuses(answers)).toEqual({ 204: 3, 429: 1 });
    expect(linesAboutLimits()).toEqual(['limits are counted by this process alone']);
    await database.query('COMMIT');
    await after(5000);
    expectLimited(await send(gateway, app), 'welcome-email');
    expect(linesAboutLimits()).toEqual([
      'limits are counted by this process alone',
      'limits are counted over all replicas again',
    ]);
  });

  it('may take no additions: one line says so, and one that it does again, whatever else it takes meanwhile', async () => {
    const app = newApp();
    const before = linesAboutLimits().length;
    await database.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON rate_limits FOR EACH ROW EXECUTE FUNCTION refuse()`);
    const counts = replica.application.get<PostgresCounts>(Counts, { strict: false });
    for (let outage = 0; outage < 3; outage += 1) {
      expect((await send(replica, app)).status).toBe(204);
      await after(5000);
      await counts.prune();
    }
    expect(linesAboutLimits().slice(before)).toEqual(['limits are counted by this process alone']);
    await database.query('DROP TRIGGER refuse ON rate_limits');
    await after(5000);
    expect(left(await send(replica, app), 'welcome-email')).toBe(2);
    expect(linesAboutLimits().slice(before)).toEqual([
      'limits are counted by this process alone',
      'limits are counted over all replicas again',
    ]);
  });

  it('may be gone: it is made again', async () => {
    const app = newApp();
    await send(gateway, app);
    await database.query('DROP TABLE rate_limits');
    expect(left(await send(gateway, app), 'welcome-email')).toBe(2);
    await after(5000);
    expect(left(await send(gateway, app), 'welcome-email')).toBe(2);
    expect(left(await send(replica, app), 'welcome-email')).toBe(1);
  });

  it('may be down: limits hold all the same, and no request fails because of them', async () => {
    const app = newApp();
    await set(gateway, app);
    await postgres.goDown();
    try {
      const answers = await times(LIMIT + 1, () => set(gateway, app));
      expect(statuses(answers)).toEqual({ 429: 1, 503: LIMIT });
      for (const answer of answers) {
        if (answer.status === 429) expectLimited(answer, 'caller');
        else expectProblem(answer, 503, 'journal-unavailable', REFUSED);
        expect(Object.keys(members(answer, 'ratelimit'))).toEqual(['caller']);
      }
      expect(gateway.octane.hits.length).toBeGreaterThan(0);
    } finally {
      await postgres.comeBack();
    }
    await after(5000);
    await eventually(async () => (await set(replica, app)).status === 200);
  });

  it('may be down when the gateway starts', async () => {
    await postgres.goDown();
    let late: TestGateway;
    try {
      late = await startGateway({ DATABASE_URL: databaseUrl }, gateway);
      expectProblem(await set(late, newApp()), 503, 'journal-unavailable', REFUSED);
    } finally {
      await postgres.comeBack();
    }
    await after(5000);
    const app = newApp();
    await eventually(async () => (await set(late, app)).status === 200);
    await late.stop();
  });
});
