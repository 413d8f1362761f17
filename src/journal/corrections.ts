import { sql } from 'kysely';
import type { Kysely, RawBuilder, UpdateResult } from 'kysely';
import type { Outcome } from '../problems/catalogue.ts';
import type { JournalSchema } from './store/schema.ts';
import { isPostgres } from './store/store-time.ts';

/** Small enough that no lock is held long. */
const BATCH_ROWS = 500;
/** Stands where something of a person stood. */
const ERASED = 'erased';

/** What a person found out of a change whose outcome nobody knew. */
export interface Settlement {
  readonly outcome: Exclude<Outcome, 'unknown'>;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly by: string;
  readonly why: string;
}

/**
 * Writes down the outcome of a change that counts as unknown. The key of one that was applied stays used; otherwise it is free.
 *
 * @returns whether it still was unknown
 */
export async function settle(
  database: Kysely<JournalSchema>,
  id: string,
  { outcome, at, by, why }: Settlement,
): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('changes')
    .set({ outcome, settled_at: at, settled_by: by, settled_why: why })
    .$if(outcome !== 'applied', (change) =>
      // As where a gateway knows that a change was not made: the key is where it was before.
      change.set({
        fingerprint: null,
        key_hash: sql`CASE WHEN takes_over IS NOT NULL THEN key_hash END`,
      }),
    )
    .where('id', '=', id)
    .where((change) => change.or([change('outcome', 'is', null), change('outcome', '=', 'unknown')]))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/**
 * Takes a customer out of the records, those of its links too: who asked, for whom, and by which request. That there was a change,
 * when and with which outcome stays; so does the key, which holds nothing of a person, so that nothing is sent twice.
 *
 * @returns of how many records
 */
export async function erase(
  database: Kysely<JournalSchema>,
  groupno: string,
  custno: string,
): Promise<number> {
  const isSqlite = !isPostgres(database);
  // What SQLite has in its file and its log of rows that were overwritten is overwritten too.
  if (isSqlite) await sql`PRAGMA secure_delete = ON`.execute(database);
  const batchOf = (table: keyof JournalSchema): RawBuilder<string> => sql`(
    SELECT id FROM ${sql.table(table)} WHERE custno = ${custno} AND groupno = ${groupno} LIMIT ${BATCH_ROWS})`;
  const ofChanges = await inBatches(() =>
    database
      .updateTable('changes')
      .set({ subject: ERASED, custno: ERASED, request_id: ERASED, actor: null, reply: null })
      .set({ settled_why: erasedWhereThere('settled_why') })
      .where('id', 'in', batchOf('changes'))
      .executeTakeFirstOrThrow(),
  );
  const ofLinks = await inBatches(() =>
    database
      .updateTable('customer_link_changes')
      .set({ subject: ERASED, custno: ERASED, actor: null })
      .set({
        caller_subject: erasedWhereThere('caller_subject'),
        request_id: erasedWhereThere('request_id'),
      })
      .where('id', 'in', batchOf('customer_link_changes'))
      .executeTakeFirstOrThrow(),
  );
  if (isSqlite) await sql`PRAGMA wal_checkpoint(TRUNCATE)`.execute(database);
  return ofChanges + ofLinks;
}

const erasedWhereThere = (column: string): RawBuilder<string | null> =>
  sql`CASE WHEN ${sql.ref(column)} IS NOT NULL THEN ${sql.lit(ERASED)} END`;

/** Writes until a batch is not full. */
async function inBatches(write: () => Promise<UpdateResult>): Promise<number> {
  for (let written = 0; ;) {
    const { numUpdatedRows } = await write();
    written += Number(numUpdatedRows);
    if (numUpdatedRows < BATCH_ROWS) return written;
  }
}
