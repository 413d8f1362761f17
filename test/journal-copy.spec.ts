import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import Database from 'better-sqlite3';
import pg from 'pg';
import { exitCodeOf } from '../src/config/command-line.ts';
import { journalProgram } from '../src/journal/journal-program.ts';
import { KyselyJournalStore } from '../src/journal/store/kysely-journal-store.ts';
import { openSqlite } from '../src/journal/store/open-database.ts';
import { customersProgram } from '../src/links/customers-program.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { intentAt } from './support/intent.ts';
import { journalRecords } from './support/journal-records.ts';
import { runCommand } from './support/run-command.ts';
import type { Ran } from './support/run-command.ts';
import { TestStores } from './support/stores.ts';

/** Two gateways start, and a PostgreSQL. */
const SLOW_MS = 120_000;
/** More than one page. */
const MANY = 2500;

let sqlite: TestStores;
let postgres: TestStores;
beforeAll(async () => {
  [sqlite, postgres] = await Promise.all([TestStores.start('SQLite'), TestStores.start('PostgreSQL')]);
}, SLOW_MS);
afterAll(() => Promise.all([sqlite.stop(), postgres.stop()]));

const copy = (from: string, to: string, environment: Record<string, string> = {}): Promise<Ran> =>
  runCommand(journalProgram, ['copy', from], { DATABASE_URL: to, ...environment });

async function countsOf(url: string): Promise<Record<string, number>> {
  return onPostgres(url, async (client) => {
    const { rows } = await client.query(`
      SELECT (SELECT count(*)::int FROM changes) AS changes, (SELECT count(*)::int FROM customer_links) AS links`);
    return rows[0];
  });
}

async function onPostgres<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** A SQLite journal with that many changes. */
async function journalWith(changes: number): Promise<string> {
  const url = await sqlite.newUrl();
  const store = new KyselyJournalStore(openSqlite(url.slice('sqlite:'.length)));
  await store.open();
  const intents = Array.from({ length: changes }, (_, index) =>
    intentAt(Date.now() + index, { requestId: `request-${index}` }),
  );
  for (let from = 0; from < changes; from += 500) await store.begin(intents.slice(from, from + 500));
  await store.close();
  return url;
}

