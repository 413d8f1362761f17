/**
 * Fills a journal on each store with as many records as 400 days may bring, asks the database how it goes about each query of
 * the gateway and of `npm run journal`, times them, and measures what a record takes on disk.
 *
 *   npm run bench:journal-growth -- [--records 5000000]
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { CompiledQuery, sql } from 'kysely';
import type { Kysely, KyselyPlugin, RawBuilder } from 'kysely';
import { changeIdAt } from '../src/journal/store/change-id.ts';
import type { Completion, Intent, JournalFilter, KeyHolder } from '../src/journal/store/journal-store.ts';
import { KyselyJournalStore } from '../src/journal/store/kysely-journal-store.ts';
import { openPostgres, openSqlite } from '../src/journal/store/open-database.ts';
import { listRecords } from '../src/journal/store/read-records.ts';
import type { JournalSchema } from '../src/journal/store/schema.ts';
import { TestPostgres } from '../test/support/postgres.ts';

const DAY_MS = 86_400_000;
const RETENTION_DAYS = 400;
const TTL_MS = DAY_MS;
/** A sealed reply of a direct debit with an email address in it. */
const REPLY_CHARACTERS = 440;
const CUSTNO = 700_000;
const CUSTOMERS = 200_000;
const BATCH = 50;
const PRUNED_AT_ONCE = 500;
const POINT_RUNS = 200;
const SCAN_RUNS = 5;
const RECORDS_TO_WEIGH = 50_000;
const RECORDS_AT_ONCE = 50;
const RECORDS_IN_ONE_STATEMENT = 200_000;

interface Database {
  readonly name: string;
  readonly tables: Kysely<JournalSchema>;
  /** Makes loading fast; what is loaded can be made again. */
  readonly beforeLoading: RawBuilder<unknown>;
  readonly afterLoading: RawBuilder<unknown>;
  readonly explain: string;
  /** Bytes of the records with their indexes. */
  readonly size: () => Promise<number>;
  readonly load: (records: Records) => RawBuilder<unknown>;
}

/** Records at equal distances in time, with or without keys and replies that are still remembered. */
interface Records {
  readonly count: number;
  readonly startMs: number;
  readonly stepMs: number;
  /** From this one on they have a key and a reply. */
  readonly firstWithKey: number;
}

/** The pages of a list differ in these alone. */
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const COLUMNS = sql.raw(
  'id, at, issuer, client, subject, groupno, custno, operation, request_id, unknown_at, outcome, octane_status, attempts, completed_at, key_hash, fingerprint, expires_at, reply',
);
const CLIENT = sql.raw(
  `CASE WHEN i % 100000 = 17 THEN 'rare-client' WHEN i % 9 = 0 THEN 'billing-service' ELSE 'selfcare-app' END`,
);
const OUTCOME = sql.raw(
  `CASE WHEN i % 1000 = 3 THEN 'unknown' WHEN i % 100 = 5 THEN 'not-sent' WHEN i % 33 = 7 THEN 'rejected' WHEN i % 100000 = 11 THEN NULL ELSE 'applied' END`,
);
const OPERATION = sql.raw(`CASE WHEN i % 3 = 0 THEN 'welcome-email' ELSE 'direct-debit' END`);

const { values } = parseArgs({ options: { records: { type: 'string', default: '5000000' } } });
const count = Number(values.records);
const folder = await mkdtemp(join(tmpdir(), 'octane-bff-growth-'));
const postgres = await TestPostgres.start();
try {
  for (const open of [openSqliteIn, openPostgresOf]) await measure(open);
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true });
}

