import { sql } from 'kysely';
import type { Kysely, RawBuilder } from 'kysely';
import { idsBeginAt } from './change-id.ts';
import type { CustomerLink, JournalSchema, LinkChangeRow } from './schema.ts';
import { isPostgres, timeIn } from './store-time.ts';

const PAGE_ROWS = 5000;
const LINK = sql.raw('issuer, subject, groupno, custno');

/** Who changes links: a client by a request, or a user of the operating system by the command. */
export type LinkChanger =
  | {
      readonly issuer: string;
      readonly client: string;
      readonly subject: string;
      readonly actor: string | null;
      readonly requestId: string;
    }
  | { readonly user: string };

/** A change of links, and what is put on record of it. */
interface Changing {
  readonly change: LinkChangeRow['change'];
  /** A statement that may end with RETURNING. */
  readonly write: RawBuilder<unknown>;
  readonly by: LinkChanger;
  /** In milliseconds since the epoch, where another clock decides than the store's own. */
  readonly time: number | undefined;
}

/**
 * Changes links, and puts each that is really changed on record in the same transaction.
 *
 * @returns how many were changed
 */
export async function changeOnRecord(database: Kysely<JournalSchema>, changing: Changing): Promise<number> {
  const write = sql<CustomerLink>`${changing.write} RETURNING ${LINK}`;
  if (isPostgres(database)) {
    // One statement, so no client that vanishes leaves a lock behind.
    const places = sql`SELECT row_number() OVER () AS place, changed.* FROM changed`;
    const { numAffectedRows = 0n } = await sql`
      WITH changed AS (${write}) ${recordsOf(database, places, changing)}`.execute(database);
    return Number(numAffectedRows);
  }
  const writeBoth = async (transaction: Kysely<JournalSchema>): Promise<number> => {
    const { rows } = await write.execute(transaction);
    if (rows.length === 0) return 0;
    // SQLite cannot use in a statement what another one returns.
    const changed = JSON.stringify(rows.map((row) => [row.issuer, row.subject, row.groupno, row.custno]));
    const places = sql`
      SELECT key AS place, value ->> 0 AS issuer, value ->> 1 AS subject, value ->> 2 AS groupno, value ->> 3 AS custno
      FROM json_each(${changed})`;
    await recordsOf(transaction, places, changing).execute(transaction);
    return rows.length;
  };
  return database.isTransaction ? writeBoth(database) : database.transaction().execute(writeBoth);
}

/** @param places gives the links, and a number for each */
function recordsOf(
  database: Kysely<JournalSchema>,
  places: RawBuilder<unknown>,
  { change, by, time }: Changing,
): RawBuilder<unknown> {
  // One after the other: in any other order an index takes much longer to grow.
  const digits = isPostgres(database) ? sql`lpad(to_hex(place), 6, '0')` : sql`printf('%06x', place)`;
  const { user, issuer, client, subject, actor, requestId } = { ...NOBODY, ...by };
  const who = [user, issuer, client, subject, actor, requestId].map((each) => sql`CAST(${each} AS text)`);
  return sql`
    INSERT INTO customer_link_changes
      (id, at, change, ${LINK}, changed_by, caller_issuer, client, caller_subject, actor, request_id)
    SELECT CAST(${idsBeginAt(time ?? Date.now())} AS text) || ${digits}, (SELECT ${timeIn(database, time)}),
      ${sql.lit(change)}, ${LINK}, ${sql.join(who)}
    FROM (${places}) AS places`;
}

const NOBODY = { user: null, issuer: null, client: null, subject: null, actor: null, requestId: null };

/** What is on record of the links that have these values, newest first, some at a time. */
export async function* listLinkChanges(
  database: Kysely<JournalSchema>,
  filter: Partial<CustomerLink>,
): AsyncGenerator<readonly LinkChangeRow[]> {
  let last: LinkChangeRow | undefined;
  do {
    let changes = database.selectFrom('customer_link_changes').selectAll();
    for (const column of ['issuer', 'subject', 'groupno', 'custno'] as const)
      if (filter[column] !== undefined) changes = changes.where(column, '=', filter[column]);
    if (last) changes = changes.where('id', '<', last.id);
    const page = await changes.orderBy('id', 'desc').limit(PAGE_ROWS).execute();
    yield page;
    last = page.length < PAGE_ROWS ? undefined : page.at(-1);
  } while (last);
}
