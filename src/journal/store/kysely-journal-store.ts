import { PostgresAdapter, sql } from 'kysely';
import type { Kysely, RawBuilder, Selectable, SelectQueryBuilder } from 'kysely';
import { BatchStatement } from './batch-statement.ts';
import { changeIdAt, firstIdAt } from './change-id.ts';
import { JournalStore } from './journal-store.ts';
import type {
  Completion,
  Intent,
  JournalFilter,
  JournalRecord,
  KeyHolder,
  OldRecords,
  Pruned,
} from './journal-store.ts';
import { keyStateOf } from './key-state.ts';
import type { KeyState } from './key-state.ts';
import { requireSchema } from './migrate.ts';
import type { ChangeRow, JournalSchema } from './schema.ts';

const PAGE_ROWS = 500;
const PROBE_CHARACTERS = 500;
/** A key that is freed may be gone again at once; one that another session has locked cannot be freed. */
const MAX_TRIES = 3;

/** No database can tell the type of such a value from a parameter alone. */
const INTENT_TYPES = {
  id: 'text',
  issuer: 'text',
  client: 'text',
  subject: 'text',
  groupno: 'text',
  custno: 'text',
  operation: 'text',
  request_id: 'text',
  actor: 'text',
  unknown_after: 'bigint',
  key_hash: 'text',
  fingerprint: 'text',
  ttl: 'bigint',
  takes_over: 'text',
  at: 'bigint',
};
const COMPLETION_TYPES = {
  id: 'text',
  outcome: 'text',
  octane_status: 'integer',
  attempts: 'integer',
  duration: 'bigint',
  reply: 'text',
  keeps_key: 'integer',
};

/** An intent as it is written. */
interface Entry {
  readonly intent: Intent;
  readonly takesOver: string | null;
  /** By the clock of this machine; null where that of the database decides. */
  readonly at: number | null;
}

/** In the order of {@link INTENT_TYPES}. */
const entryValues = ({ intent, takesOver, at }: Entry): readonly unknown[] => [
  intent.id,
  intent.issuer,
  intent.client,
  intent.subject,
  intent.groupno,
  intent.custno,
  intent.operation,
  intent.requestId,
  intent.actor,
  intent.unknownAfterMs,
  intent.key?.hash ?? null,
  intent.key?.fingerprint ?? null,
  intent.key?.ttlMs ?? null,
  takesOver,
  at,
];

/** In the order of {@link COMPLETION_TYPES}. */
const completionValues = (completion: Completion): readonly unknown[] => [
  completion.id,
  completion.outcome,
  completion.octaneStatus,
  completion.attempts,
  completion.durationMs,
  completion.reply,
  completion.keepsKey ? 1 : 0,
];

/** A table of parameters with that name, one row for each of `rows`. */
function table(name: string, types: Record<string, string>, rows: readonly (readonly unknown[])[]) {
  const casts = Object.values(types).map((type) => sql.raw(type));
  const lines = rows.map(
    (values) => sql`(${sql.join(casts.map((type, index) => sql`CAST(${values[index]} AS ${type})`))})`,
  );
  return sql`${sql.raw(`${name} (${Object.keys(types).join(', ')})`)} AS (VALUES ${sql.join(lines)})`;
}

/**
 * The journal's queries, the same for SQLite and PostgreSQL. Every write is one statement, so no client that vanishes leaves a
 * lock behind. No parameter properties: the tests run the worker's files unbuilt.
 */
export class KyselyJournalStore extends JournalStore {
  private readonly database: Kysely<JournalSchema>;
  private readonly mayMigrate: boolean;
  private readonly clock: (() => number) | undefined;
  private readonly isPostgres: boolean;
  private readonly insertions: BatchStatement<Entry>;
  private readonly completions: BatchStatement<Completion>;
  private migrated = false;

