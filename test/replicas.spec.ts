import { Clock } from '../src/journal/clock.ts';
import { KyselyJournalStore } from '../src/journal/store/kysely-journal-store.ts';
import { openPostgres } from '../src/journal/store/open-database.ts';
import { Retention } from '../src/journal/retention.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { journalRecords } from './support/journal-records.ts';
import { sharedPostgres } from './support/shared-postgres.ts';
import type { Databases } from './support/shared-postgres.ts';

const OTHER_DIRECT_DEBIT = { ...VALID_DIRECT_DEBIT, ddPaymentDay: '16' };
const OPERATIONS = ['direct-debit', 'welcome-email'] as const;

const DAY_MS = 86_400_000;

type Operation = (typeof OPERATIONS)[number];

let postgres: Databases;
let databaseUrl: string;
let one: TestGateway;
let other: TestGateway;
let keys = 0;

beforeAll(async () => {
  postgres = await sharedPostgres();
  databaseUrl = await postgres.newDatabase();
  const environment = { DATABASE_URL: databaseUrl, OCTANE_TIMEOUT_MS: '2000' };
  one = await TestGateway.start({ environment });
  other = await TestGateway.start({ environment, beside: one });
});
afterAll(async () => {
  await other.stop();
  await one.stop();
  await postgres.stop();
});
beforeEach(() => one.octane.reset());

const newKey = (): string => `key-${(keys += 1)}`;
const hits = (): number => one.octane.hits.length;

function ask(
  replica: TestGateway,
  operation: Operation,
  key: string,
  directDebit: unknown = VALID_DIRECT_DEBIT,
): Promise<Answer> {
  const call = { headers: { 'idempotency-key': key } };
  return operation === 'direct-debit'
    ? replica.setDirectDebit(directDebit, call)
    : replica.sendWelcomeEmail(call);
}

/** 50 requests with one key, every second one to the other replica. */
function ask50(operation: Operation, key: string): Promise<Answer[]> {
  return Promise.all(
    Array.from({ length: 50 }, (_, index) => ask(index % 2 === 0 ? one : other, operation, key)),
  );
}

describe('two replicas on one journal', () => {
  describe.each(OPERATIONS)('for the %s', (operation) => {
    const success = operation === 'direct-debit' ? 200 : 204;

    it('send one of 50 parallel requests with one key', async () => {
      const key = newKey();
      const answers = await ask50(operation, key);
      expect(hits()).toBe(1);
      const [successes, others] = [success, 409].map((wanted) =>
        answers.filter(({ status }) => status === wanted),
      );
      expect(successes!.length + others!.length).toBe(50);
      expect(successes!.filter(({ headers }) => !headers['idempotency-replayed'])).toHaveLength(1);
      expect(new Set(successes!.map(({ text }) => text)).size).toBe(1);
      for (const answer of others!) expectProblem(answer, 409, 'request-in-progress');
      for (const replica of [one, other]) {
        const again = await ask(replica, operation, key);
        expect([again.status, again.headers['idempotency-replayed']]).toEqual([success, 'true']);
      }
      expect(hits()).toBe(1);
    });

    it('give each other’s answers again', async () => {
      const key = newKey();
      const first = await ask(one, operation, key);
      const again = await ask(other, operation, key);
      expect(first.headers).not.toHaveProperty('idempotency-replayed');
      expect([again.status, again.text]).toEqual([success, first.text]);
      expect(again.headers['idempotency-replayed']).toBe('true');
      expect(hits()).toBe(1);
    });

    it('know of each other what still runs', async () => {
      const key = newKey();
      const held = Promise.withResolvers<() => void>();
      one.octane.script = (_hit, response) => held.resolve(() => response.destroy());
      const first = ask(one, operation, key);
      const hangUp = await held.promise;
      expectProblem(await ask(other, operation, key), 409, 'request-in-progress');
      expect(hits()).toBe(1);
      one.octane.reset();
      hangUp();
      expect([200, 502]).toContain((await first).status);
    });
  });

  describe('know of each other what nobody knows', () => {
    async function leaveUnknown(operation: Operation, key: string): Promise<void> {
      one.octane.script = (_hit, response) => response.writeHead(500).end();
      expect((await ask(one, operation, key)).json).toMatchObject({ outcome: 'unknown' });
      one.octane.reset();
    }

    it('and do not send such an email again', async () => {
      const key = newKey();
      await leaveUnknown('welcome-email', key);
      for (const answer of await ask50('welcome-email', key))
        expectProblem(answer, 409, 'outcome-unknown', { outcome: 'unknown', retryable: false });
      expect(hits()).toBe(0);
    });

    it('and set such a direct debit again once, however many ask, and only with the same body', async () => {
      const key = newKey();
      await leaveUnknown('direct-debit', key);
      expectProblem(await ask(other, 'direct-debit', key, OTHER_DIRECT_DEBIT), 422, 'idempotency-key-reused');
      expect(hits()).toBe(0);
      await ask50('direct-debit', key);
      expect((await ask(other, 'direct-debit', key)).headers['idempotency-replayed']).toBe('true');
      expect(hits()).toBe(1);
    });
  });

  it('refuse a key that the other one used with another body', async () => {
    const key = newKey();
    await ask(one, 'direct-debit', key);
    expectProblem(await ask(other, 'direct-debit', key, OTHER_DIRECT_DEBIT), 422, 'idempotency-key-reused');
    expect(hits()).toBe(1);
  });

  it('do not take the key of a caller for that of its former group', async () => {
    const key = newKey();
    await ask(one, 'direct-debit', key);
    const moved = await TestGateway.start({
      environment: { DATABASE_URL: databaseUrl },
      beside: one,
      gatewayFile: ({ callers }) => {
        callers[0].groupno = '2002';
      },
    });
    const answer = await ask(moved, 'direct-debit', key, OTHER_DIRECT_DEBIT);
    await moved.stop();
    expect([answer.status, answer.headers['idempotency-replayed']]).toEqual([200, undefined]);
    expect(one.octane.hits.map(({ path }) => /group\/(\d+)/.exec(path)?.[1])).toEqual(['1001', '2002']);
  });

  it('put each change on one record', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one : other).setDirectDebit()),
    );
    const sent = new Set(answers.map(({ headers }) => headers['x-request-id']));
    const records = (await journalRecords(databaseUrl)).filter(({ requestId }) => sent.has(requestId));
    expect(records.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 40 }, () => 'applied'));
    expect(new Set(records.map(({ requestId }) => requestId))).toEqual(sent);
  });
});

