import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import pg from 'pg';
import type { JournalRecord } from '../src/journal/store/journal-store.ts';
import { Metrics } from '../src/telemetry/metrics.ts';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { journalRecords } from './support/journal-records.ts';
import { TestPostgres } from './support/postgres.ts';
import { Relay } from './support/relay.ts';
import { answerProperly } from './support/scripted-octane.ts';
import type { Script } from './support/scripted-octane.ts';

/** The gateway waits for seconds before it gives a store up. */
const SLOW_MS = 120_000;
/** Longer than a busy machine needs to end a PostgreSQL: what waits for Octane meanwhile gets its answer. */
const OCTANE_TIMEOUT_MS = 60_000;
const OTHER_DIRECT_DEBIT = { ...VALID_DIRECT_DEBIT, ddPaymentDay: '16' };

let gateway: TestGateway;
let keys = 0;
const newKey = (): string => `key-${(keys += 1)}`;
const set = (key?: string, directDebit: unknown = VALID_DIRECT_DEBIT): Promise<Answer> =>
  gateway.setDirectDebit(directDebit, { headers: key === undefined ? {} : { 'idempotency-key': key } });
const send = (key?: string): Promise<Answer> =>
  gateway.sendWelcomeEmail({ headers: key === undefined ? {} : { 'idempotency-key': key } });
const hits = (): number => gateway.octane.hits.length;

const startGateway = (databaseUrl: string, beside?: TestGateway): Promise<TestGateway> =>
  TestGateway.start({
    environment: { DATABASE_URL: databaseUrl, OCTANE_TIMEOUT_MS: String(OCTANE_TIMEOUT_MS) },
    ...(beside && { beside }),
  });

function expectRefusedBeforeSending(answer: Answer): void {
  expectProblem(answer, 503, 'journal-unavailable', { outcome: 'not-sent', retryable: true });
  expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
}

/**
 * Both operations are refused, with a key and without one, and Octane hears nothing.
 *
 * @returns what the direct debit with `key` got
 */
async function expectClosed(key = newKey()): Promise<Answer> {
  const before = hits();
  // Alone, so that it is handed to the store: what waits for others until its time is over never is, and leaves no record.
  const answer = await set(key);
  const others = await Promise.all([set(), send(), send(newKey())]);
  for (const refused of [answer, ...others]) expectRefusedBeforeSending(refused);
  expect(hits()).toBe(before);
  return answer;
}

/** Without anybody's help. */
async function expectRecovery(): Promise<void> {
  await eventually(async () => (await set(newKey())).status === 200);
  expect((await send(newKey())).status).toBe(204);
}

/** The record of a request, as it will stand when nothing can be in progress any more. */
async function settledRecord(databaseUrl: string, answer: Answer): Promise<JournalRecord | undefined> {
  const records = await journalRecords(databaseUrl, Date.now() + OCTANE_TIMEOUT_MS + 5000);
  return records.find(({ requestId }) => requestId === answer.headers['x-request-id']);
}

/** A request that was refused before it was sent is not on record as one that may have been sent, and its key is free. */
async function expectWithdrawn(databaseUrl: string, answer: Answer, key: string): Promise<void> {
  await eventually(async () => (await settledRecord(databaseUrl, answer))?.outcome === 'not-sent');
  expect((await set(key, OTHER_DIRECT_DEBIT)).status).toBe(200);
}

/** Lets Octane answer only after `fault`, and tells what the app then hears of a direct debit and of a welcome email. */
async function answersWithFault(fault: () => Promise<void> | void, key: string): Promise<[Answer, Answer]> {
  const waiting: (() => void)[] = [];
  gateway.octane.script = (...exchange: Parameters<Script>) => {
    waiting.push(() => answerProperly(...exchange));
  };
  const answers = Promise.all([set(key), send(key)]);
  await eventually(() => waiting.length === 2);
  await fault();
  for (const answer of waiting) answer();
  return answers;
}

