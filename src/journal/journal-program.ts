import { existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { Refusal } from '../config/command-line.ts';
import type { Program, Surroundings } from '../config/command-line.ts';
import { databaseLocation, sqlitePathOf } from '../config/database-url.ts';
import { Progress } from '../config/progress.ts';
import { loadSetting } from '../config/settings.ts';
import { commandOf } from './cli-command.ts';
import type { JournalCommand } from './cli-command.ts';
import { commandUser } from './command-user.ts';
import { copyJournal } from './copy-journal.ts';
import type { CopiedTable } from './copy-journal.ts';
import { erase, settle } from './corrections.ts';
import { Retention } from './retention.ts';
import type { JournalRecord } from './store/journal-store.ts';
import { KyselyJournalStore } from './store/kysely-journal-store.ts';
import { isNoTable, requireSchema } from './store/migrate.ts';
import { openPostgres, openSqlite, openSqliteAlone, readSqlite } from './store/open-database.ts';
import { writeCopy } from './store/sqlite-copy.ts';
import { findRecord, listRecords } from './store/read-records.ts';

const USAGE = `Usage: npm run journal -- list [filters] [--json]     lists every attempted change, newest first
       npm run journal -- export [filters]           prints the changes as JSON lines
       npm run journal -- show ID [--json]           shows the whole record of one change
       npm run journal -- settle ID OUTCOME --why TEXT
                     records what you found out about an unknown change: applied, rejected or not-sent
       npm run journal -- erase --custno N --groupno G
                     removes a customer from the records, and keeps the records
       npm run journal -- prune
                     deletes all records older than JOURNAL_RETENTION_DAYS
       npm run journal -- backup PATH
                     backs up a SQLite journal to a new file
       npm run journal -- copy sqlite:PATH
                     copies a SQLite journal into the PostgreSQL of DATABASE_URL; stop its gateway first

  --custno N      only changes of this customer
  --client ID     only changes by this client
  --issuer URL    only changes by clients of this issuer
  --request-id ID only the change of the request with this X-Request-Id
  --outcome O     only changes with this outcome: applied, rejected, not-sent, unknown or in-progress
  --since TIME    only changes from this time on, such as 2026-11-21 or 2026-11-21T10:00:00+02:00; UTC without an offset
  --until TIME    only changes before this time
  --json          prints a JSON list for programs; run npm with --silent

The commands use the journal in DATABASE_URL or DATABASE_URL_FILE. You can run them while the gateway runs.
`;

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

/** A record as it is printed: the names and their order are a promise to programs. */
type Printed = Omit<JournalRecord, 'at' | 'completedAt' | 'settled'> & { at: string };

async function run(args: string[], surroundings: Surroundings): Promise<void> {
  const { environment, stdout, stderr } = surroundings;
  const command = commandOf(args);
  if (command.name === 'help') {
    stdout.write(USAGE);
    return;
  }
  const url = loadSetting('databaseUrl', environment);
  stderr.write(`Journal: ${visible(databaseLocation(url))}\n`);
  if (command.name === 'copy') await copyInto(url, command.path, surroundings);
  else if (command.name === 'prune')
    await pruneAll(url, loadSetting('journalRetentionDays', environment), stdout);
  else await runOn(url, command, stdout);
}

type Named<Name extends JournalCommand['name']> = Extract<JournalCommand, { name: Name }>;
type Database = ReturnType<typeof openSqlite>;

/** Does it, on the journal with that URL. */
function runOn(
  url: string,
  command: Exclude<JournalCommand, { name: 'help' | 'prune' | 'copy' }>,
  stdout: Writable,
): Promise<void> {
  switch (command.name) {
    case 'list':
      return lend(url, 'reads', (database) =>
        (command.json ? printJson : printTable)(stdout, listRecords(database, command.filter)),
      );
    case 'export':
      return lend(url, 'reads', (database) => printLines(stdout, listRecords(database, command.filter)));
    case 'show':
      return lend(url, 'reads', async (database) =>
        (command.json ? printJson : printFields)(stdout, [await recordWith(database, command.id)]),
      );
    case 'settle':
      return settleOne(url, command, stdout);
    case 'erase':
      return eraseAll(url, command, stdout);
    case 'backup':
      return backUp(url, command.path, stdout);
  }
}

/** Lends the journal with that URL, which exists. */
async function lend<T>(
  url: string,
  purpose: 'reads' | 'corrections',
  use: (database: Database) => Promise<T>,
): Promise<T> {
  const path = sqlitePathOf(url);
  if (path !== undefined && !existsSync(path)) throw noJournal();
  const openFile = purpose === 'reads' ? readSqlite : (file: string) => openSqlite(file, false);
  const database = path === undefined ? openPostgres(url, purpose) : openFile(path);
  try {
    return await use(database);
  } finally {
    await database.destroy();
  }
}

async function settleOne(
  url: string,
  { id, outcome, why }: Named<'settle'>,
  stdout: Writable,
): Promise<void> {
  await lend(url, 'reads', async (database) => {
    const { outcome: known } = await recordWith(database, id);
    if (known !== 'unknown')
      throw new Refusal(`Only an unknown change can be settled. This one is ${known}.`);
  });
  const settlement = { outcome, at: Date.now(), by: commandUser(), why };
  if (!(await lend(url, 'corrections', (database) => settle(database, id, settlement))))
    throw new Refusal('The gateway has just recorded the outcome of this change. Show it again.');
  stdout.write(`Settled as ${outcome}.\n`);
}

async function eraseAll(url: string, { groupno, custno }: Named<'erase'>, stdout: Writable): Promise<void> {
  const erased = await lend(url, 'corrections', (database) => erase(database, groupno, custno));
  stdout.write(`Erased from ${erased} records.\n`);
}

async function pruneAll(url: string, journalRetentionDays: number, stdout: Writable): Promise<void> {
  const deleted = await lend(url, 'corrections', (database) =>
    new Retention(new KyselyJournalStore(database, false), { journalRetentionDays }).prune(),
  );
  stdout.write(`Deleted ${deleted} records.\n`);
}

async function backUp(url: string, path: string, stdout: Writable): Promise<void> {
  if (sqlitePathOf(url) === undefined) throw new Refusal('Back up PostgreSQL with its own command, pg_dump.');
  if (existsSync(path)) throw new Refusal('This file exists already. Name a new one.');
  await lend(url, 'reads', (database) => writeCopy(database, path));
  stdout.write(`Written and verified: ${visible(path)}\n`);
}

async function copyInto(
  url: string,
  path: string,
  { environment, stdout, stderr }: Surroundings,
): Promise<void> {
  if (sqlitePathOf(url) !== undefined)
    throw new Refusal('This command copies into PostgreSQL only. Set DATABASE_URL to a PostgreSQL database.');
  if (!existsSync(path)) throw new Refusal(`There is no file ${visible(path)}.`);
  const source = openAlone(path);
  const target = openPostgres(url, 'migrations');
  const progress = new Map<string, Progress>();
  const tell = (table: string, done: number, all: number): void => {
    const ofTable = progress.get(table) ?? new Progress(stderr, table);
    progress.set(table, ofTable);
    ofTable.tell(done, all);
  };
  try {
    await requireTables(source, visible(databaseLocation(`sqlite:${path}`)), false);
    await requireTables(target, 'DATABASE_URL', loadSetting('migrateOnStart', environment));
    for (const { table, rows, removed, found, added } of await copyJournal(
      source,
      target,
      tell,
      requireAll,
    )) {
      const gone = removed > 0 ? `; ${removed} were removed there and are not copied again` : '';
      stdout.write(
        `${table}: ${rows} rows, ${found} of them found in PostgreSQL, ${added} of them new${gone}.\n`,
      );
    }
  } finally {
    await Promise.all([source.destroy(), target.destroy()]);
  }
}

/** @throws Refusal where its tables are not those of this version */
async function requireTables(database: Database, url: string, mayMigrate: boolean): Promise<void> {
  try {
    await requireSchema(database, mayMigrate);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'SCHEMA_OUTDATED') throw error;
    throw new Refusal(
      `The tables of ${url} are missing or have an older version. Run npm run migrate first.`,
    );
  }
}