describe.each([
  ['ahead', 500],
  ['behind', -500],
])('two replicas of which one is %s by more than the journal is kept', (_, days) => {
  const setClock = (aheadMs: number): void => {
    other.application.get(Clock, { strict: false }).now = () => Date.now() + aheadMs;
  };
  beforeAll(() => setClock(days * DAY_MS));
  afterAll(() => setClock(0));
  const prune = (): Promise<unknown> => other.application.get(Retention, { strict: false }).prune();

  it.each([
    ['the right one', 'the wrong one'],
    ['the wrong one', 'the right one'],
  ])('give %s’s answer again at %s, and lose no key and no record', async (first) => {
    const [begins, repeats] = first === 'the right one' ? [one, other] : [other, one];
    for (const operation of OPERATIONS) {
      const key = newKey();
      const answer = await ask(begins, operation, key);
      await prune();
      const again = await ask(repeats, operation, key);
      expect([again.text, again.headers['idempotency-replayed']]).toEqual([answer.text, 'true']);
      const records = await journalRecords(databaseUrl);
      const record = records.find(({ requestId }) => requestId === answer.headers['x-request-id']);
      expect(Math.abs(record!.at - Date.now())).toBeLessThan(60_000);
    }
    expect(hits()).toBe(2);
  });

  it.each([
    ['the right one', 'the wrong one'],
    ['the wrong one', 'the right one'],
  ])('know that a change of %s still runs at %s, and that nobody knows its outcome', async (first) => {
    const [begins, repeats] = first === 'the right one' ? [one, other] : [other, one];
    for (const operation of OPERATIONS) {
      const key = newKey();
      const held = Promise.withResolvers<() => void>();
      one.octane.script = (_hit, response) => held.resolve(() => void response.writeHead(500).end());
      const running = ask(begins, operation, key);
      const fail = await held.promise;
      expectProblem(await ask(repeats, operation, key), 409, 'request-in-progress');
      await prune();
      fail();
      expect((await running).json.outcome).toBe('unknown');
      one.octane.reset();
      if (operation === 'welcome-email') {
        const known = { outcome: 'unknown', retryable: false };
        expectProblem(await ask(repeats, operation, key), 409, 'outcome-unknown', known);
      } else
        expectProblem(await ask(repeats, operation, key, OTHER_DIRECT_DEBIT), 422, 'idempotency-key-reused');
      expect(hits()).toBe(0);
    }
  });
});

describe('two replicas that start at once', () => {
  it('on an empty database both work', async () => {
    const environment = { DATABASE_URL: await postgres.newDatabase() };
    const replicas = await Promise.all([
      TestGateway.start({ environment, beside: one }),
      TestGateway.start({ environment, beside: one }),
    ]);
    try {
      const answers = await Promise.all(replicas.map((replica) => replica.setDirectDebit()));
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(await journalRecords(environment.DATABASE_URL)).toHaveLength(2);
      expect(replicas.flatMap(({ log }) => log).filter((line) => line.includes('"level":"error"'))).toEqual(
        [],
      );
    } finally {
      await Promise.all(replicas.map((replica) => replica.stop()));
    }
  });

  it.each([1, 2, 3, 4, 5])('bring a database up to date together, time %i', async () => {
    const url = await postgres.newDatabase();
    const stores = Array.from({ length: 4 }, () => new KyselyJournalStore(openPostgres(url)));
    const opened = Promise.all(stores.map((store) => store.open()));
    await expect(opened).resolves.toHaveLength(stores.length);
    await Promise.all(stores.map((store) => store.check()));
    await Promise.all(stores.map((store) => store.close()));
  });
});