  /**
   * @param mayMigrate whether it may bring the schema of the database up to date
   * @param clock decides instead of the store's own, which is PostgreSQL's, or this machine's for a file on it
   */
  constructor(database: Kysely<JournalSchema>, mayMigrate = true, clock?: () => number) {
    super();
    this.database = database;
    this.mayMigrate = mayMigrate;
    this.isPostgres = database.getExecutor().adapter instanceof PostgresAdapter;
    this.clock = clock ?? (this.isPostgres ? undefined : Date.now);
    // A key that is held is seen before it is inserted: to insert it would wait for a session that has its row locked. The
    // condition of the conflict names the partial index; a change without a key is in no index and in nobody's way.
    this.insertions = new BatchStatement(
      (_, entries) =>
        sql`
        WITH ${this.wanted(entries)}
        ${this.insertFrom(sql`wanted`)}
        WHERE (SELECT holder.id FROM changes AS holder WHERE holder.key_hash = timed.key_hash) IS NULL
        ON CONFLICT (key_hash) WHERE key_hash IS NOT NULL DO NOTHING
        RETURNING id`.compile(database),
      entryValues,
    );
    this.completions = new BatchStatement(
      (_, completions) =>
        sql`
        WITH ${table('done', COMPLETION_TYPES, completions.map(completionValues))}
        UPDATE changes SET
          outcome = done.outcome, octane_status = done.octane_status, attempts = done.attempts,
          completed_at = changes.at + done.duration,
          reply = CASE WHEN done.keeps_key = 1 AND changes.fingerprint IS NOT NULL THEN done.reply END,
          fingerprint = CASE WHEN done.keeps_key = 1 THEN changes.fingerprint END,
          key_hash = CASE WHEN done.keeps_key = 1 OR changes.takes_over IS NOT NULL THEN changes.key_hash END
        FROM done WHERE changes.id = done.id`.compile(database),
      completionValues,
    );
  }

  async open(): Promise<void> {
    if (this.migrated) return;
    await requireSchema(this.database, this.mayMigrate);
    this.migrated = true;
  }

  async begin(intents: readonly Intent[]): Promise<(KeyHolder | null)[]> {
    const recorded = await this.insert(intents);
    const refused = intents.filter(({ id }) => !recorded.has(id));
    const holders = await this.holdersOf(refused);
    return Promise.all(
      intents.map(async (intent) => (recorded.has(intent.id) ? null : this.beginAgain(intent, holders))),
    );
  }

