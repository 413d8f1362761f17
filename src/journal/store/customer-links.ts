import { sql } from 'kysely';
import type { Kysely, RawBuilder } from 'kysely';
import type { LinkedUser } from './journal-store.ts';
import { changeOnRecord } from './link-changes.ts';
import type { LinkChanger } from './link-changes.ts';
import { batchStatement, parameterTable } from './parameter-table.ts';
import type { Columns } from './parameter-table.ts';
import type { CustomerLink, JournalSchema } from './schema.ts';
import { isPostgres } from './store-time.ts';

const PAGE_ROWS = 5000;
const COLUMNS = ['issuer', 'subject', 'groupno', 'custno'] as const;

interface Asked extends LinkedUser {
  readonly place: number;
}

const ASKED: Columns<Asked> = {
  place: ['integer', ({ place }) => place],
  issuer: ['text', ({ issuer }) => issuer],
  subject: ['text', ({ subject }) => subject],
  groupno: ['text', ({ groupno }) => groupno],
};

const lookUp = batchStatement(
  ASKED,
  (users) => sql`
    WITH ${parameterTable('asked', ASKED, users)}
    SELECT asked.place, links.custno FROM asked JOIN customer_links AS links
      ON links.issuer = asked.issuer AND links.subject = asked.subject AND links.groupno = asked.groupno`,
);

/** @returns for each user, in order, the numbers of its customers in the group */
export async function customersOf(
  database: Kysely<JournalSchema>,
  users: readonly LinkedUser[],
): Promise<(readonly string[])[]> {
  const found: string[][] = users.map(() => []);
  const asked = users.map((user, place) => ({ ...user, place }));
  for (const { place, custno } of (await lookUp(database, asked)) as { place: number; custno: string }[])
    found[place]!.push(custno);
  return found;
}

export function usersOf(
  database: Kysely<JournalSchema>,
  groupno: string,
  custno: string,
): Promise<Pick<CustomerLink, 'issuer' | 'subject'>[]> {
  return database
    .selectFrom('customer_links')
    .select(['issuer', 'subject'])
    .where('groupno', '=', groupno)
    .where('custno', '=', custno)
    .orderBy('issuer')
    .orderBy('subject')
    .execute();
}

/**
 * Makes the links that are not there yet, on record. One parameter holds all of them, so that a million do not make a million
 * texts.
 *
 * @param time in milliseconds since the epoch; that of the store where it is not given
 * @returns how many were made
 */
export function addLinks(
  database: Kysely<JournalSchema>,
  links: readonly CustomerLink[],
  by: LinkChanger,
  time?: number,
): Promise<number> {
  const rows = JSON.stringify(links.map((link) => COLUMNS.map((column) => link[column])));
  return changeOnRecord(database, {
    change: 'linked',
    write: sql`
      INSERT INTO customer_links (issuer, subject, groupno, custno)
      SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM ${elementsOf(database, rows)}
      WHERE true ON CONFLICT DO NOTHING`,
    by,
    time,
  });
}

/**
 * Takes a link away, on record.
 *
 * @param time in milliseconds since the epoch; that of the store where it is not given
 * @returns whether it was there
 */
export async function removeLink(
  database: Kysely<JournalSchema>,
  { issuer, subject, groupno, custno }: CustomerLink,
  by: LinkChanger,
  time?: number,
): Promise<boolean> {
  const removed = await changeOnRecord(database, {
    change: 'unlinked',
    write: sql`
      DELETE FROM customer_links
      WHERE issuer = ${issuer} AND subject = ${subject} AND groupno = ${groupno} AND custno = ${custno}`,
    by,
    time,
  });
  return removed > 0;
}

/** Every link that has these values, in the order of the four columns, some at a time. */
export async function* listLinks(
  database: Kysely<JournalSchema>,
  filter: Partial<CustomerLink>,
): AsyncGenerator<readonly CustomerLink[]> {
  let last: CustomerLink | undefined;
  do {
    let links = database.selectFrom('customer_links').select(COLUMNS);
    for (const column of COLUMNS)
      if (filter[column] !== undefined) links = links.where(column, '=', filter[column]);
    if (last) links = links.where(isBehind(last));
    for (const column of COLUMNS) links = links.orderBy(column);
    const page = await links.limit(PAGE_ROWS).execute();
    yield page;
    last = page.length < PAGE_ROWS ? undefined : page.at(-1);
  } while (last);
}

function isBehind({ issuer, subject, groupno, custno }: CustomerLink): RawBuilder<boolean> {
  return sql<boolean>`(issuer, subject, groupno, custno) > (${issuer}, ${subject}, ${groupno}, ${custno})`;
}

function elementsOf(database: Kysely<JournalSchema>, json: string): RawBuilder<unknown> {
  return isPostgres(database)
    ? sql`json_array_elements(CAST(${json} AS json)) AS elements (value)`
    : sql`json_each(${json})`;
}
