import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { ConfigurationError } from '../config/configuration-error.ts';
import { CUSTNO } from '../config/customer-number.ts';
import { databaseLocation } from '../config/database-url.ts';
import { loadSetting } from '../config/settings.ts';
import { recordedName } from '../telemetry/recorded-name.ts';
import { erase, eraseSqlite, settle } from './corrections.ts';
import type { Settlement } from './corrections.ts';
import type { JournalFilter, JournalRecord } from './journal-store.ts';
import { KyselyJournalStore } from './kysely-journal-store.ts';
import { isNoTable } from './migrate.ts';
import { openPostgres, openSqlite, readSqlite, sqlitePathOf } from './open-database.ts';
import { Retention } from './retention.ts';

const USAGE = `Usage: npm run journal -- list [filters] [--json]     every attempted change, newest first
       npm run journal -- export [filters]           the same as JSON lines, one for each change
       npm run journal -- show ID [--json]           all that is on record of one
       npm run journal -- settle ID OUTCOME --why TEXT
                     writes down what you found out of an unknown change: applied, rejected or not-sent
       npm run journal -- erase --custno N --groupno G
                     takes a customer out of the records and keeps the records
       npm run journal -- prune
                     deletes what JOURNAL_RETENTION_DAYS says, however much that is

  --custno N      of one customer
  --client ID     of one client
  --issuer URL    of the clients of one issuer
  --outcome O     applied, rejected, not-sent, unknown or in-progress
  --since TIME    from then on, such as 2026-11-21 or 2026-11-21T10:00:00+02:00; UTC where it has no offset
  --until TIME    before then
  --json          a JSON list for programs; call npm with --silent

It works on the journal that DATABASE_URL or DATABASE_URL_FILE names, also while the gateway runs.
`;

const OUTCOMES: readonly JournalRecord['outcome'][] = [
  'applied',
  'rejected',
  'not-sent',
  'unknown',
  'in-progress',
];
const SETTLED: readonly Settlement['outcome'][] = ['applied', 'rejected', 'not-sent'];
const FILTERS: readonly string[] = ['custno', 'client', 'issuer', 'outcome', 'since', 'until'];
const MAX_REASON = 500;
/** Control characters, invisible ones, those that change the direction, spaces that are none, and what has no meaning at all. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;
/** What comes from a token is as long as it likes, so it stands last. */
const COLUMNS = [
  'at',
  'outcome',
  'operation',
  'custno',
  'groupno',
  'client',
  'octaneStatus',
  'id',
  'subject',
] as const;
const ROWS_AT_ONCE = 500;
const TIME =
  /^(?<day>\d{4}-\d{2}-\d{2})(?<clock>T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(?<offset>Z|[+-]\d{2}:\d{2})?)?$/;

/** What the one who asks can mend; its message is all that is said. */
class Refusal extends Error {}

/** A record as it is printed: the names and their order are a promise to programs. */
type Printed = Omit<JournalRecord, 'at' | 'completedAt' | 'settled'> & { at: string };

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parsed(args);
  if (values.help === true) {
    print(USAGE);
    return;
  }
  const run = understand(positionals, values);
  const url = loadSetting('databaseUrl');
  process.stderr.write(`Journal: ${visible(databaseLocation(url))}\n`);
  await run(url);
}

type Database = ReturnType<typeof openSqlite>;
type Values = ReturnType<typeof parsed>['values'];

