import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigurationError } from '../config/configuration-error.ts';
import { CUSTNO } from '../config/customer-number.ts';
import { loadSetting } from '../config/settings.ts';
import type { JournalFilter, JournalRecord } from './journal-store.ts';
import { KyselyJournalStore } from './kysely-journal-store.ts';
import { isNoTable } from './migrate.ts';
import { openPostgres, readSqlite, sqlitePathOf } from './open-database.ts';

const USAGE = `Usage: npm run journal -- list [options]     every attempted change, newest first
       npm run journal -- show ID [--json]   all that is on record of one

  --custno N      of one customer
  --client ID     of one client
  --issuer URL    of the clients of one issuer
  --outcome O     applied, rejected, not-sent, unknown or in-progress
  --since TIME    from then on, such as 2026-11-21 or 2026-11-21T10:00:00+02:00; UTC where it has no offset
  --until TIME    before then
  --json          a JSON list for programs; call npm with --silent

Reads the journal that DATABASE_URL names, also while the gateway runs.
`;

const OUTCOMES: readonly JournalRecord['outcome'][] = [
  'applied',
  'rejected',
  'not-sent',
  'unknown',
  'in-progress',
];
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
type Printed = Omit<JournalRecord, 'at' | 'completedAt'> & { at: string };

async function main(args: string[]): Promise<void> {
  const { command, id, filter, json, help } = understand(args);
  if (help) {
    print(USAGE);
    return;
  }
  const store = openStore();
  try {
    const records = command === 'list' ? store.list(filter, Date.now()) : one(store, id);
    if (json) await printJson(records);
    else if (command === 'list') await printTable(records);
    else await printFields(records);
  } finally {
    await store.close();
  }
}

function understand(args: string[]): {
  command: string | undefined;
  id: string;
  filter: JournalFilter;
  json: boolean;
  help: boolean;
} {
  const { values, positionals } = parsed(args);
  const { custno, client, issuer, outcome, since, until, json, help } = values;
  const [command, id = ''] = positionals;
  const isShow = command === 'show' && positionals.length === 2;
  if (!help && !isShow && (command !== 'list' || positionals.length !== 1))
    throw misunderstood('Say list, or show and one ID');
  if (isShow && Object.keys(values).some((name) => name !== 'json'))
    throw misunderstood('The command show takes an ID and no filter');
  if (custno !== undefined && !CUSTNO.test(custno))
    throw misunderstood('--custno is a number of 1 to 10 digits');
  const known = OUTCOMES.find((name) => name === outcome);
  if (outcome !== undefined && !known) throw misunderstood(`--outcome is one of ${OUTCOMES.join(', ')}`);
  const filter = {
    ...(custno !== undefined && { custno }),
    ...(client !== undefined && { client }),
    ...(issuer !== undefined && { issuer }),
    ...(known && { outcome: known }),
    ...(since !== undefined && { since: timeOf('--since', since) }),
    ...(until !== undefined && { until: timeOf('--until', until) }),
  };
  return { command, id, filter, json: json === true, help: help === true };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        custno: { type: 'string' },
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

function openStore(): KyselyJournalStore {
  const url = loadSetting('databaseUrl');
  const path = sqlitePathOf(url);
  if (path === undefined) return new KyselyJournalStore(openPostgres(url, 'reads'));
  if (!existsSync(path)) throw noJournal();
  return new KyselyJournalStore(readSqlite(path));
}

function noJournal(): Refusal {
  return new Refusal('There is no journal where DATABASE_URL points: no gateway has run with it yet.');
}

async function* one(store: KyselyJournalStore, id: string): AsyncGenerator<JournalRecord> {
  const record = await store.show(id, Date.now());
  if (!record) throw new Refusal('There is no record with that ID.');
  yield record;
}

async function printJson(records: AsyncIterable<JournalRecord>): Promise<void> {
  let separator = '[\n';
  for await (const record of records) {
    print(`${separator}${JSON.stringify(printed(record))}`);
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
    rows.push(COLUMNS.map((column) => String(line[column] ?? '-')));
    if (rows.length >= ROWS_AT_ONCE) printRows();
  }
  printRows();
}

async function printFields(records: AsyncIterable<JournalRecord>): Promise<void> {
  for await (const record of records) {
    const fields = Object.entries(printed(record));
    print(fields.map(([name, value]) => `${name.padEnd(14)}${value ?? '-'}\n`).join(''));
  }
}

function printed({ id, at, completedAt: _, ...rest }: JournalRecord): Printed {
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
  return `The journal cannot be read: ${code ?? 'its store does not answer'}.`;
}

// A reader that has seen enough, such as `head`, closes the pipe.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${explained(error)}\n`);
  process.exit(1);
});
