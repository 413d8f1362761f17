import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import pg from 'pg';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';
import { journalRecords } from './support/journal-records.ts';
import { TestManagement } from './support/management.ts';
import { TestPostgres } from './support/postgres.ts';

const SLOW_MS = 60_000;

let gateway: TestGateway;
let management: TestManagement;

async function start(databaseUrl: string): Promise<void> {
  gateway = await TestGateway.start({ environment: { DATABASE_URL: databaseUrl } });
  management = await TestManagement.start(gateway);
  expect((await management.health('ready')).status).toBe(200);
}

async function stop(): Promise<void> {
  await management.stop();
  await gateway.stop();
}

async function readyIs(status: 200 | 503): Promise<void> {
  await eventually(async () => (await management.health('ready')).status === status);
}

/** Nobody asks for a change until readiness has told; then each change is refused, and Octane hears nothing. */
async function expectNotReady(): Promise<void> {
  await readyIs(503);
  expect((await management.health('ready')).json.error).toEqual({ store: { status: 'down' } });
  const before = gateway.octane.hits.length;
  for (const answer of await Promise.all([gateway.setDirectDebit(), gateway.sendWelcomeEmail()])) {
    expectProblem(answer, 503, 'journal-unavailable', { outcome: 'not-sent', retryable: true });
  }
  expect(gateway.octane.hits).toHaveLength(before);
  await readyIs(503);
}

/** How many changes are known to have been made. */
async function applied(databaseUrl: string): Promise<number> {
  const records = await journalRecords(databaseUrl);
  return records.filter(({ outcome }) => outcome === 'applied').length;
}

/** Without a restart. What is answered then is on record where `databaseUrl` points, for whoever opens it anew. */
async function expectReadyAgain(databaseUrl: string): Promise<void> {
  await readyIs(200);
  const answer = await gateway.setDirectDebit();
  expect(answer.status).toBe(200);
  const records = await journalRecords(databaseUrl);
  expect(records.find(({ requestId }) => requestId === answer.headers['x-request-id'])?.outcome).toBe(
    'applied',
  );
}

describe('a gateway whose SQLite file', () => {
  let folder: string;
  let path: string;
  let databaseUrl: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'octane-bff-readiness-'));
    path = join(folder, 'gateway.db');
    databaseUrl = `sqlite:${path}`;
    await start(databaseUrl);
  });
  afterAll(async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function removeFiles(): Promise<void> {
    for (const ending of ['', '-wal', '-shm']) await rm(path + ending);
  }

  it(
    'is moved away is not ready until it is back, and makes no new one',
    async () => {
      await rename(path, `${path}.away`);
      await expectNotReady();
      expect(existsSync(path)).toBe(false);
      await rename(`${path}.away`, path);
      await expectReadyAgain(databaseUrl);
    },
    SLOW_MS,
  );

  it(
    'is deleted is not ready until a copy of it is put back',
    async () => {
      const copy = join(folder, 'copy.db');
      const reader = new Database(path, { readonly: true });
      reader.exec(`VACUUM INTO '${copy}'`);
      reader.close();
      const known = await applied(databaseUrl);
      await removeFiles();
      await expectNotReady();
      expect(existsSync(path)).toBe(false);
      await copyFile(copy, path);
      await expectReadyAgain(databaseUrl);
      expect(await applied(databaseUrl)).toBe(known + 1);
    },
    SLOW_MS,
  );

  it(
    'is deleted alone, without its log, is ready again with what was in both',
    async () => {
      const away = `${path}.away`;
      const known = await applied(databaseUrl);
      await rename(path, away);
      await expectNotReady();
      await copyFile(away, path);
      await rm(away);
      await expectReadyAgain(databaseUrl);
      expect(await applied(databaseUrl)).toBe(known + 1);
    },
    SLOW_MS,
  );

  it(
    'loses its log loses no record',
    async () => {
      const known = await applied(databaseUrl);
      expect((await gateway.setDirectDebit()).status).toBe(200);
      await rm(`${path}-wal`);
      await eventually(async () => (await gateway.setDirectDebit()).status === 200);
      await expectReadyAgain(databaseUrl);
      expect(await applied(databaseUrl)).toBe(known + 3);
    },
    SLOW_MS,
  );

  it(
    'is read-only is not ready until it is not',
    async () => {
      await chmod(path, 0o444);
      await expectNotReady();
      await chmod(path, 0o600);
      await expectReadyAgain(databaseUrl);
    },
    SLOW_MS,
  );

  it.each([
    ['an empty file', ''],
    ['something else', 'not a database'],
  ])(
    'is replaced by %s is not ready',
    async (_, text) => {
      await rename(path, `${path}.away`);
      await writeFile(path, text);
      await expectNotReady();
      await rm(path);
      await rename(`${path}.away`, path);
      await expectReadyAgain(databaseUrl);
    },
    SLOW_MS,
  );

  it(
    'is locked is not ready until it is free',
    async () => {
      const other = new Database(path);
      other.exec('BEGIN EXCLUSIVE');
      await expectNotReady();
      other.close();
      await expectReadyAgain(databaseUrl);
    },
    SLOW_MS,
  );
});

describe('a gateway whose PostgreSQL', () => {
  let postgres: TestPostgres;
  let databaseUrl: string;
  let administrator: pg.Client;
  beforeAll(async () => {
    postgres = await TestPostgres.start();
    databaseUrl = await postgres.newDatabase();
    administrator = new pg.Client(databaseUrl);
    administrator.on('error', () => undefined);
    await administrator.connect();
    await administrator.query(
      `CREATE ROLE gateway LOGIN PASSWORD 'gateway'; GRANT CREATE ON SCHEMA public TO gateway`,
    );
    const asGateway = new URL(databaseUrl);
    asGateway.username = asGateway.password = 'gateway';
    await start(asGateway.href);
  }, SLOW_MS);
  afterAll(async () => {
    await administrator.end();
    await stop();
    await postgres.stop();
  }, SLOW_MS);

  it.each([
    ['is locked', 'BEGIN; LOCK TABLE changes IN SHARE MODE', 'ROLLBACK'],
    ['lets it read only', 'REVOKE INSERT ON changes FROM gateway', 'GRANT INSERT ON changes TO gateway'],
    [
      'is read-only',
      `ALTER ROLE gateway SET default_transaction_read_only = on;
       SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gateway'`,
      'ALTER ROLE gateway RESET default_transaction_read_only',
    ],
    [
      'has a full disk',
      `CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
       CREATE TRIGGER fill BEFORE INSERT ON changes FOR EACH ROW EXECUTE FUNCTION fill()`,
      'DROP TRIGGER fill ON changes',
    ],
  ])(
    '%s is not ready until it can be written again',
    async (_, fault, remedy) => {
      await administrator.query(fault);
      await expectNotReady();
      await administrator.query(remedy);
      await expectReadyAgain(databaseUrl);
    },
    SLOW_MS,
  );

  it(
    'is down is not ready until it is up',
    async () => {
      await postgres.goDown();
      await expectNotReady();
      await postgres.comeBack();
      await expectReadyAgain(databaseUrl);
    },
    SLOW_MS,
  );
});
