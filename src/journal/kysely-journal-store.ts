import { sql } from 'kysely';
import type { Kysely, Selectable, SelectQueryBuilder } from 'kysely';
import { BatchStatement } from './batch-statement.ts';
import { changeIdAt, firstIdAt } from './change-id.ts';
import { JournalStore } from './journal-store.ts';
import type { Completion, Intent, JournalFilter, JournalRecord, KeyHolder } from './journal-store.ts';
import { requireSchema } from './migrate.ts';
import type { ChangeRow, JournalSchema } from './schema.ts';

const PAGE_ROWS = 500;
const PROBE_CHARACTERS = 500;

/** The condition names the partial index; a change without a key is in no index and in nobody's way. */
const insertChanges = (): BatchStatement<ChangeRow> =>
  new BatchStatement(
    (database, rows) =>
      database
        .insertInto('changes')
        .values(rows)
        .onConflict((conflict) => conflict.column('key_hash').where('key_hash', 'is not', null).doNothing())
        .returning('id')
        .compile(),
    (row) => Object.values(row),
  );

/** No database can tell the type of such a value from a parameter alone. */
const COMPLETION_TYPES = ['text', 'text', 'integer', 'integer', 'bigint', 'text', 'integer'] as const;

/** What a completion says, in the order of {@link COMPLETION_TYPES}. */
const completionValues = (completion: Completion): readonly unknown[] => [
  completion.id,
  completion.outcome,
  completion.octaneStatus,
  completion.attempts,
  completion.completedAt,
  completion.reply,
  completion.keepsKey ? 1 : 0,
];

const completeChanges = (): BatchStatement<Completion> =>
  new BatchStatement((database, completions) => {
    const rows = completions.map((completion) => {
      const values = completionValues(completion);
      return sql`(${sql.join(COMPLETION_TYPES.map((type, index) => sql`CAST(${values[index]} AS ${sql.raw(type)})`))})`;
    });
    return sql`
        WITH done (id, outcome, octane_status, attempts, completed_at, reply, keeps_key) AS (VALUES ${sql.join(rows)})
        UPDATE changes SET
          outcome = done.outcome, octane_status = done.octane_status, attempts = done.attempts,
          completed_at = done.completed_at,
          reply = CASE WHEN changes.key_hash IS NOT NULL THEN done.reply END,
          key_hash = CASE WHEN done.keeps_key = 1 THEN changes.key_hash END
        FROM done WHERE changes.id = done.id`.compile(database);
  }, completionValues);

/** The journal's queries, the same for SQLite and PostgreSQL. No parameter properties: the tests run the worker's files unbuilt. */
export class KyselyJournalStore extends JournalStore {
  private readonly database: Kysely<JournalSchema>;
  private readonly insertions = insertChanges();
  private readonly completions = completeChanges();
  private readonly mayMigrate: boolean;
  private migrated = false;

  /** @param mayMigrate whether it may bring the schema of the database up to date */
  constructor(database: Kysely<JournalSchema>, mayMigrate = true) {
    super();
    this.database = database;
    this.mayMigrate = mayMigrate;
  }

  async open(): Promise<void> {
    if (this.migrated) return;
    await requireSchema(this.database, this.mayMigrate);
    this.migrated = true;
  }

  async begin(intents: readonly Intent[]): Promise<(KeyHolder | null)[]> {
    const begun = (await this.insertions.execute(
      this.database,
      // In one order everywhere: two replicas that insert the same keys must not wait for each other crosswise.
      intents.map(rowOf).toSorted((a, b) => ((a.key_hash ?? '') < (b.key_hash ?? '') ? -1 : 1)),
    )) as { id: string }[];
    if (begun.length === intents.length) return intents.map(() => null);
    const recorded = new Set(begun.map(({ id }) => id));
    const refused = intents.filter(({ id }) => !recorded.has(id));
    const holders = await this.holdersOf(refused.flatMap(({ key }) => (key ? [key.hash] : [])));
    // A holder may have let go of the key since: then the next try gets it.
    return Promise.all(
      intents.map(async (intent) => {
        if (recorded.has(intent.id)) return null;
        return holders.get(intent.key?.hash ?? '') ?? (await this.begin([intent]))[0] ?? null;
      }),
    );
  }