function expectUnknown([directDebit, email]: [Answer, Answer]): void {
  expectProblem(directDebit, 503, 'journal-unavailable', { outcome: 'unknown', retryable: true });
  expectProblem(email, 503, 'journal-unavailable', { outcome: 'unknown', retryable: false });
  expect(directDebit.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(email.headers).not.toHaveProperty('retry-after');
}

/** What the gateway knew and could not write is written when the store is back, and the key gives its answer. */
async function expectRemembered(databaseUrl: string, answers: readonly Answer[], key: string): Promise<void> {
  gateway.octane.reset();
  for (const answer of answers) {
    await eventually(async () => (await settledRecord(databaseUrl, answer))?.outcome === 'applied');
  }
  for (const again of [await set(key), await send(key)]) {
    expect(again.headers['idempotency-replayed']).toBe('true');
  }
  expect(hits()).toBe(0);
}

describe('a journal in SQLite', () => {
  let folder: string;
  let databaseUrl: string;
  let path: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'octane-bff-faults-'));
    path = join(folder, 'gateway.db');
    databaseUrl = `sqlite:${path}`;
    gateway = await startGateway(databaseUrl);
  });
  afterAll(async () => {
    await gateway.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => gateway.octane.reset());

  /** Another process that writes to the file and does not finish. */
  function lock(): () => void {
    const other = new Database(path);
    other.exec('BEGIN EXCLUSIVE');
    return () => other.close();
  }

  it(
    'that cannot be opened at the start closes the API, not the gateway, until it can be opened',
    async () => {
      const obstacle = join(folder, 'obstacle');
      await writeFile(obstacle, '');
      const usual = gateway;
      gateway = await startGateway(`sqlite:${join(obstacle, 'gateway.db')}`, usual);
      try {
        await expectClosed();
        expect((await gateway.call({ method: 'GET', path: '/problems' })).status).toBe(200);
        await rm(obstacle);
        await expectRecovery();
      } finally {
        await gateway.stop();
        gateway = usual;
      }
    },
    SLOW_MS,
  );

  it(
    'that is locked closes the API until it is free, and forgets what it was asked to record meanwhile',
    async () => {
      const key = newKey();
      const unlock = lock();
      const refused = await expectClosed(key);
      unlock();
      await expectWithdrawn(databaseUrl, refused, key);
      expect(hits()).toBe(1);
      await expectRecovery();
    },
    SLOW_MS,
  );

  it(
    'that is lost between the send and the outcome makes the outcome unknown to the app, and is told later',
    async () => {
      const key = newKey();
      let unlock: (() => void) | undefined;
      const answers = await answersWithFault(() => {
        unlock = lock();
      }, key);
      expectUnknown(answers);
      unlock?.();
      await expectRemembered(databaseUrl, answers, key);
    },
    SLOW_MS,
  );
});