  /** Frees a key that nobody keeps any more, and asks for it again. */
  private async beginAgain(intent: Intent, holders: Map<string, Holder>): Promise<KeyHolder | null> {
    let holder = holders.get(intent.key?.hash ?? '');
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (holder && holder.state !== 'free') return holder as KeyHolder;
      if (holder)
        await this.forget(sql`SELECT id FROM changes WHERE id = ${holder.id} AND key_hash = ${holder.hash}`);
      if ((await this.insert([intent])).size > 0) return null;
      holder = (await this.holdersOf([intent])).get(intent.key?.hash ?? '');
    }
    // Somebody has locked it: whoever asks with this key waits, and nobody else.
    const { id = '', outcome = null } = holder ?? {};
    const { hash = '', fingerprint = '' } = intent.key ?? {};
    return { id, hash, outcome, kept: { id, fingerprint, reply: null }, state: 'running' };
  }

  async takeOver(holder: KeyHolder, intent: Intent): Promise<boolean> {
    const entry = { intent, takesOver: holder.kept.id, at: this.clock?.() ?? null };
    const wanted = this.wanted([entry]);
    const lost = sql`
      UPDATE changes SET key_hash = NULL WHERE id = (
        SELECT id FROM changes
        WHERE id = ${holder.id} AND key_hash = ${holder.hash}
          AND outcome IS NOT DISTINCT FROM CAST(${holder.outcome} AS text)
        ${this.unlessLocked()})
      RETURNING id`;
    if (this.isPostgres) {
      const { rows } = await sql`
        WITH ${wanted}, lost AS (${lost}) ${this.insertFrom(sql`wanted, lost`)} RETURNING id`.execute(
        this.database,
      );
      return rows.length > 0;
    }
    return this.database.transaction().execute(async (transaction) => {
      if ((await lost.execute(transaction)).rows.length === 0) return false;
      await sql`WITH ${wanted} ${this.insertFrom(sql`wanted`)}`.execute(transaction);
      return true;
    });
  }

  async complete(completions: readonly Completion[]): Promise<void> {
    await this.completions.execute(this.database, completions);
  }

  async withdraw(intent: Intent, completion: Completion): Promise<void> {
    const entry = { intent: { ...intent, key: null }, takesOver: null, at: this.clock?.() ?? null };
    await sql`
      WITH ${this.wanted([entry])} ${this.insertFrom(sql`wanted`)}
      WHERE true ON CONFLICT (id) DO NOTHING`.execute(this.database);
    await this.complete([completion]);
  }

  async countOld(retentionMs: number, few: number): Promise<OldRecords | undefined> {
    const isOld = olderThan((await this.now()) - retentionMs);
    const { rows: some } = await sql`SELECT id FROM changes WHERE ${isOld} LIMIT ${few + 1}`.execute(
      this.database,
    );
    if (some.length <= few) return undefined;
    // PostgreSQL counts in 64 bits, which its driver gives as text.
    const { rows } = await sql<Record<keyof OldRecords, number | string>>`
      SELECT count(*) AS "all", count(CASE WHEN ${isOld} THEN 1 END) AS old FROM changes`.execute(
      this.database,
    );
    const { old, all } = rows[0]!;
    return { old: Number(old), all: Number(all) };
  }

  async prune(retentionMs: number, limit: number): Promise<Pruned> {
    const now = await this.now();
    const forgotten = await this.forget(sql`
      SELECT id FROM changes
      WHERE key_hash IS NOT NULL AND expires_at <= ${now} AND unknown_at <= ${now}
      ORDER BY expires_at LIMIT ${limit}`);
    const { numAffectedRows = 0n } = await sql`
      DELETE FROM changes WHERE id IN (
        SELECT id FROM changes WHERE ${olderThan(now - retentionMs)}
        ORDER BY id LIMIT ${limit} ${this.unlessLocked()})`.execute(this.database);
    return { forgotten, deleted: Number(numAffectedRows) };
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
  async *list(filter: JournalFilter, time?: number): AsyncGenerator<JournalRecord> {
    const now = time ?? (await this.now());
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

  async show(id: string, time?: number): Promise<JournalRecord | undefined> {
    const now = time ?? (await this.now());
    const row = await this.database.selectFrom('changes').selectAll().where('id', '=', id).executeTakeFirst();
    return row && recordOf(row, now);
  }

  /** @returns the ids of those that are recorded */
  private async insert(intents: readonly Intent[]): Promise<Set<string>> {
    const at = this.clock?.() ?? null;
    const entries = intents.map((intent) => ({ intent, takesOver: null, at }));
    // In one order everywhere: two replicas that insert the same keys must not wait for each other crosswise.
    const sorted = entries.toSorted((a, b) =>
      (a.intent.key?.hash ?? '') < (b.intent.key?.hash ?? '') ? -1 : 1,
    );
    const rows = (await this.insertions.execute(this.database, sorted)) as { id: string }[];
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * The table of intents for a statement that records them. Such a statement fails where the outcome could not be recorded later,
   * because a role of PostgreSQL may insert and not update: it has an update of no row in it.
   */
  private wanted(entries: readonly Entry[]): RawBuilder<unknown> {
    const wanted = table('wanted', INTENT_TYPES, entries.map(entryValues));
    return this.isPostgres
      ? sql`${wanted}, completable AS (UPDATE changes SET outcome = NULL WHERE false)`
      : wanted;
  }

  /** The rest of the statement, without its conditions. */
  private insertFrom(tables: RawBuilder<unknown>): RawBuilder<unknown> {
    const now = this.clock ? sql`wanted.at` : DATABASE_NOW;
    return sql`
      INSERT INTO changes (id, at, issuer, client, subject, groupno, custno, operation, request_id, actor, unknown_at,
        key_hash, fingerprint, expires_at, takes_over)
      SELECT id, begun_at, issuer, client, subject, groupno, custno, operation, request_id, actor, begun_at + unknown_after,
        key_hash, fingerprint, begun_at + ttl, takes_over
      FROM (SELECT wanted.*, ${now} AS begun_at FROM ${tables}) AS timed`;
  }

  /** Takes their keys and replies from changes, and from those that they took their keys over from. */
  private async forget(holders: RawBuilder<unknown>): Promise<number> {
    const { numAffectedRows = 0n } = await sql`
      UPDATE changes SET key_hash = NULL, fingerprint = NULL, reply = NULL WHERE id IN (
        WITH RECURSIVE forgotten (id) AS (
          SELECT id FROM (${holders}) AS holders
          UNION SELECT changes.takes_over FROM changes JOIN forgotten ON forgotten.id = changes.id
          WHERE changes.takes_over IS NOT NULL)
        SELECT id FROM changes WHERE id IN (SELECT id FROM forgotten) ${this.unlessLocked()})`.execute(
      this.database,
    );
    return Number(numAffectedRows);
  }

  /** At the end of a query of rows that are then changed: one that somebody else has locked is left out. */
  private unlessLocked(): RawBuilder<unknown> {
    return this.isPostgres ? sql`FOR UPDATE SKIP LOCKED` : sql``;
  }

  private async now(): Promise<number> {
    if (this.clock) return this.clock();
    const { rows } = await sql<{ now: number }>`SELECT ${DATABASE_NOW} AS now`.execute(this.database);
    return rows[0]!.now;
  }

  private async holdersOf(intents: readonly Intent[]): Promise<Map<string, Holder>> {
    const hashes = intents.flatMap(({ key }) => (key ? [key.hash] : []));
    if (hashes.length === 0) return new Map();
    const now = this.clock ? sql<number>`CAST(${this.clock()} AS bigint)` : DATABASE_NOW;
    const rows = await this.database
      .selectFrom('changes')
      .select([...KEY_COLUMNS, now.as('now')])
      .where('key_hash', 'in', hashes)
      .execute();
    const holders = await Promise.all(
      rows.map(async (row) => {
        const keeper = await this.keeperOf(row);
        const kept = {
          id: keeper?.id ?? row.id,
          fingerprint: keeper?.fingerprint ?? '',
          reply: keeper?.reply ?? null,
        };
        const state = keyStateOf(
          keeper && {
            outcome: keeper.outcome,
            unknownAt: keeper.unknown_at,
            expiresAt: keeper.expires_at ?? 0,
            reply: keeper.reply,
          },
          row.now,
        );
        return { id: row.id, hash: row.key_hash ?? '', outcome: row.outcome, kept, state };
      }),
    );
    return new Map(holders.map((holder) => [holder.hash, holder]));
  }

  /** The change whose outcome counts for a key: the first that has not let it go, from its holder down. */
  private async keeperOf(holder: KeyRow): Promise<KeyRow | undefined> {
    let row: KeyRow | undefined = holder;
    while (row && row.fingerprint === null) {
      row =
        row.takes_over === null
          ? undefined
          : await this.database
              .selectFrom('changes')
              .select(KEY_COLUMNS)
              .where('id', '=', row.takes_over)
              .executeTakeFirst();
    }
    return row;
  }
}

const KEY_COLUMNS = [
  'id',
  'key_hash',
  'fingerprint',
  'takes_over',
  'expires_at',
  'outcome',
  'unknown_at',
  'reply',
] as const;
type KeyRow = Pick<Selectable<ChangeRow>, (typeof KEY_COLUMNS)[number]>;
type Holder = Omit<KeyHolder, 'state'> & { readonly state: KeyState };

/** What PostgreSQL's clock says, in milliseconds since the epoch. */
const DATABASE_NOW = sql<number>`CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)`;

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
    // A journal that is only read may be of an older version.
    actor: row.actor ?? null,
    completedAt: row.completed_at,
    settled: row.settled_at
      ? { at: row.settled_at, by: row.settled_by ?? '', why: row.settled_why ?? '' }
      : null,
  };
}

/** The id begins with the time of the replica that made it, which may be wrong; `at` is the store's. */
function olderThan(time: number): RawBuilder<unknown> {
  return sql`id < ${firstIdAt(time)} AND at < ${time}`;
}