async function measure(open: (name: string) => Promise<Database>): Promise<void> {
  const small = await open('small');
  console.log(`\n### ${small.name}\n`);
  await weigh(small);
  await small.tables.destroy();

  const database = await open('large');
  const now = Date.now();
  const stepMs = Math.floor((RETENTION_DAYS * DAY_MS) / count);
  const records = {
    count,
    stepMs,
    startMs: now - count * stepMs,
    firstWithKey: count - Math.floor(count / 50),
  };
  await fill(database, records);
  const queries: CompiledQuery[] = [];
  let time = now;
  const tables = database.tables.withPlugin(recorder(database.tables, queries));
  const store = new KyselyJournalStore(tables, true, () => time);
  const setTime = (to: number): void => void (time = to);
  console.log(`| with ${count.toLocaleString('en')} records | median ms | slowest ms | rows |`);
  console.log('| --- | --: | --: | --: |');
  const plans = new Map<string, string[]>();
  for (const [what, { run, runs }] of Object.entries(tasks(store, tables, records, now, setTime))) {
    queries.length = 0;
    await run(0);
    plans.set(what, await explained(database, queries));
    const times: number[] = [];
    let rows = 0;
    for (let index = 1; index <= runs; index += 1) {
      const start = performance.now();
      rows = await run(index);
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    const [median, slowest] = [times[times.length >> 1]!, times.at(-1)!];
    console.log(`| ${what} | ${median.toFixed(2)} | ${slowest.toFixed(2)} | ${rows} |`);
  }
  console.log();
  for (const [what, lines] of plans) console.log(`${what}\n${lines.map((line) => `    ${line}`).join('\n')}`);
  await database.tables.destroy();
}

interface Task {
  readonly runs: number;
  /** @returns how many rows it read or wrote */
  readonly run: (run: number) => Promise<number>;
}

function tasks(
  store: KyselyJournalStore,
  tables: Kysely<JournalSchema>,
  records: Records,
  now: number,
  setTime: (to: number) => void,
): Record<string, Task> {
  const begun: Intent[][] = [];
  const list = async (filter: JournalFilter, limit = Infinity): Promise<number> => {
    let rows = 0;
    const page = listRecords(tables, filter, now);
    while (rows < limit && !(await page.next()).done) rows += 1;
    return rows;
  };
  const complete = async (intents: readonly Intent[]): Promise<number> => {
    await store.complete(intents.map((intent) => applied(intent, true)));
    return intents.length;
  };
  const begin = async (intents: Intent[]): Promise<number> => {
    const holders = await store.begin(intents);
    begun.push(intents);
    return holders.filter((holder) => holder === null).length;
  };
  const intents = (length: number, label: string): Intent[] =>
    Array.from({ length }, (_, index) => intentOf(now, `${label}-${index}`));
  let holder: KeyHolder | undefined;
  const prune = async (time: number, oldest: number): Promise<number> => {
    setTime(time);
    const { forgotten, deleted } = await store.prune(time - oldest, PRUNED_AT_ONCE);
    return forgotten + deleted;
  };
  return {
    'begin, one change with a key': {
      runs: POINT_RUNS,
      run: (run) => begin(intents(1, `one-${run}`)),
    },
    'complete, one change': { runs: POINT_RUNS, run: () => complete(begun.pop() ?? []) },
    [`begin, ${BATCH} changes in one batch`]: {
      runs: POINT_RUNS,
      run: (run) => begin(intents(BATCH, `batch-${run}`)),
    },
    [`complete, ${BATCH} changes in one batch`]: { runs: POINT_RUNS, run: () => complete(begun.pop() ?? []) },
    'begin with a key that is held': {
      runs: POINT_RUNS,
      run: async () => {
        const [found] = await store.begin(intents(1, 'one-1'));
        holder = found ?? undefined;
        return found ? 1 : 0;
      },
    },
    'take a key over': {
      runs: POINT_RUNS,
      run: async () => {
        const [intent] = intents(1, 'one-1');
        const isTaken = await store.takeOver(holder!, intent!);
        holder = { ...holder!, id: intent!.id, outcome: null };
        return isTaken ? 1 : 0;
      },
    },
    'list, the newest 500': { runs: POINT_RUNS, run: () => list({}, 500) },
    'list --custno, all of one customer': {
      runs: POINT_RUNS,
      run: (run) => list({ custno: String(CUSTNO + run) }),
    },
    'list --since --until, a day': {
      runs: SCAN_RUNS,
      run: (run) => list({ since: now - (run + 10) * DAY_MS, until: now - (run + 9) * DAY_MS }),
    },
    'list --client, the newest 500 of a busy one': {
      runs: SCAN_RUNS,
      run: () => list({ client: 'billing-service' }, 500),
    },
    'list --client, all of a rare one': {
      runs: SCAN_RUNS,
      run: () => list({ client: 'rare-client' }),
    },
    'list --outcome unknown, the newest 500': {
      runs: SCAN_RUNS,
      run: () => list({ outcome: 'unknown' }, 500),
    },
    'list --outcome unknown, all': { runs: SCAN_RUNS, run: () => list({ outcome: 'unknown' }, Infinity) },
    'list --outcome unknown --since, a week': {
      runs: SCAN_RUNS,
      run: () => list({ outcome: 'unknown', since: now - 7 * DAY_MS }),
    },
    'list --outcome in-progress': { runs: SCAN_RUNS, run: () => list({ outcome: 'in-progress' }, Infinity) },
    'prune, nothing to do': { runs: POINT_RUNS, run: () => prune(0, 0) },
    [`prune, forget ${PRUNED_AT_ONCE} keys`]: { runs: 50, run: () => prune(now + 2 * TTL_MS, 0) },
    [`prune, delete ${PRUNED_AT_ONCE} records`]: {
      runs: 50,
      run: () => prune(0, records.startMs + (records.count * records.stepMs) / 10),
    },
  };
}

function applied({ id }: Intent, withReply: boolean): Completion {
  return {
    id,
    outcome: 'applied',
    octaneStatus: 200,
    attempts: 1,
    durationMs: 120,
    reply: withReply ? 'r'.repeat(REPLY_CHARACTERS) : null,
    keepsKey: true,
  };
}

function intentOf(at: number, keyHash: string | undefined): Intent {
  return {
    id: changeIdAt(at),
    issuer: 'https://login.example.com/realms/selfcare',
    client: 'selfcare-app',
    subject: '6b1f4c0e-5a0d-4c8f-9a44-0b8f2a8a4d11',
    groupno: '1001',
    custno: String(CUSTNO + Math.floor(Math.random() * CUSTOMERS)),
    operation: 'direct-debit',
    requestId: '0d6f1c0e-9c5c-4d0e-8f2a-6f0a3f1c1f0e',
    actor: null,
    unknownAfterMs: 15_000,
    key:
      keyHash === undefined
        ? null
        : { hash: keyHash.padEnd(43, '-'), fingerprint: 'f'.repeat(43), ttlMs: TTL_MS },
  };
}

/** Bytes for each record as the gateway writes it: without a key, with one and a reply, and after others were forgotten. */
async function weigh(database: Database): Promise<void> {
  const store = new KyselyJournalStore(database.tables);
  await store.open();
  await database.beforeLoading.execute(database.tables);
  const weights: string[] = [];
  let before = await database.size();
  const add = async (what: string, withKey: boolean): Promise<void> => {
    for (let from = 0; from < RECORDS_TO_WEIGH; from += RECORDS_AT_ONCE) {
      const intents = Array.from({ length: RECORDS_AT_ONCE }, () =>
        intentOf(Date.now(), withKey ? randomBytes(32).toString('base64url') : undefined),
      );
      await store.begin(intents);
      await store.complete(intents.map((intent) => applied(intent, withKey)));
    }
    const after = await database.size();
    weights.push(`${what} ${Math.round((after - before) / RECORDS_TO_WEIGH)}`);
    before = after;
  };
  await add('without a key', false);
  await add('with a key and a reply', true);
  const muchLater = new KyselyJournalStore(database.tables, true, () => Date.now() + 2 * TTL_MS);
  while ((await muchLater.prune(RETENTION_DAYS * DAY_MS, 10_000)).forgotten > 0);
  before = await database.size();
  await add('with a key and a reply, after as many were forgotten', true);
  console.log(`Bytes per record: ${weights.join('; ')}.\n`);
}

async function fill(database: Database, records: Records): Promise<void> {
  await new KyselyJournalStore(database.tables).open();
  const start = performance.now();
  await database.tables.connection().execute(async (connection) => {
    await database.beforeLoading.execute(connection);
    for (let from = 0; from < records.count; from += RECORDS_IN_ONE_STATEMENT) {
      const part = {
        count: Math.min(RECORDS_IN_ONE_STATEMENT, records.count - from),
        startMs: records.startMs + from * records.stepMs,
        stepMs: records.stepMs,
        firstWithKey: Math.max(records.firstWithKey - from, 0),
      };
      await database.load(part).execute(connection);
    }
    await database.afterLoading.execute(connection);
  });
  const [seconds, gigabytes] = [(performance.now() - start) / 1000, (await database.size()) / 1e9];
  console.log(`Loaded in ${seconds.toFixed(0)} s: ${gigabytes.toFixed(2)} GB.\n`);
}

async function openSqliteIn(name: string): Promise<Database> {
  const path = join(folder, `${name}.db`);
  const tables = openSqlite(path);
  return {
    name: 'SQLite',
    tables,
    beforeLoading: sql`PRAGMA synchronous = OFF`,
    afterLoading: sql`PRAGMA synchronous = FULL`,
    explain: 'EXPLAIN QUERY PLAN',
    size: async () => {
      await sql`PRAGMA wal_checkpoint(TRUNCATE)`.execute(tables);
      return (await stat(path)).size;
    },
    load: ({ count: rows, startMs, stepMs, firstWithKey }) => sql`
      WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${rows}),
      t (i, time, hex, random, held) AS MATERIALIZED (
        SELECT i, ${startMs} + i * ${stepMs}, printf('%012x', ${startMs} + i * ${stepMs}), lower(hex(randomblob(8))),
          i >= ${Math.min(firstWithKey, rows)} FROM n WHERE i < ${rows})
      INSERT INTO changes (${COLUMNS})
      SELECT substr(hex, 1, 8) || '-' || substr(hex, 9) || '-7' || substr(random, 1, 3) || '-8' || substr(random, 4, 3) || '-0000' || substr(random, 7, 8),
        time, 'https://login.example.com/realms/selfcare', ${CLIENT}, '6b1f4c0e-5a0d-4c8f-9a44-' || substr(random, 1, 12),
        '1001', CAST(CAST(${CUSTNO} + abs(random()) % ${CUSTOMERS} AS integer) AS text), ${OPERATION}, '0d6f1c0e-9c5c-4d0e-8f2a-' || substr(random, 1, 12),
        time + 15000, ${OUTCOME}, 200, 1, time + 120,
        CASE WHEN held THEN substr(lower(hex(randomblob(22))), 1, 43) END,
        CASE WHEN held THEN substr(lower(hex(randomblob(22))), 1, 43) END,
        CASE WHEN held THEN time + ${TTL_MS} END,
        CASE WHEN held THEN lower(hex(randomblob(${REPLY_CHARACTERS / 2}))) END
      FROM t`,
  };
}

async function openPostgresOf(): Promise<Database> {
  const tables = openPostgres(await postgres.newDatabase(), 'reads');
  return {
    name: 'PostgreSQL',
    tables,
    beforeLoading: sql`SET statement_timeout = 0`,
    afterLoading: sql`ANALYZE changes`,
    explain: 'EXPLAIN (COSTS OFF)',
    size: async () => {
      await sql`VACUUM changes`.execute(tables);
      const { rows } = await sql<{ size: number }>`SELECT pg_total_relation_size('changes') AS size`.execute(
        tables,
      );
      return rows[0]?.size ?? 0;
    },
    load: ({ count: rows, startMs, stepMs, firstWithKey }) => sql`
      WITH t AS MATERIALIZED (
        SELECT i, ${startMs}::bigint + i::bigint * ${stepMs} AS time, md5(random()::text) AS random,
          lpad(to_hex(${startMs}::bigint + i::bigint * ${stepMs}), 12, '0') AS hex, i >= ${Math.min(firstWithKey, rows)}::int AS held
        FROM generate_series(0, ${rows}::int - 1) AS i)
      INSERT INTO changes (${COLUMNS})
      SELECT substr(hex, 1, 8) || '-' || substr(hex, 9) || '-7' || substr(random, 1, 3) || '-8' || substr(random, 4, 3) || '-' || substr(random, 7, 12),
        time, 'https://login.example.com/realms/selfcare', ${CLIENT}, '6b1f4c0e-5a0d-4c8f-9a44-' || substr(random, 1, 12),
        '1001', (${CUSTNO}::int + floor(random() * ${CUSTOMERS}::int))::int::text, ${OPERATION}, '0d6f1c0e-9c5c-4d0e-8f2a-' || substr(random, 1, 12),
        time + 15000, ${OUTCOME}, 200, 1, time + 120,
        CASE WHEN held THEN substr(md5(random()::text) || md5(random()::text), 1, 43) END,
        CASE WHEN held THEN substr(md5(random()::text) || md5(random()::text), 1, 43) END,
        CASE WHEN held THEN time + ${TTL_MS}::bigint END,
        CASE WHEN held THEN substr(${sql.raw(Array.from({ length: 14 }, () => 'md5(random()::text)').join(' || '))}, 1, ${REPLY_CHARACTERS}::int) END
      FROM t`,
  };
}

/** Keeps each query as it goes to the database. */
function recorder(database: Kysely<JournalSchema>, queries: CompiledQuery[]): KyselyPlugin {
  return {
    transformQuery: ({ node, queryId }) => {
      queries.push(database.getExecutor().compileQuery(node, queryId));
      return node;
    },
    transformResult: async ({ result }) => result,
  };
}

async function explained(database: Database, queries: readonly CompiledQuery[]): Promise<string[]> {
  const lines: string[] = [];
  for (const query of queries) {
    const { rows } = await database.tables.executeQuery<Record<string, string>>(
      CompiledQuery.raw(`${database.explain} ${query.sql}`, [...query.parameters]),
    );
    lines.push(...rows.map((row) => (row['detail'] ?? row['QUERY PLAN'] ?? '').replaceAll(UUID, '…')));
  }
  return [...new Set(lines)];
}
