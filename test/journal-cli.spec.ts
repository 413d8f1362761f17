import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import Database from 'better-sqlite3';
import { sqlitePathOf } from '../src/config/database-url.ts';
import { changeIdAt } from '../src/journal/store/change-id.ts';
import { journalProgram } from '../src/journal/journal-program.ts';
import { KyselyJournalStore } from '../src/journal/store/kysely-journal-store.ts';
import { openPostgres, openSqlite } from '../src/journal/store/open-database.ts';
import { intentAt } from './support/intent.ts';
import { eventually } from './support/eventually.ts';
import { compileGateway } from './support/gateway-process.ts';
import { TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import { journalRecords } from './support/journal-records.ts';
import { answerProperly } from './support/scripted-octane.ts';
import { runCommand } from './support/run-command.ts';
import type { Ran } from './support/run-command.ts';
import { STORE_KINDS, TestStores } from './support/stores.ts';

/** Compiling and starting take seconds, and more on a busy machine. */
const SLOW_MS = 120_000;
const YEAR_2020 = Date.parse('2020-01-01T00:00:00Z');
const FIELDS = [
  'id',
  'at',
  'issuer',
  'client',
  'subject',
  'groupno',
  'custno',
  'operation',
  'outcome',
  'octaneStatus',
  'attempts',
  'requestId',
  'actor',
];

let build: Awaited<ReturnType<typeof compileGateway>>;
beforeAll(async () => {
  build = await compileGateway();
}, SLOW_MS);
afterAll(() => build.remove());

const running: ChildProcessByStdio<null, Readable, Readable>[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

function start(databaseUrl: string, args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(process.execPath, ['dist/journal/cli.js', ...args], {
    cwd: build.folder,
    env: { DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  return child;
}

/** The same journal, at another time of day. */
function storeOf(databaseUrl: string, clock: () => number): KyselyJournalStore {
  const path = sqlitePathOf(databaseUrl);
  return new KyselyJournalStore(
    path === undefined ? openPostgres(databaseUrl) : openSqlite(path),
    true,
    clock,
  );
}

interface Printed extends Ran {
  /** The line that names the journal; it does not stand in `stderr`. */
  readonly journal: string | undefined;
}

async function journal(databaseUrl: string, ...args: string[]): Promise<Printed> {
  const ran = await runCommand(journalProgram, args, { DATABASE_URL: databaseUrl });
  const [, line, stderr = ''] = /^(Journal: [^\n]*\n)?(.*)$/s.exec(ran.stderr)!;
  return { ...ran, stderr, journal: line };
}

async function records(databaseUrl: string, ...args: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await journal(databaseUrl, ...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Record<string, unknown>[];
}

describe.each(STORE_KINDS)('npm run journal, on %s', (kind) => {
  let stores: TestStores;
  beforeAll(async () => {
    stores = await TestStores.start(kind);
  }, SLOW_MS);
  afterAll(() => stores.stop());

  describe('while the gateway runs', () => {
    let gateway: TestGateway;
    let databaseUrl: string;
    let finish: (() => void) | undefined;
    /** Request ids by what became of the request. */
    const requests: Record<'applied' | 'rejected' | 'unknown' | 'running', string> = {
      applied: 'request-applied',
      rejected: 'request-rejected',
      unknown: 'request-unknown',
      running: 'request-running',
    };
    const withId = (id: string): { headers: Record<string, string> } => ({ headers: { 'x-request-id': id } });

    /** What the command lists before a person corrects anything. */
    let list: Record<string, unknown>[];

    beforeAll(async () => {
      databaseUrl = await stores.newUrl();
      gateway = await TestGateway.start({ environment: { DATABASE_URL: databaseUrl } });
      let time = YEAR_2020;
      const store = storeOf(databaseUrl, () => time);
      const old = [
        intentAt(YEAR_2020, { requestId: 'not-sent' }),
        intentAt(YEAR_2020 + 1000, { requestId: 'crashed' }),
      ];
      await store.begin([old[0]!]);
      time += 1000;
      await store.begin([old[1]!]);
      await store.complete([
        {
          id: old[0]!.id,
          outcome: 'not-sent',
          octaneStatus: null,
          attempts: 1,
          durationMs: 5,
          reply: null,
          keepsKey: false,
        },
      ]);
      await gateway.setDirectDebit(VALID_DIRECT_DEBIT, withId(requests.applied));
      gateway.octane.script = (_hit, response) => response.writeHead(422).end();
      await gateway.sendWelcomeEmail({
        ...withId(requests.rejected),
        token: await gateway.issuer.token({ claims: { client_id: 'billing-service' } }),
        path: '/v1/customers/700124/send-welcome-email',
      });
      gateway.octane.script = (_hit, response) => response.writeHead(500).end();
      await gateway.setDirectDebit(VALID_DIRECT_DEBIT, {
        ...withId(requests.unknown),
        token: await gateway.issuer.token({ claims: { client_id: 'other-group', sub: 'a@example.com' } }),
      });
      gateway.octane.script = (hit, response, socket) => {
        finish = () => answerProperly(hit, response, socket);
      };
      void gateway.sendWelcomeEmail(withId(requests.running)).catch(() => undefined);
      await eventually(() => finish);
      list = await records(databaseUrl, 'list');
      gateway.octane.reset();
    }, SLOW_MS);
    afterAll(async () => {
      finish?.();
      await gateway.stop();
    });

    it('lists every attempted change, newest first, with exactly the promised fields', () => {
      for (const record of list) expect(Object.keys(record)).toEqual(FIELDS);
      const times = list.map(({ at }) => Date.parse(String(at)));
      expect(times).toEqual(times.toSorted((a, b) => b - a));
      expect(list.at(-1)?.['at']).toBe('2020-01-01T00:00:00.000Z');
      const byRequest = new Map(list.map((record) => [record['requestId'], record]));
      expect(byRequest.size).toBe(6);
      expect(byRequest.get(requests.applied)).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        at: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/),
        issuer: gateway.issuer.issuer,
        client: 'selfcare-app',
        subject: 'user-1',
        groupno: '1001',
        custno: '700123',
        operation: 'direct-debit',
        outcome: 'applied',
        octaneStatus: 200,
        attempts: 1,
        requestId: requests.applied,
        actor: null,
      });
      expect(byRequest.get(requests.rejected)).toMatchObject({
        client: 'billing-service',
        custno: '700124',
        operation: 'welcome-email',
        outcome: 'rejected',
        octaneStatus: 422,
      });
      expect(byRequest.get(requests.unknown)).toMatchObject({
        groupno: '2002',
        subject: expect.stringMatching(/^[0-9a-f]{16}$/),
        outcome: 'unknown',
      });
      expect(byRequest.get(requests.running)).toMatchObject({
        outcome: 'in-progress',
        octaneStatus: null,
        attempts: 0,
      });
      expect(byRequest.get('not-sent')).toMatchObject({
        outcome: 'not-sent',
        octaneStatus: null,
        attempts: 1,
      });
      expect(byRequest.get('crashed')).toMatchObject({ outcome: 'unknown', octaneStatus: null });
    });

    it('filters', async () => {
      const [rejected, applied, crashed] = await Promise.all([
        records(databaseUrl, 'list', '--custno', '700124'),
        records(databaseUrl, 'list', '--request-id', requests.applied),
        records(databaseUrl, 'list', '--outcome', 'unknown', '--until', '2020-01-02'),
      ]);
      expect(rejected.map(({ requestId }) => requestId)).toEqual([requests.rejected]);
      expect(applied.map(({ requestId }) => requestId)).toEqual([requests.applied]);
      expect(crashed.map(({ requestId }) => requestId)).toEqual(['crashed']);
    });

    it('shows one record: its fields to people, a list of one to programs', async () => {
      const record = list.find(({ outcome }) => outcome === 'applied')!;
      const id = String(record['id']);
      const [forPrograms, { code, stdout }] = await Promise.all([
        records(databaseUrl, 'show', id),
        journal(databaseUrl, 'show', id),
      ]);
      expect(forPrograms).toEqual([record]);
      expect(code).toBe(0);
      const lines = stdout.trimEnd().split('\n');
      expect(lines.map((line) => line.split(/ +/))).toEqual(
        FIELDS.map((field) => [
          field,
          String((record as Record<string, string | number | null>)[field] ?? '-'),
        ]),
      );
    });

    it('prints a table for people', async () => {
      const { code, stdout, stderr } = await journal(databaseUrl, 'list', '--until', '2021-01-01');
      expect([code, stderr]).toEqual([0, '']);
      const [head = '', crashed = '', notSent = '', ...rest] = stdout.split('\n');
      expect(rest).toEqual(['']);
      expect(head.split(/ {2,}/)).toEqual([
        'at',
        'outcome',
        'operation',
        'custno',
        'groupno',
        'client',
        'octaneStatus',
        'id',
        'subject',
      ]);
      expect(crashed).toMatch(/^2020-01-01T00:00:01\.000Z {2}unknown +direct-debit +700123 /);
      expect(notSent).toMatch(/^2020-01-01T00:00:00\.000Z {2}not-sent +direct-debit +700123 /);
      for (const line of [crashed, notSent]) expect(line.indexOf('user-1')).toBe(head.indexOf('subject'));
    });

    it('says that an ID is unknown', async () => {
      const { code, stdout, stderr } = await journal(databaseUrl, 'show', changeIdAt(YEAR_2020));
      expect([code, stdout, stderr]).toEqual([1, '', 'There is no record with that ID.\n']);
    });

    const key = 'key-of-a-person';
    const withKey = { headers: { 'idempotency-key': key } };
    const sendUnknown = async (): Promise<string> => {
      gateway.octane.script = (_hit, response) => response.writeHead(500).end();
      const answer = await gateway.sendWelcomeEmail(withKey);
      expect(answer.json.outcome).toBe('unknown');
      gateway.octane.reset();
      const [newest] = await journalRecords(databaseUrl);
      return newest!.id;
    };

    it(
      'settles an unknown change as what was found out, by whom and why, and its key follows',
      async () => {
        const id = await sendUnknown();
        const settle = (...args: string[]): Promise<Printed> => journal(databaseUrl, 'settle', ...args);
        expect(await settle(id, 'not-sent', '--why', 'Octane has no such email')).toMatchObject({
          code: 0,
          stdout: 'Settled as not-sent.\n',
          stderr: '',
        });
        const [settled] = await records(databaseUrl, 'list');
        expect(settled).toMatchObject({ id, outcome: 'not-sent' });
        expect(Object.keys(settled!)).toEqual(FIELDS);
        const { stdout } = await journal(databaseUrl, 'show', id);
        expect(stdout).toMatch(/^why +Octane has no such email$/m);
        expect(stdout).toMatch(/^settledAt +\d{4}-\d\d-\d\dT/m);
        expect(stdout).toMatch(/^settledBy +\S+$/m);
        const again = await settle(id, 'applied', '--why', 'no');
        expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('Only an unknown change') });
        // Nothing was sent: the key is free.
        const second = await sendUnknown();
        expect((await settle(second, 'applied', '--why', 'the customer has it')).code).toBe(0);
        expect(gateway.octane.hits).toHaveLength(0);
      },
      SLOW_MS,
    );

    it(
      'erases a customer and keeps the count, and names no actor of it',
      async () => {
        const token = await gateway.issuer.token({
          claims: { custno: '700999', sub: 'person-999', act: { sub: 'agent-7' } },
        });
        const call = { path: '/v1/customers/700999/direct-debit', token };
        const requestId = { headers: { 'x-request-id': 'request-of-999' } };
        expect((await gateway.setDirectDebit(VALID_DIRECT_DEBIT, { ...call, ...requestId })).status).toBe(
          200,
        );
        const before = await journalRecords(databaseUrl);
        expect(before.filter(({ custno }) => custno === '700999')).toMatchObject([
          { subject: 'person-999', actor: 'agent-7', requestId: 'request-of-999' },
        ]);
        const erase = (groupno: string): Promise<Printed> =>
          journal(databaseUrl, 'erase', '--custno', '700999', '--groupno', groupno);
        expect(await erase('2002')).toMatchObject({ code: 0, stdout: 'Erased from 0 records.\n' });
        expect(await erase('1001')).toMatchObject({
          code: 0,
          stdout: 'Erased from 1 records.\n',
          stderr: '',
        });
        const { stdout } = await journal(databaseUrl, 'export');
        expect(stdout.trimEnd().split('\n')).toHaveLength(before.length);
        expect(stdout).not.toMatch(/700999|person-999|request-of-999|agent-7/);
        const path = sqlitePathOf(databaseUrl);
        const bytes =
          path === undefined ? [] : [path, `${path}-wal`].map((file) => readFileSync(file, 'latin1'));
        expect(bytes.join('')).not.toMatch(/person-999|request-of-999|agent-7/);
      },
      SLOW_MS,
    );

    it(
      'exports JSON lines with the same filters',
      async () => {
        const { code, stdout, journal: line } = await journal(databaseUrl, 'export', '--outcome', 'applied');
        const one = await journal(databaseUrl, 'export', '--request-id', requests.applied);
        expect((JSON.parse(one.stdout) as { requestId: string }).requestId).toBe(requests.applied);
        expect(code).toBe(0);
        const lines = stdout
          .trimEnd()
          .split('\n')
          .map((record) => JSON.parse(record) as unknown);
        expect(lines).toEqual(await records(databaseUrl, 'list', '--outcome', 'applied'));
        expect(line).toContain(sqlitePathOf(databaseUrl) ?? new URL(databaseUrl).host);
      },
      SLOW_MS,
    );

    it(
      'shows what nobody would see as escapes',
      async () => {
        const unseen = 'a\u202eb\u200bc\u00add\u2028e\u{e0041}f\u009bg\u00a0h';
        const store = storeOf(databaseUrl, Date.now);
        await store.begin([intentAt(Date.now(), { client: unseen, requestId: 'unseen' })]);
        await store.close();
        const table = (await journal(databaseUrl, 'list', '--client', unseen)).stdout;
        const json = (await journal(databaseUrl, 'list', '--client', unseen, '--json')).stdout;
        const escaped = 'a\\u{202e}b\\u{200b}c\\u{ad}d\\u{2028}e\\u{e0041}f\\u{9b}g\\u{a0}h';
        expect(table).toContain(escaped);
        expect(json).toContain(String.raw`a\u202eb\u200bc\u00add\u2028e\udb40\udc41f\u009bg\u00a0h`);
        expect((JSON.parse(json) as unknown[])[0]).toMatchObject({ client: unseen });
        for (const printed of [table, json]) expect(printed).toMatch(/^[\x20-\x7e\n]+$/);
      },
      SLOW_MS,
    );
  });

  describe('with many records', () => {
    const RECORDS = 6000;
    let databaseUrl: string;
    let store: KyselyJournalStore;
    let time = YEAR_2020;
    let deleted = 0;
    beforeAll(async () => {
      databaseUrl = await stores.newUrl();
      store = storeOf(databaseUrl, () => time);
      await store.open();
      const intents = Array.from({ length: RECORDS }, (_, index) => intentAt(YEAR_2020 + index));
      for (let from = 0; from < RECORDS; from += 500) await store.begin(intents.slice(from, from + 500));
    }, SLOW_MS);
    afterAll(() => store.close());

    it.each([[['list']], [['list', '--json']]])('prints while it reads: %j', async (args) => {
      const child = start(databaseUrl, args);
      const closed = once(child, 'close') as Promise<[number | null]>;
      await once(child.stdout, 'readable');
      // It waits for its reader. What is deleted now and had been read before is still printed; there is no such thing here.
      deleted += 1000;
      time = YEAR_2020 + 9000 + deleted;
      await store.prune(9000, 1000);
      const printed = await text(child.stdout);
      expect((await closed)[0]).toBe(0);
      const count = args.includes('--json')
        ? (JSON.parse(printed) as unknown[]).length
        : printed.trimEnd().split('\n').length - 1;
      expect(count).toBe(RECORDS - deleted);
    });

    it.each([[['list']], [['list', '--json']]])('ends well when its reader does: %j', async (args) => {
      const child = start(databaseUrl, args);
      const closed = once(child, 'close') as Promise<[number | null]>;
      const complaints = text(child.stderr);
      await once(child.stdout, 'readable');
      child.stdout.destroy();
      expect(await closed).toEqual([0, null]);
      expect(await complaints).toMatch(/^Journal: [^\n]*\n$/);
    });
  });

  it('says that there is no journal yet', async () => {
    const { code, stdout, stderr } = await journal(await stores.newUrl(), 'list');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^There is no journal at DATABASE_URL.*\n$/);
  });
});

