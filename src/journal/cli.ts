import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigurationError } from '../config/configuration-error.ts';
import { loadSetting } from '../config/settings.ts';
import type { JournalFilter, JournalRecord } from './journal-store.ts';
import { KyselyJournalStore } from './kysely-journal-store.ts';
import { openPostgres, openSqlite, sqlitePathOf } from './open-database.ts';

const USAGE = `Usage: npm run journal -- list [options]     every attempted change, newest first
       npm run journal -- show ID [--json]   one of them

  --custno N      of one customer
  --client ID     of one client
  --outcome O     applied, rejected, not-sent, unknown or in-progress
  --since TIME    from then on, for example 2026-11-21 or 2026-11-21T10:00:00Z
  --until TIME    before then
  --json          a JSON list instead of a table

Reads the journal that DATABASE_URL names, also while the gateway runs.`;

const OUTCOMES: readonly JournalRecord['outcome'][] = [
  'applied',
  'rejected',
  'not-sent',
  'unknown',
  'in-progress',
];
const COLUMNS = [
  'at',
  'outcome',
  'operation',
  'custno',
  'groupno',
  'client',
  'subject',
  'octaneStatus',
  'id',
] as const;

/** A call that was not understood. */
class UsageError extends Error {}

/** A record as it is printed: the names and their order are a promise to programs. */
type Printed = Omit<JournalRecord, 'at' | 'completedAt'> & { at: string };

async function main(args: string[]): Promise<void> {
  const { command, id, filter, json } = understand(args);
  const store = openStore();
  try {
    const records = command === 'list' ? store.list(filter, Date.now()) : one(store, id);
    await (json ? printJson(records) : printTable(records));
  } finally {
    await store.close();
  }
}

function understand(args: string[]): {
  command: 'list' | 'show';
  id: string;
  filter: JournalFilter;
  json: boolean;
} {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      custno: { type: 'string' },
      client: { type: 'string' },
      outcome: { type: 'string' },
      since: { type: 'string' },
      until: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const [command, id = ''] = positionals;
  const { custno, client, outcome, since, until, json } = values;
  if (command === 'show' && id !== '' && positionals.length === 2) return { command, id, filter: {}, json };
  if (command !== 'list' || positionals.length !== 1) throw new UsageError('say list, or show with one ID');
  const known = OUTCOMES.find((name) => name === outcome);
  if (outcome !== undefined && !known) throw new UsageError(`--outcome is one of ${OUTCOMES.join(', ')}`);
  const filter = {
    ...(custno !== undefined && { custno }),
    ...(client !== undefined && { client }),
    ...(known && { outcome: known }),
    ...(since !== undefined && { since: timeOf('--since', since) }),
    ...(until !== undefined && { until: timeOf('--until', until) }),
  };
  return { command, id, filter, json };
}

function timeOf(option: string, text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new UsageError(`${option} is not a time such as 2026-11-21T10:00:00Z`);
  return time;
}

function openStore(): KyselyJournalStore {
  const url = loadSetting('databaseUrl');
  const path = sqlitePathOf(url);
  if (path === undefined) return new KyselyJournalStore(openPostgres(url));
  if (!existsSync(path))
    throw new UsageError('DATABASE_URL names a file that does not exist: no gateway has run there');
  return new KyselyJournalStore(openSqlite(path));
}

async function* one(store: KyselyJournalStore, id: string): AsyncGenerator<JournalRecord> {
  const record = await store.show(id, Date.now());
  if (!record) throw new UsageError('there is no record with that ID');
  yield record;
}

async function printJson(records: AsyncIterable<JournalRecord>): Promise<void> {
  let separator = '[\n';
  for await (const record of records) {
    process.stdout.write(`${separator}${JSON.stringify(printed(record))}`);
    separator = ',\n';
  }
  process.stdout.write(separator === '[\n' ? '[]\n' : '\n]\n');
}

async function printTable(records: AsyncIterable<JournalRecord>): Promise<void> {
  const rows: string[][] = [[...COLUMNS]];
  for await (const record of records) {
    const line = printed(record);
    rows.push(COLUMNS.map((column) => String(line[column] ?? '-')));
  }
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    );
}

function printed({ id, at, completedAt: _, ...rest }: JournalRecord): Printed {
  return { id, at: new Date(at).toISOString(), ...rest };
}

// A reader that has seen enough, such as `head`, closes the pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

main(process.argv.slice(2)).catch((error: unknown) => {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS'))
    console.error(`${message}\n\n${USAGE}`);
  else if (error instanceof ConfigurationError) console.error(message);
  else console.error(`The journal cannot be read (${code || (error as Error).name}).`);
  process.exit(1);
});
