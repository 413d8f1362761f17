import { sql } from 'kysely';
import type { Kysely, RawBuilder } from 'kysely';
import { changeIdAt, firstIdAt } from './change-id.ts';
import { addLinks, customersOf, removeLink, usersOf } from './customer-links.ts';
import { JournalStore } from './journal-store.ts';
import type { Completion, Intent, KeyHolder, LinkedUser, OldRecords, Pruned } from './journal-store.ts';
import { holdersOf } from './key-holders.ts';
import type { Holder } from './key-holders.ts';
import type { LinkChanger } from './link-changes.ts';
import { requireSchema } from './migrate.ts';
import { batchStatement, parameterTable } from './parameter-table.ts';
import type { Columns } from './parameter-table.ts';
import type { CustomerLink, JournalSchema } from './schema.ts';
import { isPostgres, POSTGRES_NOW, storeTime, timeIn } from './store-time.ts';

const PROBE_CHARACTERS = 500;
/** A key that is freed may be gone again at once; one that another session has locked cannot be freed. */
const MAX_TRIES = 3;

/** An intent as it is written. */
interface Entry {
  readonly intent: Intent;
  readonly takesOver: string | null;
  /** By the clock of this machine; null where that of the database decides. */
  readonly at: number | null;
}

const INTENT: Columns<Entry> = {
  id: ['text', ({ intent }) => intent.id],
  issuer: ['text', ({ intent }) => intent.issuer],
  client: ['text', ({ intent }) => intent.client],
  subject: ['text', ({ intent }) => intent.subject],
  groupno: ['text', ({ intent }) => intent.groupno],
  custno: ['text', ({ intent }) => intent.custno],
  operation: ['text', ({ intent }) => intent.operation],
  request_id: ['text', ({ intent }) => intent.requestId],
  actor: ['text', ({ intent }) => intent.actor],
  unknown_after: ['bigint', ({ intent }) => intent.unknownAfterMs],
  key_hash: ['text', ({ intent }) => intent.key?.hash ?? null],
  fingerprint: ['text', ({ intent }) => intent.key?.fingerprint ?? null],
  ttl: ['bigint', ({ intent }) => intent.key?.ttlMs ?? null],
  takes_over: ['text', ({ takesOver }) => takesOver],
  at: ['bigint', ({ at }) => at],
};
const COMPLETION: Columns<Completion> = {
  id: ['text', ({ id }) => id],
  outcome: ['text', ({ outcome }) => outcome],
  octane_status: ['integer', ({ octaneStatus }) => octaneStatus],
  attempts: ['integer', ({ attempts }) => attempts],
  duration: ['bigint', ({ durationMs }) => durationMs],
  reply: ['text', ({ reply }) => reply],
  keeps_key: ['integer', ({ keepsKey }) => (keepsKey ? 1 : 0)],
};

/**
 * The journal's queries, the same for SQLite and PostgreSQL. Every write is one statement, so no client that vanishes leaves a
 * lock behind. No parameter properties: the tests run the worker's files unbuilt.
 */
export class KyselyJournalStore extends JournalStore {
  private readonly database: Kysely<JournalSchema>;
  private readonly mayMigrate: boolean;
  private readonly clock: (() => number) | undefined;
  private readonly isPostgres: boolean;
  // A key that is held is seen before it is inserted: to insert it would wait for a session that has its row locked. The
  // condition of the conflict names the partial index; a change without a key is in no index and in nobody's way.
  private readonly insertions = batchStatement(
    INTENT,
    (entries) => sql`
      WITH ${this.wanted(entries)}
      ${this.insertFrom(sql`wanted`)}
      WHERE (SELECT holder.id FROM changes AS holder WHERE holder.key_hash = timed.key_hash) IS NULL
      ON CONFLICT (key_hash) WHERE key_hash IS NOT NULL DO NOTHING
      RETURNING id`,
  );
  private readonly completions = batchStatement(
    COMPLETION,
    (completions) => sql`
      WITH ${parameterTable('done', COMPLETION, completions)}
      UPDATE changes SET
        outcome = done.outcome, octane_status = done.octane_status, attempts = done.attempts,
        completed_at = changes.at + done.duration,
        reply = CASE WHEN done.keeps_key = 1 AND changes.fingerprint IS NOT NULL THEN done.reply END,
        fingerprint = CASE WHEN done.keeps_key = 1 THEN changes.fingerprint END,
        key_hash = CASE WHEN done.keeps_key = 1 OR changes.takes_over IS NOT NULL THEN changes.key_hash END
      FROM done WHERE changes.id = done.id`,
  );
  private migrated = false;

  /**
   * @param mayMigrate whether it may bring the schema of the database up to date
   * @param clock decides instead of the store's own, which is PostgreSQL's, or this machine's for a file on it
   */
  constructor(database: Kysely<JournalSchema>, mayMigrate = true, clock?: () => number) {
    super();
    this.database = database;
    this.mayMigrate = mayMigrate;
    this.isPostgres = isPostgres(database);
    this.clock = clock ?? (this.isPostgres ? undefined : Date.now);
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
    await this.completions(this.database, completions);
  }