describe('npm run journal', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'octane-bff-cli-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('refuses what it does not understand, in one line, before it opens anything', async () => {
    const child = start('sqlite:gateway.db', ['list', '--since', '5']);
    const [stdout, stderr, closed] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expect([closed, stdout]).toEqual([[1, null], '']);
    expect(stderr).toMatch(/^--since [^\n]+--help\n$/);
  });

  it('prints an empty list and an empty table', async () => {
    const databaseUrl = `sqlite:${join(folder, 'no-changes.db')}`;
    const store = storeOf(databaseUrl, Date.now);
    await store.open();
    await store.close();
    expect((await journal(databaseUrl, 'list', '--json')).stdout).toBe('[]\n');
    expect((await journal(databaseUrl, 'list')).stdout).toMatch(/^at .* subject\n$/);
  });

  it('backs a SQLite journal up, while somebody writes to it, to a file that can be restored', async () => {
    const path = join(folder, 'used.db');
    const store = storeOf(`sqlite:${path}`, Date.now);
    await store.open();
    await store.begin([intentAt(Date.now())]);
    const copy = join(folder, 'copy.db');
    const backup = (databaseUrl: string): Promise<Printed> => journal(databaseUrl, 'backup', copy);
    expect(await backup(`sqlite:${path}`)).toMatchObject({
      code: 0,
      stdout: `Written and verified: ${copy}\n`,
      stderr: '',
    });
    await store.close();
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(await journalRecords(`sqlite:${copy}`)).toEqual(await journalRecords(`sqlite:${path}`));
    const again = await backup(`sqlite:${path}`);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('Name a new one') });
    const postgres = await journal('postgres://127.0.0.1:1/database', 'backup', 'other.db');
    expect(postgres).toMatchObject({ code: 1, stderr: expect.stringContaining('pg_dump') });
    const nowhere = await journal(`sqlite:${path}`, 'backup', join(folder, 'no/copy.db'));
    expect(nowhere).toMatchObject({ code: 1, stderr: 'The journal cannot be used: ENOENT.\n' });
  });

  it('leaves no copy of a journal that is damaged', async () => {
    const path = join(folder, 'damaged.db');
    const store = storeOf(`sqlite:${path}`, Date.now);
    await store.open();
    await store.begin(Array.from({ length: 200 }, (_, index) => intentAt(YEAR_2020 + index)));
    await store.close();
    const bytes = readFileSync(path);
    await writeFile(path, bytes.fill(0xff, 8192, bytes.length - 4096));
    const copy = join(folder, 'copy-of-damaged.db');
    const { code, stderr } = await journal(`sqlite:${path}`, 'backup', copy);
    expect([code, stderr]).toEqual([1, 'The journal cannot be used: SQLITE_CORRUPT.\n']);
    expect(existsSync(copy)).toBe(false);
  });

  it('explains itself', async () => {
    const { code, stdout, stderr } = await journal('sqlite:gateway.db', '--help');
    expect([code, stderr]).toEqual([0, '']);
    for (const word of ['list', 'show', '--custno', '--client', '--outcome', '--since', '--json'])
      expect(stdout).toContain(word);
  });

  it.each([
    ['a bad DATABASE_URL', 'mysql://canary', /^DATABASE_URL: /],
    ['a PostgreSQL that is down', 'postgres://canary:canary@127.0.0.1:1/database', /ECONNREFUSED/],
    ['a file that is no database', 'sqlite:package.json', /SQLITE_NOTADB/],
  ])('says in one line what is wrong with %s', async (_, databaseUrl, fault) => {
    const { code, stdout, stderr, journal: line = '' } = await journal(databaseUrl, 'list');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(fault);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(line + stderr).not.toContain('canary');
  });

  it('says that a file holds no journal', async () => {
    const path = join(folder, 'empty.db');
    await writeFile(path, '');
    expect(await journal(`sqlite:${path}`, 'list')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no journal'),
    });
  });

  it('changes nothing, not even a file of SQLite’s older kind', async () => {
    const path = join(folder, 'older.db');
    const before = new Database(path);
    before.exec('CREATE TABLE something (id)');
    before.close();
    await journal(`sqlite:${path}`, 'list');
    const after = new Database(path, { readonly: true });
    expect(after.pragma('journal_mode', { simple: true })).toBe('delete');
    after.close();
  });

  it('says what to do where nothing is compiled', async () => {
    const project = join(folder, 'project');
    await mkdir(project);
    await copyFile('package.json', join(project, 'package.json'));
    const child = spawn('npm', ['run', '--silent', 'journal', '--', 'list'], {
      cwd: project,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect(code).toBe(1);
    expect(stderr).toContain('npm run build');
  });
});