function openAlone(path: string): Database {
  try {
    return openSqliteAlone(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'SQLITE_BUSY') throw error;
    throw new Refusal(
      'The file is in use. Stop its gateway and every other program that has it open, and copy again.',
    );
  }
}

function requireAll({ table, rows, removed, found }: CopiedTable): void {
  if (found === rows - removed) return;
  throw new Refusal(`Nothing was copied. ${table} has ${rows} rows, and only ${found} of them arrived.`);
}

function noJournal(): Refusal {
  return new Refusal('There is no journal at DATABASE_URL. No gateway has run with it yet.');
}

async function recordWith(database: Database, id: string): Promise<JournalRecord> {
  const record = await findRecord(database, id);
  if (!record) throw new Refusal('There is no record with that ID.');
  return record;
}

async function printLines(stdout: Writable, records: AsyncIterable<JournalRecord>): Promise<void> {
  for await (const record of records) stdout.write(`${jsonOf(record)}\n`);
}

async function printJson(
  stdout: Writable,
  records: AsyncIterable<JournalRecord> | JournalRecord[],
): Promise<void> {
  let separator = '[\n';
  for await (const record of records) {
    stdout.write(`${separator}${jsonOf(record)}`);
    separator = ',\n';
  }
  stdout.write(separator === '[\n' ? '[]\n' : '\n]\n');
}

/** Some rows at a time, so that a journal of any length can be read; the columns grow where later rows need it. */
async function printTable(stdout: Writable, records: AsyncIterable<JournalRecord>): Promise<void> {
  let rows: string[][] = [[...COLUMNS]];
  let widths = COLUMNS.map(() => 0);
  const printRows = (): void => {
    widths = widths.map((width, column) => Math.max(width, ...rows.map((row) => row[column]!.length)));
    const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
    stdout.write(lines.map((line) => `${line.trimEnd()}\n`).join(''));
    rows = [];
  };
  for await (const record of records) {
    const line = printed(record);
    rows.push(COLUMNS.map((column) => visible(String(line[column] ?? '-'))));
    if (rows.length >= ROWS_AT_ONCE) printRows();
  }
  printRows();
}

function printFields(stdout: Writable, [record]: readonly [JournalRecord]): void {
  const { settled } = record;
  const fields = Object.entries({
    ...printed(record),
    ...(settled && {
      settledAt: new Date(settled.at).toISOString(),
      settledBy: settled.by,
      why: settled.why,
    }),
  });
  stdout.write(
    fields.map(([name, value]) => `${name.padEnd(14)}${visible(String(value ?? '-'))}\n`).join(''),
  );
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

/** @returns what to say, without anything that a database's message may quote */
function explained(error: NodeJS.ErrnoException): string {
  if (isNoTable(error)) return noJournal().message;
  const { code } = error;
  return `The journal cannot be used: ${code ?? 'its store does not answer'}.`;
}

/** `npm run journal` */
export const journalProgram: Program = { run, explained };