  async withdraw(intent: Intent, completion: Completion): Promise<void> {
    const entry = { intent: { ...intent, key: null }, takesOver: null, at: this.clock?.() ?? null };
    await sql`
      WITH ${this.wanted([entry])} ${this.insertFrom(sql`wanted`)}
      WHERE true ON CONFLICT (id) DO NOTHING`.execute(this.database);
    await this.complete([completion]);
  }

  async countOld(retentionMs: number, few: number): Promise<OldRecords | undefined> {
    const time = (await this.now()) - retentionMs;
    const old = sql`
      SELECT 1 FROM changes WHERE ${olderThan(time)}
      UNION ALL SELECT 1 FROM customer_link_changes WHERE ${olderThan(time)}`;
    const { rows: some } = await sql`${old} LIMIT ${few + 1}`.execute(this.database);
    if (some.length <= few) return undefined;
    const { rows } = await sql<OldRecords>`
      SELECT (SELECT count(*) FROM (${old}) AS old) AS old,
        (SELECT count(*) FROM changes) + (SELECT count(*) FROM customer_link_changes) AS "all"`.execute(
      this.database,
    );
    return rows[0];
  }

  async prune(retentionMs: number, limit: number): Promise<Pruned> {
    const now = await this.now();
    const forgotten = await this.forget(sql`
      SELECT id FROM changes
      WHERE key_hash IS NOT NULL AND expires_at <= ${now} AND unknown_at <= ${now}
      ORDER BY expires_at LIMIT ${limit}`);
    const time = now - retentionMs;
    const ofChanges = await this.deleteOld('changes', time, limit);
    const ofLinks = await this.deleteOld('customer_link_changes', time, limit - ofChanges);
    return { forgotten, deleted: ofChanges + ofLinks };
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

  customersOf(users: readonly LinkedUser[]): Promise<(readonly string[])[]> {
    return customersOf(this.database, users);
  }

  usersOf(groupno: string, custno: string): Promise<Pick<CustomerLink, 'issuer' | 'subject'>[]> {
    return usersOf(this.database, groupno, custno);
  }

  async link(link: CustomerLink, by: LinkChanger): Promise<void> {
    await addLinks(this.database, [link], by, this.clock?.());
  }

  async unlink(link: CustomerLink, by: LinkChanger): Promise<void> {
    await removeLink(this.database, link, by, this.clock?.());
  }

  async close(): Promise<void> {
    await this.database.destroy();
  }

  /** @returns the ids of those that are recorded */
  private async insert(intents: readonly Intent[]): Promise<Set<string>> {
    const at = this.clock?.() ?? null;
    const entries = intents.map((intent) => ({ intent, takesOver: null, at }));
    // In one order everywhere: two replicas that insert the same keys must not wait for each other crosswise.
    const sorted = entries.toSorted((a, b) =>
      (a.intent.key?.hash ?? '') < (b.intent.key?.hash ?? '') ? -1 : 1,
    );
    const rows = (await this.insertions(this.database, sorted)) as { id: string }[];
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * The table of intents for a statement that records them. Such a statement fails where the outcome could not be recorded later,
   * because a role of PostgreSQL may insert and not update: it has an update of no row in it.
   */
  private wanted(entries: readonly Entry[]): RawBuilder<unknown> {
    const wanted = parameterTable('wanted', INTENT, entries);
    return this.isPostgres
      ? sql`${wanted}, completable AS (UPDATE changes SET outcome = NULL WHERE false)`
      : wanted;
  }

  /** The rest of the statement, without its conditions. */
  private insertFrom(tables: RawBuilder<unknown>): RawBuilder<unknown> {
    const now = this.clock ? sql`wanted.at` : POSTGRES_NOW;
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

  private async deleteOld(table: keyof JournalSchema, time: number, limit: number): Promise<number> {
    const { numAffectedRows = 0n } = await sql`
      DELETE FROM ${sql.table(table)} WHERE id IN (
        SELECT id FROM ${sql.table(table)} WHERE ${olderThan(time)}
        ORDER BY id LIMIT ${limit} ${this.unlessLocked()})`.execute(this.database);
    return Number(numAffectedRows);
  }

  /** At the end of a query of rows that are then changed: one that somebody else has locked is left out. */
  private unlessLocked(): RawBuilder<unknown> {
    return this.isPostgres ? sql`FOR UPDATE SKIP LOCKED` : sql``;
  }

  private now(): number | Promise<number> {
    return this.clock ? this.clock() : storeTime(this.database);
  }

  private holdersOf(intents: readonly Intent[]): Promise<Map<string, Holder>> {
    const hashes = intents.flatMap(({ key }) => (key ? [key.hash] : []));
    return holdersOf(this.database, hashes, timeIn(this.database, this.clock?.()));
  }
}

/** The id begins with the time of the replica that made it, which may be wrong; `at` is the store's. */
function olderThan(time: number): RawBuilder<unknown> {
  return sql`id < ${firstIdAt(time)} AND at < ${time}`;
}