describe('a gateway that moves from SQLite to PostgreSQL', () => {
  let usual: TestGateway;
  let from: string;
  let to: string;
  let gateway: TestGateway;
  const gatewayOn = (databaseUrl: string): Promise<TestGateway> =>
    TestGateway.start({ environment: { DATABASE_URL: databaseUrl }, beside: usual });
  const withKey = (key: string): { headers: Record<string, string> } => ({
    headers: { 'idempotency-key': key },
  });
  const fail = (): void => {
    usual.octane.script = (_hit, response) => response.writeHead(500).end();
  };
  let first: Answer;
  const customers = (databaseUrl: string, command: 'link' | 'unlink'): Promise<Ran> => {
    const link = ['--issuer', usual.issuer.issuer, '--subject', 'a', '--groupno', '1001', '--custno', '7'];
    const environment = { DATABASE_URL: databaseUrl, GATEWAY_FILE: join(usual.folder, 'gateway.yaml') };
    return runCommand(customersProgram, [command, ...link], environment);
  };

  beforeAll(async () => {
    usual = await TestGateway.start();
    [from, to] = await Promise.all([sqlite.newUrl(), postgres.newUrl()]);
    gateway = await gatewayOn(from);
    first = await gateway.setDirectDebit(VALID_DIRECT_DEBIT, withKey('kept'));
    fail();
    await gateway.sendWelcomeEmail(withKey('in-doubt'));
    await gateway.setDirectDebit(VALID_DIRECT_DEBIT, withKey('taken-over'));
    usual.octane.reset();
    await customers(from, 'link');
  }, SLOW_MS);
  afterAll(async () => {
    await gateway.stop();
    await usual.stop();
  });

  it('is asked to be stopped first', async () => {
    expect(await copy(from, to)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Journal: .*\nThe file is in use\. Stop its gateway[^\n]*\n$/),
    });
    expect((await gateway.setDirectDebit()).status).toBe(200);
  });

  it(
    'has all records and links there, to the letter',
    async () => {
      await gateway.stop();
      const before = await journalRecords(from);
      expect(before).toHaveLength(4);
      expect(await copy(from, to)).toMatchObject({
        code: 0,
        stdout:
          'changes: 4 rows, 4 of them found in PostgreSQL, 4 of them new.\n' +
          'customer_links: 1 rows, 1 of them found in PostgreSQL, 1 of them new.\n' +
          'customer_link_changes: 1 rows, 1 of them found in PostgreSQL, 1 of them new.\n',
      });
      expect(await journalRecords(to)).toEqual(before);
      // What the command does not print, such as keys and replies.
      const file = new Database(from.slice('sqlite:'.length), { readonly: true });
      for (const table of ['changes', 'customer_links', 'customer_link_changes']) {
        const { rows } = await onPostgres(to, (client) =>
          client.query(`SELECT row_to_json(copied) AS row FROM ${table} AS copied ORDER BY 1::text`),
        );
        const texts = file
          .prepare(`SELECT * FROM ${table}`)
          .all()
          .map((row) => JSON.stringify(sorted(row)));
        expect(rows.map(({ row }) => JSON.stringify(sorted(row))).toSorted()).toEqual(texts.toSorted());
      }
      file.close();
    },
    SLOW_MS,
  );

  it(
    'answers a key from before with the first answer, and sends nothing',
    async () => {
      gateway = await gatewayOn(to);
      usual.octane.reset();
      const again = await gateway.setDirectDebit(VALID_DIRECT_DEBIT, withKey('kept'));
      expect(first.headers['idempotency-replayed']).toBeUndefined();
      expect(again.headers['idempotency-replayed']).toBe('true');
      expect([again.status, again.text]).toEqual([first.status, first.text]);
      const email = await gateway.sendWelcomeEmail(withKey('in-doubt'));
      expectProblem(email, 409, 'outcome-unknown', { outcome: 'unknown', retryable: false });
      expect(usual.octane.hits).toHaveLength(0);
    },
    SLOW_MS,
  );

  it(
    'keeps what it did since, whenever the copy is made again',
    async () => {
      const taken = await gateway.setDirectDebit(VALID_DIRECT_DEBIT, withKey('taken-over'));
      expect(taken.status).toBe(200);
      expect(usual.octane.hits).toHaveLength(1);
      const before = await journalRecords(to);
      expect(await customers(to, 'unlink')).toMatchObject({ code: 0, stdout: 'Unlinked.\n' });
      expect(await copy(from, to)).toMatchObject({
        code: 0,
        stdout:
          'changes: 4 rows, 4 of them found in PostgreSQL, 0 of them new.\n' +
          'customer_links: 1 rows, 0 of them found in PostgreSQL, 0 of them new; 1 were removed there and are not copied again.\n' +
          'customer_link_changes: 1 rows, 1 of them found in PostgreSQL, 0 of them new.\n',
      });
      expect(await journalRecords(to)).toEqual(before);
      expect((await countsOf(to))['links']).toBe(0);
      const again = await gateway.setDirectDebit(VALID_DIRECT_DEBIT, withKey('taken-over'));
      expect([again.headers['idempotency-replayed'], again.text]).toEqual(['true', taken.text]);
      expect(usual.octane.hits).toHaveLength(1);
    },
    SLOW_MS,
  );

  it(
    'leaves a key with the change that has it there already',
    async () => {
      const other = await postgres.newUrl();
      const ahead = await gatewayOn(other);
      for (const key of ['kept', 'taken-over']) {
        fail();
        await ahead.setDirectDebit(VALID_DIRECT_DEBIT, withKey(key));
        usual.octane.reset();
      }
      const [takenOver, kept] = await journalRecords(other);
      expect(await copy(from, other)).toMatchObject({ code: 0 });
      expect(await journalRecords(other)).toHaveLength(6);
      const holders = await onPostgres(other, (client) =>
        client.query('SELECT id FROM changes WHERE fingerprint IS NOT NULL ORDER BY id'),
      );
      const inDoubt = (await journalRecords(from)).find(({ operation }) => operation === 'welcome-email');
      expect(holders.rows.map(({ id }) => id)).toEqual([inDoubt!.id, kept!.id, takenOver!.id]);
      await ahead.stop();
    },
    SLOW_MS,
  );
});