/** @returns does it, on the journal with that URL */
function understand([command, ...rest]: string[], values: Values): (url: string) => Promise<void> {
  const [id = '', outcome] = rest;
  const { json = false } = values;
  if ((command === 'list' || command === 'export') && rest.length === 0) {
    allow(values, command === 'list' ? [...FILTERS, 'json'] : FILTERS);
    const filter = filterOf(values);
    const show = command === 'export' ? printLines : json ? printJson : printTable;
    return (url) => reading(url, (store) => show(store.list(filter)));
  }
  if (command === 'show' && rest.length === 1) {
    allow(values, ['json']);
    return (url) => reading(url, (store) => (json ? printJson : printFields)(one(store, id)));
  }
  if (command === 'settle' && rest.length === 2) {
    allow(values, ['why']);
    const found = SETTLED.find((name) => name === outcome);
    if (!found) throw misunderstood(`The outcome is one of ${SETTLED.join(', ')}`);
    const why = reasonOf(values.why);
    return (url) => settleOne(url, id, found, why);
  }
  if (command === 'erase' && rest.length === 0) {
    allow(values, ['custno', 'groupno']);
    const { custno, groupno } = { ...filterOf(values), groupno: values.groupno };
    if (custno === undefined || !groupno)
      throw misunderstood('The command erase needs --custno and --groupno');
    return (url) => eraseAll(url, groupno, custno);
  }
  if (command === 'prune' && rest.length === 0) {
    allow(values, []);
    const journalRetentionDays = loadSetting('journalRetentionDays');
    return (url) => pruneAll(url, journalRetentionDays);
  }
  throw misunderstood('Say list, export, show and one ID, settle ID OUTCOME, erase, or prune');
}

function allow(values: Values, names: readonly string[]): void {
  const other = Object.keys(values).find((name) => !names.includes(name));
  if (other !== undefined) throw misunderstood(`This command takes no --${other}`);
}

function filterOf({ custno, client, issuer, outcome, since, until }: Values): JournalFilter {
  if (custno !== undefined && !CUSTNO.test(custno))
    throw misunderstood('--custno is a number of 1 to 10 digits');
  const known = OUTCOMES.find((name) => name === outcome);
  if (outcome !== undefined && !known) throw misunderstood(`--outcome is one of ${OUTCOMES.join(', ')}`);
  return {
    ...(custno !== undefined && { custno }),
    ...(client !== undefined && { client }),
    ...(issuer !== undefined && { issuer }),
    ...(known && { outcome: known }),
    ...(since !== undefined && { since: timeOf('--since', since) }),
    ...(until !== undefined && { until: timeOf('--until', until) }),
  };
}

/** It is kept, so it must not hold what no record may hold. */
function reasonOf(text = ''): string {
  if (text.trim() === '' || text.length > MAX_REASON)
    throw misunderstood(`--why is a text of 1 to ${MAX_REASON} characters`);
  if (text.includes('@')) throw misunderstood('--why is kept on record: say it without an email address');
  return text;
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        custno: { type: 'string' },
        groupno: { type: 'string' },
        why: { type: 'string' },
        client: { type: 'string' },
        issuer: { type: 'string' },
        outcome: { type: 'string' },
        since: { type: 'string' },
        until: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    const [fault = ''] = (error as Error).message.split('. ');
    throw misunderstood(fault);
  }
}

function misunderstood(fault: string): Refusal {
  return new Refusal(`${fault}. All options: npm run journal -- --help`);
}

function timeOf(option: string, text: string): number {
  const { day = '', clock, offset } = TIME.exec(text)?.groups ?? {};
  const time = Date.parse(clock !== undefined && offset === undefined ? `${text}Z` : text);
  // Date.parse takes 31 February for 3 March.
  if (day === '' || Number.isNaN(time) || !new Date(day).toISOString().startsWith(day))
    throw misunderstood(`${option} is a time such as 2026-11-21 or 2026-11-21T10:00:00Z`);
  return time;
}

async function reading(url: string, read: (store: KyselyJournalStore) => Promise<void>): Promise<void> {
  const path = existingPathOf(url);
  const store = new KyselyJournalStore(path === undefined ? openPostgres(url, 'reads') : readSqlite(path));
  try {
    await read(store);
  } finally {
    await store.close();
  }
}

async function writing<T>(
  url: string,
  write: (database: Database, isSqlite: boolean) => Promise<T>,
): Promise<T> {
  const path = existingPathOf(url);
  const database = path === undefined ? openPostgres(url, 'corrections') : openSqlite(path, false);
  try {
    return await write(database, path !== undefined);
  } finally {
    await database.destroy();
  }
}

async function settleOne(
  url: string,
  id: string,
  outcome: Settlement['outcome'],
  why: string,
): Promise<void> {
  await reading(url, async (store) => {
    const { outcome: known } = await recordWith(store, id);
    if (known !== 'unknown')
      throw new Refusal(`Only an unknown change can be settled. This one is ${known}.`);
  });
  const settlement = { outcome, at: Date.now(), by: recordedName(userInfo().username), why };
  if (!(await writing(url, (database) => settle(database, id, settlement))))
    throw new Refusal('Its outcome has just been recorded. Look at it again.');
  print(`Settled as ${outcome}.\n`);
}

