import type { Kysely, Selectable } from 'kysely';
import { firstIdAt } from './change-id.ts';
import type { JournalFilter, JournalRecord } from './journal-store.ts';
import type { ChangeRow, JournalSchema } from './schema.ts';
import { storeTime } from './store-time.ts';

const PAGE_ROWS = 500;

/**
 * Every record that passes the filter, newest first, read page by page.
 *
 * @param time in milliseconds since the epoch; that of the store where it is not given
 */
export async function* listRecords(
  database: Kysely<JournalSchema>,
  filter: JournalFilter,
  time?: number,
): AsyncGenerator<JournalRecord> {
  const now = time ?? (await storeTime(database));
  let before: string | undefined;
  for (;;) {
    let query = filtered(database, filter, now);
    if (before !== undefined) query = query.where('id', '<', before);
    const rows = await query.orderBy('id', 'desc').limit(PAGE_ROWS).execute();
    for (const row of rows) yield recordOf(row, now);
    before = rows.at(-1)?.id;
    if (rows.length < PAGE_ROWS) return;
  }
}

/** @param time as that of `listRecords` */
export async function findRecord(
  database: Kysely<JournalSchema>,
  id: string,
  time?: number,
): Promise<JournalRecord | undefined> {
  const now = time ?? (await storeTime(database));
  const row = await database.selectFrom('changes').selectAll().where('id', '=', id).executeTakeFirst();
  return row && recordOf(row, now);
}

function filtered(
  database: Kysely<JournalSchema>,
  { since, until, outcome, requestId, ...equal }: JournalFilter,
  now: number,
) {
  let rows = database.selectFrom('changes').selectAll();
  for (const column of ['custno', 'client', 'issuer'] as const)
    if (equal[column] !== undefined) rows = rows.where(column, '=', equal[column]);
  if (requestId !== undefined) rows = rows.where('request_id', '=', requestId);
  if (since !== undefined) rows = rows.where('id', '>=', firstIdAt(since));
  if (until !== undefined) rows = rows.where('id', '<', firstIdAt(until));
  if (outcome === 'in-progress') return rows.where('outcome', 'is', null).where('unknown_at', '>', now);
  if (outcome !== 'unknown') return outcome === undefined ? rows : rows.where('outcome', '=', outcome);
  return rows.where((change) =>
    change.or([
      change('outcome', '=', outcome),
      change.and([change('outcome', 'is', null), change('unknown_at', '<=', now)]),
    ]),
  );
}

function recordOf(row: Selectable<ChangeRow>, now: number): JournalRecord {
  return {
    id: row.id,
    at: row.at,
    issuer: row.issuer,
    client: row.client,
    subject: row.subject,
    groupno: row.groupno,
    custno: row.custno,
    operation: row.operation,
    outcome: row.outcome ?? (row.unknown_at <= now ? 'unknown' : 'in-progress'),
    octaneStatus: row.octane_status,
    attempts: row.attempts,
    requestId: row.request_id,
    // A journal that is only read may be of an older version.
    actor: row.actor ?? null,
    completedAt: row.completed_at,
    settled: row.settled_at
      ? { at: row.settled_at, by: row.settled_by ?? '', why: row.settled_why ?? '' }
      : null,
  };
}