  async takeOver(holder: KeyHolder, intent: Intent): Promise<boolean> {
    return this.database.transaction().execute(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('changes')
        .set({ key_hash: null })
        .where('id', '=', holder.id)
        .where('key_hash', '=', holder.hash)
        .where('outcome', holder.outcome === null ? 'is' : '=', holder.outcome)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) return false;
      await transaction.insertInto('changes').values(rowOf(intent)).execute();
      return true;
    });
  }

  async complete(completions: readonly Completion[]): Promise<void> {
    const givenBack = completions.filter(({ keyGoesBackTo }) => keyGoesBackTo !== null);
    if (givenBack.length === 0) {
      await this.completions.execute(this.database, completions);
      return;
    }
    await this.database.transaction().execute(async (transaction) => {
      const keys = await transaction
        .selectFrom('changes')
        .select(['id', 'key_hash'])
        .where(
          'id',
          'in',
          givenBack.map(({ id }) => id),
        )
        .where('key_hash', 'is not', null)
        .execute();
      await this.completions.execute(transaction, completions);
      const receiverOf = new Map(givenBack.map(({ id, keyGoesBackTo }) => [id, keyGoesBackTo]));
      for (const { id, key_hash } of keys) {
        await transaction
          .updateTable('changes')
          .set({ key_hash })
          .where('id', '=', receiverOf.get(id) ?? '')
          .execute();
      }
    });
  }

  async withdraw(intent: Intent, completion: Completion): Promise<void> {
    await this.database
      .insertInto('changes')
      .values(rowOf({ ...intent, key: null }))
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    await this.complete([completion]);
  }

  async prune(now: number, oldest: number, limit: number): Promise<{ forgotten: number; deleted: number }> {
    const { numUpdatedRows } = await this.database
      .updateTable('changes')
      .set({ key_hash: null, fingerprint: null, reply: null })
      .where('id', 'in', (rows) =>
        rows
          .selectFrom('changes')
          .select('id')
          .where('key_hash', 'is not', null)
          .where('expires_at', '<=', now)
          .where('unknown_at', '<=', now)
          .orderBy('expires_at')
          .limit(limit),
      )
      .executeTakeFirstOrThrow();
    const { numDeletedRows } = await this.database
      .deleteFrom('changes')
      .where('id', 'in', (rows) =>
        rows
          .selectFrom('changes')
          .select('id')
          .where('id', '<', firstIdAt(oldest))
          .orderBy('id')
          .limit(limit),
      )
      .executeTakeFirstOrThrow();
    return { forgotten: Number(numUpdatedRows), deleted: Number(numDeletedRows) };
  }

  async check(): Promise<void> {
    await this.open();
    const id = changeIdAt(Date.now());
    await this.database.transaction().execute(async (transaction) => {
      // As long as a usual record, so that it finds no room where they find none. Nobody ever sees it.
      const text = '-'.repeat(PROBE_CHARACTERS);
      await sql`
        INSERT INTO changes (id, at, issuer, client, subject, groupno, custno, operation, request_id, unknown_at)
        VALUES (${id}, 0, ${text}, '', '', '', '', 'probe', '', 0)`.execute(transaction);
      await sql`UPDATE changes SET attempts = 1 WHERE id = ${id}`.execute(transaction);
      await sql`DELETE FROM changes WHERE id = ${id}`.execute(transaction);
    });
  }

  async close(): Promise<void> {
    await this.database.destroy();
  }

  /** Every record that passes the filter, newest first, read page by page. */
  async *list(filter: JournalFilter, now: number): AsyncGenerator<JournalRecord> {
    let before: string | undefined;
    for (;;) {
      let query = filtered(this.database.selectFrom('changes').selectAll(), filter, now);
      if (before !== undefined) query = query.where('id', '<', before);
      const rows = await query.orderBy('id', 'desc').limit(PAGE_ROWS).execute();
      for (const row of rows) yield recordOf(row, now);
      before = rows.at(-1)?.id;
      if (rows.length < PAGE_ROWS) return;
    }
  }

  async show(id: string, now: number): Promise<JournalRecord | undefined> {
    const row = await this.database.selectFrom('changes').selectAll().where('id', '=', id).executeTakeFirst();
    return row && recordOf(row, now);
  }

  private async holdersOf(hashes: readonly string[]): Promise<Map<string, KeyHolder>> {
    const rows = await this.database
      .selectFrom('changes')
      .select(['id', 'key_hash', 'fingerprint', 'expires_at', 'outcome', 'unknown_at', 'reply'])
      .where('key_hash', 'in', hashes)
      .execute();
    return new Map(
      rows.map((row) => [
        row.key_hash ?? '',
        {
          id: row.id,
          hash: row.key_hash ?? '',
          fingerprint: row.fingerprint ?? '',
          expiresAt: row.expires_at ?? 0,
          outcome: row.outcome,
          unknownAt: row.unknown_at,
          reply: row.reply,
        },
      ]),
    );
  }
}

/** Its properties are always in this order, on which the text of a statement rests. */
function rowOf(intent: Intent): ChangeRow {
  return {
    id: intent.id,
    at: intent.at,
    issuer: intent.issuer,
    client: intent.client,
    subject: intent.subject,
    groupno: intent.groupno,
    custno: intent.custno,
    operation: intent.operation,
    request_id: intent.requestId,
    unknown_at: intent.unknownAt,
    outcome: null,
    octane_status: null,
    attempts: 0,
    completed_at: null,
    key_hash: intent.key?.hash ?? null,
    fingerprint: intent.key?.fingerprint ?? null,
    expires_at: intent.key?.expiresAt ?? null,
    reply: null,
  };
}

type Rows = SelectQueryBuilder<JournalSchema, 'changes', Selectable<ChangeRow>>;

function filtered(
  query: Rows,
  { custno, client, issuer, outcome, since, until }: JournalFilter,
  now: number,
): Rows {
  let rows = query;
  if (custno !== undefined) rows = rows.where('custno', '=', custno);
  if (client !== undefined) rows = rows.where('client', '=', client);
  if (issuer !== undefined) rows = rows.where('issuer', '=', issuer);
  if (since !== undefined) rows = rows.where('id', '>=', firstIdAt(since));
  if (until !== undefined) rows = rows.where('id', '<', firstIdAt(until));
  if (outcome === 'in-progress') rows = rows.where('outcome', 'is', null).where('unknown_at', '>', now);
  else if (outcome === 'unknown') {
    rows = rows.where((change) =>
      change.or([
        change('outcome', '=', outcome),
        change.and([change('outcome', 'is', null), change('unknown_at', '<=', now)]),
      ]),
    );
  } else if (outcome !== undefined) rows = rows.where('outcome', '=', outcome);
  return rows;
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
    completedAt: row.completed_at,
  };
}