async function eraseAll(url: string, groupno: string, custno: string): Promise<void> {
  const erased = await writing(url, (database, isSqlite) =>
    (isSqlite ? eraseSqlite : erase)(database, groupno, custno),
  );
  print(`Erased from ${erased} records.\n`);
}

async function pruneAll(url: string, journalRetentionDays: number): Promise<void> {
  const deleted = await writing(url, (database) =>
    new Retention(new KyselyJournalStore(database, false), { journalRetentionDays }).prune(),
  );
  print(`Deleted ${deleted} records.\n`);
}

/** @returns the path of SQLite's file, which exists, or undefined for another store */
function existingPathOf(url: string): string | undefined {
  const path = sqlitePathOf(url);
  if (path !== undefined && !existsSync(path)) throw noJournal();
  return path;
}

function noJournal(): Refusal {
  return new Refusal('There is no journal where DATABASE_URL points: no gateway has run with it yet.');
}

async function* one(store: KyselyJournalStore, id: string): AsyncGenerator<JournalRecord> {
  yield await recordWith(store, id);
}

async function recordWith(store: KyselyJournalStore, id: string): Promise<JournalRecord> {
  const record = await store.show(id);
  if (!record) throw new Refusal('There is no record with that ID.');
  return record;
}

async function printLines(records: AsyncIterable<JournalRecord>): Promise<void> {
  for await (const record of records) print(`${jsonOf(record)}\n`);
}

async function printJson(records: AsyncIterable<JournalRecord>): Promise<void> {
  let separator = '[\n';
  for await (const record of records) {
    print(`${separator}${jsonOf(record)}`);
    separator = ',\n';
  }
  print(separator === '[\n' ? '[]\n' : '\n]\n');
}

/** Some rows at a time, so that a journal of any length can be read; the columns grow where later rows need it. */
async function printTable(records: AsyncIterable<JournalRecord>): Promise<void> {
  let rows: string[][] = [[...COLUMNS]];
  let widths = COLUMNS.map(() => 0);
  const printRows = (): void => {
    widths = widths.map((width, column) => Math.max(width, ...rows.map((row) => row[column]!.length)));
    const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
    print(lines.map((line) => `${line.trimEnd()}\n`).join(''));
    rows = [];
  };
  for await (const record of records) {
    const line = printed(record);
    rows.push(COLUMNS.map((column) => visible(String(line[column] ?? '-'))));
    if (rows.length >= ROWS_AT_ONCE) printRows();
  }
  printRows();
}

async function printFields(records: AsyncIterable<JournalRecord>): Promise<void> {
  for await (const record of records) {
    const { settled } = record;
    const fields = Object.entries({
      ...printed(record),
      ...(settled && {
        settledAt: new Date(settled.at).toISOString(),
        settledBy: settled.by,
        why: settled.why,
      }),
    });
    print(fields.map(([name, value]) => `${name.padEnd(14)}${visible(String(value ?? '-'))}\n`).join(''));
  }
}

function jsonOf(record: JournalRecord): string {
  return JSON.stringify(printed(record)).replaceAll(UNSEEN, (character) =>
    // As JSON writes it: one escape for each UTF-16 unit.
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** A text that a terminal shows as what it is, in one line and in one direction. */
function visible(text: string): string {
  return text.replaceAll(UNSEEN, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

function printed({ id, at, completedAt: _, settled: __, ...rest }: JournalRecord): Printed {
  return { id, at: new Date(at).toISOString(), ...rest };
}

function print(text: string): void {
  process.stdout.write(text);
}

/** @returns what to say, without anything that a database's message may quote */
function explained(error: unknown): string {
  if (error instanceof Refusal || error instanceof ConfigurationError) return error.message;
  if (isNoTable(error)) return noJournal().message;
  const { code } = error as NodeJS.ErrnoException;
  return `The journal cannot be used: ${code ?? 'its store does not answer'}.`;
}

// A reader that has seen enough, such as `head`, closes the pipe.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${explained(error)}\n`);
  process.exit(1);
});
