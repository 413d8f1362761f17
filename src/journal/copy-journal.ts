import { sql } from 'kysely';
import type { Kysely, RawBuilder, Transaction } from 'kysely';
import type { ChangeRow, CustomerLink, JournalSchema } from './store/schema.ts';

const PAGE_ROWS = 1000;
/** Every table, with its primary key. */
const TABLES: Readonly<Record<keyof JournalSchema, readonly string[]>> = {
  changes: ['id'],
  customer_links: ['issuer', 'subject', 'groupno', 'custno'],
  customer_link_changes: ['id'],
};

type Row = Readonly<Record<string, unknown>>;

/** What became of the rows of one table. */
export interface CopiedTable {
  readonly table: string;
  /** In the source. */
  readonly rows: number;
  /** How many of these were taken away in the target, and stay away. */
  readonly removed: number;
  /** How many of these the target has now. */
  readonly found: number;
  /** How many it did not have before. */
  readonly added: number;
}

/**
 * Copies a whole journal into another one, in one transaction. What the target has already stays as it is, so a copy may be
 * made again, also when gateways have worked on the target since.
 *
 * @param source SQLite, which nobody changes
 * @param target PostgreSQL
 * @param tell is told of each page
 * @param check throws where the numbers say that nothing must be copied
 */
export function copyJournal(
  source: Kysely<JournalSchema>,
  target: Kysely<JournalSchema>,
  tell: (table: string, done: number, all: number) => void,
  check: (copied: CopiedTable) => void,
): Promise<CopiedTable[]> {
  return target.transaction().execute(async (transaction) => {
    const copied: CopiedTable[] = [];
    for (const [table, key] of Object.entries(TABLES)) {
      const rows = await countOf(source, table);
      const lostKeys = new Set<string>();
      let [done, removed, found, added] = [0, 0, 0, 0];
      for await (const page of pagesOf(source, table, key)) {
        const kept = await keptOf(transaction, table, page, lostKeys);
        removed += page.length - kept.length;
        if (kept.length > 0) {
          added += await add(transaction, table, key, kept);
          found += await countFound(transaction, table, key, kept);
        }
        tell(table, (done += page.length), rows);
      }
      const result = { table, rows, removed, found, added };
      check(result);
      copied.push(result);
    }
    return copied;
  });
}

async function countOf(database: Kysely<JournalSchema>, table: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM ${sql.table(table)}`.execute(
    database,
  );
  return rows[0]!.count;
}

/** All rows, the newest first: a change comes before the one that it took its key over from. */
async function* pagesOf(
  database: Kysely<JournalSchema>,
  table: string,
  key: readonly string[],
): AsyncGenerator<readonly Row[]> {
  const order = sql.join(key.map((column) => sql`${sql.ref(column)} DESC`));
  let last: Row | undefined;
  do {
    const before = last && sql.join(key.map((column) => last![column]));
    const { rows } = await sql<Row>`
      SELECT * FROM ${sql.table(table)} ${before ? sql`WHERE (${namesOf(key)}) < (${before})` : sql``}
      ORDER BY ${order} LIMIT ${PAGE_ROWS}`.execute(database);
    if (rows.length > 0) yield rows;
    last = rows.length < PAGE_ROWS ? undefined : rows.at(-1);
  } while (last);
}

/** What is to be in the target of a page. */
function keptOf(
  target: Transaction<JournalSchema>,
  table: string,
  page: readonly Row[],
  lostKeys: Set<string>,
): Promise<readonly object[]> | readonly object[] {
  if (table === 'changes')
    return withoutLostKeys(target, page as readonly unknown[] as readonly ChangeRow[], lostKeys);
  if (table === 'customer_links')
    return withoutRemoved(target, page as readonly unknown[] as readonly CustomerLink[]);
  return page;
}

/** A link that was taken away in the target is not made again: somebody lost a right there. */
async function withoutRemoved(
  target: Transaction<JournalSchema>,
  links: readonly CustomerLink[],
): Promise<readonly CustomerLink[]> {
  const { rows } = await sql<CustomerLink>`
    SELECT issuer, subject, groupno, custno FROM (
      SELECT DISTINCT ON (custno, groupno, issuer, subject) changes.* FROM customer_link_changes AS changes
        JOIN ${recordsOf('customer_links', links)} USING (custno, groupno, issuer, subject)
      ORDER BY custno, groupno, issuer, subject, changes.id DESC) AS newest
    WHERE change = 'unlinked'`.execute(target);
  const textOf = ({ issuer, subject, groupno, custno }: CustomerLink): string =>
    JSON.stringify([issuer, subject, groupno, custno]);
  const removed = new Set(rows.map(textOf));
  return links.filter((link) => !removed.has(textOf(link)));
}

/**
 * A key that another change of the target has by now stays with it. The change of the source is then as one whose key is
 * forgotten, and so are those from which it took the key over.
 *
 * @param lost ids of changes that are still to come and have lost their key
 */
async function withoutLostKeys(
  target: Transaction<JournalSchema>,
  changes: readonly ChangeRow[],
  lost: Set<string>,
): Promise<readonly ChangeRow[]> {
  const hashes = changes.flatMap(({ key_hash: hash }) => hash ?? []);
  const holders = await target
    .selectFrom('changes')
    .select(['id', 'key_hash'])
    .where('key_hash', '=', sql<string>`ANY(${hashes})`)
    .execute();
  const holderOf = new Map(holders.map(({ id, key_hash: hash }) => [hash, id]));
  return changes.map((change) => {
    const holder = holderOf.get(change.key_hash) ?? change.id;
    if (holder === change.id && !lost.has(change.id)) return change;
    if (change.takes_over !== null) lost.add(change.takes_over);
    return { ...change, key_hash: null, fingerprint: null, reply: null };
  });
}

/** Names the columns, so that one that the target lacks is an error. */
async function add(
  target: Transaction<JournalSchema>,
  table: string,
  key: readonly string[],
  rows: readonly object[],
): Promise<number> {
  const columns = namesOf(Object.keys(rows[0]!));
  const { numAffectedRows = 0n } = await sql`
    INSERT INTO ${sql.table(table)} (${columns}) SELECT ${columns} FROM ${recordsOf(table, rows)}
    ON CONFLICT (${namesOf(key)}) DO NOTHING`.execute(target);
  return Number(numAffectedRows);
}

async function countFound(
  target: Transaction<JournalSchema>,
  table: string,
  key: readonly string[],
  rows: readonly object[],
): Promise<number> {
  const keys = rows.map((row) => Object.fromEntries(key.map((column) => [column, (row as Row)[column]])));
  const { rows: counted } = await sql<{ count: string }>`
    SELECT count(*) AS count FROM ${sql.table(table)} JOIN ${recordsOf(table, keys)} USING (${namesOf(key)})`.execute(
    target,
  );
  return Number(counted[0]!.count);
}

/** A table of one parameter, with the columns of a table of the target. */
function recordsOf(table: string, rows: readonly object[]): RawBuilder<unknown> {
  return sql`json_populate_recordset(CAST(NULL AS ${sql.table(table)}), CAST(${JSON.stringify(rows)} AS json)) AS copied`;
}

function namesOf(columns: readonly string[]): RawBuilder<unknown> {
  return sql.join(columns.map((column) => sql.ref(column)));
}
