import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { Refusal } from '../config/command-line.ts';
import type { Program, Surroundings } from '../config/command-line.ts';
import { databaseLocation, sqlitePathOf } from '../config/database-url.ts';
import { namesOfGatewayFile } from '../config/gateway-file.ts';
import { Progress } from '../config/progress.ts';
import { loadSetting } from '../config/settings.ts';
import { commandUser } from '../journal/command-user.ts';
import { addLinks, listLinks, removeLink } from '../journal/store/customer-links.ts';
import { listLinkChanges } from '../journal/store/link-changes.ts';
import { isNoTable, requireSchema } from '../journal/store/migrate.ts';
import { openPostgres, openSqlite, readSqlite } from '../journal/store/open-database.ts';
import type { CustomerLink, LinkChangeRow } from '../journal/store/schema.ts';
import { commandOf } from './cli-command.ts';
import { CsvFault } from './csv.ts';
import { importLinks } from './import-links.ts';
import { soughtSubject, storedSubject } from './stored-subject.ts';

const USAGE = `Usage: npm run customers -- link --issuer I --subject S --groupno G --custno N
                     links the customer to the user
       npm run customers -- unlink --issuer I --subject S --groupno G --custno N
                     removes this link
       npm run customers -- list [--issuer I] [--subject S] [--groupno G] [--custno N]
                     prints one link per line, separated by tabs: issuer, subject, group and customer
       npm run customers -- history [--issuer I] [--subject S] [--groupno G] [--custno N]
                     prints one change of a link per line, newest first, separated by tabs: time, linked or unlinked,
                     issuer, subject, group and customer; then who made it: the user who ran this command, or client,
                     issuer, subject, actor and request id; a - means that there is no value
       npm run customers -- import FILE.csv
                     adds all links of the file, or none if a line is bad

The file needs a header with the columns issuer, subject, groupno and custno. Issuers and groups must be in GATEWAY_FILE.
If a subject holds an @, a character outside printable ASCII or more than 128 characters, it is stored as @sha256: and its
SHA-256. You can pass this form to unlink, list and history, too.
The commands use the store in DATABASE_URL or DATABASE_URL_FILE. You can run them while the gateway runs. It uses the new
links within 5 s.
`;

/** A gateway holds the write lock of SQLite for milliseconds; another import for many seconds. */
const PATIENCE_MS = 120_000;

type Database = ReturnType<typeof openSqlite>;

async function run(args: string[], surroundings: Surroundings): Promise<void> {
  const { environment, stdout } = surroundings;
  const command = commandOf(args);
  if (command.name === 'help') return print(stdout, USAGE);
  if (command.name === 'list') return printAll(command.filter, surroundings, listLinks, cellsOfLink);
  if (command.name === 'history')
    return printAll(command.filter, surroundings, listLinkChanges, cellsOfChange);
  const names = namesOfGatewayFile(loadSetting('gatewayFile', environment));
  const by = { user: commandUser() };
  if (command.name === 'import') {
    const progress = new Progress(surroundings.stderr, 'Bytes read');
    const tell = progress.tell.bind(progress);
    const { links, added } = await change(surroundings, (database) =>
      importLinks(database, command.file, { names, by, tell }),
    );
    return print(stdout, `Added ${added} links. The file has ${links}.\n`);
  }
  const { issuer, subject, groupno } = command.link;
  if (!names.issuers.has(issuer)) throw new Refusal('The gateway file has no such issuer.');
  if (!names.groups.has(groupno)) throw new Refusal('The gateway file has no such group.');
  if (command.name === 'link') {
    const link = { ...command.link, subject: storedSubject(subject) };
    const added = await change(surroundings, (database) => addLinks(database, [link], by));
    return print(stdout, added > 0 ? 'Linked.\n' : 'The link exists already.\n');
  }
  const link = { ...command.link, subject: soughtSubject(subject) };
  const wasThere = await change(surroundings, (database) => removeLink(database, link, by));
  return print(stdout, wasThere ? 'Unlinked.\n' : 'There was no such link.\n');
}

/** Prints all rows that fit, one a line. */
async function printAll<Row>(
  { subject, ...rest }: Partial<CustomerLink>,
  { environment, stdout }: Surroundings,
  list: (database: Database, filter: Partial<CustomerLink>) => AsyncIterable<readonly Row[]>,
  cellsOf: (row: Row) => readonly (string | null)[],
): Promise<void> {
  const filter = { ...rest, ...(subject !== undefined && { subject: soughtSubject(subject) }) };
  const url = loadSetting('databaseUrl', environment);
  const path = sqlitePathOf(url);
  if (path !== undefined && !existsSync(path)) throw noStore();
  await lend(path === undefined ? openPostgres(url, 'reads') : readSqlite(path), async (database) => {
    for await (const rows of list(database, filter)) {
      const lines = rows.map((row) =>
        cellsOf(row)
          .map((cell) => cell ?? '-')
          .join('\t'),
      );
      await print(stdout, lines.map((line) => `${line}\n`).join(''));
    }
  });
}

function cellsOfLink({ issuer, subject, groupno, custno }: CustomerLink): string[] {
  return [issuer, subject, groupno, custno];
}

function cellsOfChange({ at, change: what, ...row }: LinkChangeRow): (string | null)[] {
  const who = [row.changed_by, row.client, row.caller_issuer, row.caller_subject, row.actor, row.request_id];
  return [new Date(at).toISOString(), what, ...cellsOfLink(row), ...who];
}

/** Lends the store, with its schema as the gateway would bring it up to date. */
async function change<T>(
  { environment, stderr }: Surroundings,
  make: (database: Database) => Promise<T>,
): Promise<T> {
  const url = loadSetting('databaseUrl', environment);
  const path = sqlitePathOf(url);
  const mayMigrate = loadSetting('migrateOnStart', environment);
  stderr.write(`Store: ${databaseLocation(url)}\n`);
  const database =
    path === undefined ? openPostgres(url, 'corrections') : openSqlite(path, mayMigrate, PATIENCE_MS);
  return lend(database, async () => {
    await requireSchema(database, mayMigrate);
    return make(database);
  });
}

async function lend<T>(database: Database, use: (database: Database) => Promise<T>): Promise<T> {
  try {
    return await use(database);
  } finally {
    await database.destroy();
  }
}

/** Waits where the reader is slow: a million lines need not lie in memory. */
async function print(stdout: Writable, text: string): Promise<void> {
  if (!stdout.write(text)) await once(stdout, 'drain');
}

function noStore(): Refusal {
  return new Refusal('There is no store with customer links at DATABASE_URL. Run `npm run migrate` first.');
}

/** @returns what to say, without anything that a database's message may quote */
function explained(error: NodeJS.ErrnoException): string {
  if (error instanceof CsvFault) return `Nothing was imported. Line ${error.line}: ${error.message}.`;
  const { code, path } = error;
  if (isNoTable(error) || code === 'SCHEMA_OUTDATED') return noStore().message;
  if (path !== undefined) return `The file cannot be read: ${code}.`;
  return `The store cannot be used: ${code ?? 'it does not answer'}.`;
}

/** `npm run customers` */
export const customersProgram: Program = { run, explained };