describe('a journal in PostgreSQL', () => {
  let postgres: TestPostgres;
  let relay: Relay;
  let databaseUrl: string;

  beforeAll(async () => {
    postgres = await TestPostgres.start();
    databaseUrl = await postgres.newDatabase();
    relay = await Relay.before(databaseUrl);
    gateway = await startGateway(relay.urlOf(databaseUrl));
  }, SLOW_MS);
  afterAll(async () => {
    await gateway.stop();
    await relay.stop();
    await postgres.stop();
  }, SLOW_MS);
  beforeEach(() => gateway.octane.reset());

  /** The changes with these claims are refused and given up; all others that come in at the same time, and share a batch, are made. */
  async function expectRefusedAlone(
    refused: readonly Record<string, string>[],
    welcome: Record<string, string> = {},
  ): Promise<void> {
    const setBy = (token: string): Promise<Answer> => gateway.setDirectDebit(VALID_DIRECT_DEBIT, { token });
    const unwelcome = await Promise.all(refused.map((claims) => gateway.issuer.token({ claims })));
    const token = await gateway.issuer.token({ claims: welcome });
    const crowd = (): Promise<Answer>[] => Array.from({ length: 20 }, () => setBy(token));
    const before = crowd();
    const unwelcomed = unwelcome.map(setBy);
    const answers = await Promise.all([...before, ...crowd()]);
    for (const answer of await Promise.all(unwelcomed)) expectRefusedBeforeSending(answer);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const metrics = gateway.application.get(Metrics, { strict: false });
    const givenUp = `\njournal_writes_given_up_total ${refused.length}\n`;
    await eventually(async () => (await metrics.text()).includes(givenUp));
    expect(await metrics.text()).toMatch(/^journal_withdrawals 0$/m);
  }

  it(
    'that is down closes the API, not the gateway, until it is up: also one that starts meanwhile',
    async () => {
      const usual = gateway;
      const newDatabaseUrl = await postgres.newDatabase();
      expect((await set()).status).toBe(200);
      await postgres.goDown();
      await expectClosed();
      gateway = await startGateway(newDatabaseUrl, usual);
      try {
        await expectClosed();
        expect((await gateway.call({ method: 'GET', path: '/problems' })).status).toBe(200);
        await postgres.comeBack();
        await expectRecovery();
      } finally {
        await gateway.stop();
        gateway = usual;
      }
      await expectRecovery();
    },
    SLOW_MS,
  );

  it(
    'that is locked closes the API until it is free, and forgets what it was asked to record meanwhile',
    async () => {
      const other = new pg.Client({ connectionString: databaseUrl });
      await other.connect();
      await other.query('BEGIN');
      await other.query('LOCK TABLE changes IN EXCLUSIVE MODE');
      const key = newKey();
      const refused = await expectClosed(key);
      await other.end();
      await expectWithdrawn(databaseUrl, refused, key);
      await expectRecovery();
    },
    SLOW_MS,
  );

  it(
    'that says nothing any more is reached by new connections, and an intent that arrives late is not recorded',
    async () => {
      const key = newKey();
      await expectRecovery();
      const thaw = relay.freeze();
      const before = hits();
      const answer = await set(key);
      expectRefusedBeforeSending(answer);
      expect(hits()).toBe(before);
      await expectRecovery();
      await eventually(async () => (await settledRecord(databaseUrl, answer))?.outcome === 'not-sent');
      await thaw();
      await expectWithdrawn(databaseUrl, answer, key);
    },
    SLOW_MS,
  );

  it(
    'that recorded an intent whose confirmation was lost forgets it',
    async () => {
      const key = newKey();
      relay.loseAnswerTo('INSERT INTO changes');
      const answer = await set(key);
      expectRefusedBeforeSending(answer);
      expect(hits()).toBe(0);
      await expectWithdrawn(databaseUrl, answer, key);
    },
    SLOW_MS,
  );

  it(
    'that recorded a repetition of an unknown change whose confirmation was lost gives the key back',
    async () => {
      const key = newKey();
      gateway.octane.script = (_hit, response) => response.writeHead(500).end();
      expect((await set(key)).json.outcome).toBe('unknown');
      gateway.octane.reset();
      relay.loseAnswerTo('lost AS');
      const answer = await set(key);
      expectRefusedBeforeSending(answer);
      await eventually(async () => (await settledRecord(databaseUrl, answer))?.outcome === 'not-sent');
      expectProblem(await set(key, OTHER_DIRECT_DEBIT), 422, 'idempotency-key-reused');
      expect(hits()).toBe(0);
      expect((await set(key)).status).toBe(200);
    },
    SLOW_MS,
  );

  it(
    'that takes records but no outcomes is sent nothing that it could not record to the end',
    async () => {
      const other = new pg.Client({ connectionString: databaseUrl });
      await other.connect();
      await other.query(`
        CREATE ROLE inserter LOGIN PASSWORD 'test';
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO inserter;
        GRANT INSERT, DELETE ON changes TO inserter`);
      const usual = gateway;
      gateway = await startGateway(databaseUrl.replace('test:', 'inserter:'), usual);
      try {
        await expectClosed();
        await other.query('GRANT UPDATE ON changes TO inserter');
        await expectRecovery();
        await other.query('REVOKE UPDATE ON changes FROM inserter');
        const key = newKey();
        const refused = await expectClosed(key);
        await other.query('GRANT UPDATE ON changes TO inserter');
        await expectWithdrawn(databaseUrl, refused, key);
      } finally {
        await gateway.stop();
        gateway = usual;
        await other.end();
      }
    },
    SLOW_MS,
  );

  it(
    'that refuses a row for what it holds refuses that one alone, for good',
    async () => {
      const other = new pg.Client({ connectionString: databaseUrl });
      await other.connect();
      await other.query("ALTER TABLE changes ADD CONSTRAINT welcome CHECK (subject <> 'unwelcome')");
      await expectRefusedAlone([{ sub: 'unwelcome' }]);
      await other.query('ALTER TABLE changes DROP CONSTRAINT welcome');
      await other.end();
    },
    SLOW_MS,
  );

  it(
    'of another encoding refuses the rows alone that it cannot hold, for good',
    async () => {
      const other = new pg.Client({ connectionString: databaseUrl });
      await other.connect();
      await other.query(
        "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
      );
      await other.end();
      const [japanese, nul, german] = [
        'https://id.例え.example/',
        'https://id.ex\u0000mple/',
        'https://id.exämple/',
      ];
      const usual = gateway;
      gateway = await TestGateway.start({
        environment: { DATABASE_URL: Object.assign(new URL(databaseUrl), { pathname: '/latin' }).href },
        beside: usual,
        gatewayFile: ({ issuers, callers }) => {
          for (const issuer of [japanese, nul, german]) {
            issuers.push({ ...issuers[0], issuer });
            callers.push({ ...callers[0], issuer });
          }
        },
      });
      try {
        await expectRefusedAlone([{ iss: japanese }, { iss: nul }], { iss: german });
      } finally {
        await gateway.stop();
        gateway = usual;
      }
    },
    SLOW_MS,
  );

  it(
    'that is lost between the send and the outcome makes the outcome unknown to the app, and is told later',
    async () => {
      const key = newKey();
      const answers = await answersWithFault(() => postgres.goDown(), key);
      expectUnknown(answers);
      await postgres.comeBack();
      await expectRemembered(databaseUrl, answers, key);
    },
    SLOW_MS,
  );
});