describe('npm run journal -- copy', () => {
  it(
    'says how far it is: in lines',
    async () => {
      const [from, to] = [await journalWith(MANY), await postgres.newUrl()];
      const { code, stderr } = await copy(from, to);
      expect(code).toBe(0);
      expect(stderr.split('\n').slice(1)).toEqual([
        `changes: 1000 of ${MANY}`,
        `changes: 2000 of ${MANY}`,
        `changes: ${MANY} of ${MANY}`,
        '',
      ]);
      expect(await countsOf(to)).toEqual({ changes: MANY, links: 0 });
    },
    SLOW_MS,
  );

  it(
    'says how far it is: in one line of a terminal',
    async () => {
      const [from, to] = [await journalWith(MANY), await postgres.newUrl()];
      const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY: true })];
      const surroundings = { environment: { DATABASE_URL: to }, stdout, stderr };
      expect(await exitCodeOf(journalProgram, ['copy', from], surroundings)).toBe(0);
      stderr.end();
      const [, progress = ''] = (await text(stderr)).split(/(?<=^Journal: .*\n)/m);
      expect(progress.split('\r')).toEqual([
        `changes: 1000 of ${MANY}`,
        `changes: 2000 of ${MANY}`,
        `changes: ${MANY} of ${MANY}\n`,
      ]);
    },
    SLOW_MS,
  );

  it.each([
    ['refuses a row', 'RAISE EXCEPTION $m$no$m$;', 'The journal cannot be used: P0001.'],
    [
      'loses a row',
      'RETURN NULL;',
      `Nothing was copied. changes has ${MANY} rows, and only ${MANY - 1} of them`,
    ],
  ])(
    'copies all or nothing: a database that %s',
    async (_, does, fault) => {
      const [from, to] = [await journalWith(MANY), await postgres.newUrl()];
      const empty = await journalWith(0);
      expect((await copy(empty, to)).code).toBe(0);
      await onPostgres(to, (client) =>
        // The oldest, which comes last.
        client.query(`
          CREATE FUNCTION strange() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${does} END $f$;
          CREATE TRIGGER strange BEFORE INSERT ON changes FOR EACH ROW WHEN (NEW.request_id = 'request-0')
          EXECUTE FUNCTION strange()`),
      );
      const { code, stdout, stderr } = await copy(from, to);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(fault);
      expect(await countsOf(to)).toEqual({ changes: 0, links: 0 });
      await onPostgres(to, (client) => client.query('DROP FUNCTION strange CASCADE'));
      expect((await copy(from, to)).code).toBe(0);
      expect(await countsOf(to)).toEqual({ changes: MANY, links: 0 });
    },
    SLOW_MS,
  );

  it('refuses, in one line, what it cannot copy', async () => {
    const [from, to] = [await journalWith(1), await postgres.newUrl()];
    const path = from.slice('sqlite:'.length);
    const faultOf = async (...args: Parameters<typeof copy>): Promise<string> => {
      const { code, stderr } = await copy(...args);
      expect(code).toBe(1);
      return stderr.replace(/^Journal: .*\n/, '');
    };
    expect(await faultOf(from, 'sqlite:other.db')).toMatch(
      /^This command copies into PostgreSQL only\. .*\n$/,
    );
    expect(await faultOf(`${from}.lost`, to)).toMatch(/^There is no file .*\.lost\.\n$/);
    expect(await faultOf(from, to, { MIGRATE_ON_START: 'false' })).toMatch(
      /^The tables of DATABASE_URL .*\n$/,
    );
    await writeFile(`${path}.text`, 'this is no database');
    expect(await faultOf(`${from}.text`, to)).toBe('The journal cannot be used: SQLITE_NOTADB.\n');
    const file = new Database(path);
    file.exec(`ALTER TABLE changes ADD COLUMN of_tomorrow text`);
    file.close();
    expect(await faultOf(from, to)).toBe('The journal cannot be used: 42703.\n');
    const old = new Database(path);
    old.exec(`DELETE FROM kysely_migration`);
    old.close();
    expect(await faultOf(from, to)).toMatch(
      /^The tables of sqlite:.* are missing or have an older version.*\n$/,
    );
    await rm(path);
  });
});

function sorted(row: unknown): unknown {
  return Object.fromEntries(Object.entries(row as object).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
