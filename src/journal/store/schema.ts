import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Outcome } from '../../problems/catalogue.ts';
import { isPostgres } from './store-time.ts';

/** One row for each attempted change. */
export interface ChangeRow {
  id: string;
  at: number;
  issuer: string;
  client: string;
  subject: string;
  groupno: string;
  custno: string;
  operation: string;
  request_id: string;
  unknown_at: number;
  outcome: Outcome | null;
  octane_status: number | null;
  attempts: number;
  completed_at: number | null;
  key_hash: string | null;
  fingerprint: string | null;
  expires_at: number | null;
  reply: string | null;
  /** The change of unknown outcome that had the key before. */
  takes_over: string | null;
  /** Who acted for the subject. */
  actor: string | null;
  settled_at: number | null;
  settled_by: string | null;
  settled_why: string | null;
}

/** That a customer belongs to a user, where the gateway file says that these rows decide. */
export interface CustomerLink {
  readonly issuer: string;
  /** As it may be stored: see src/links/stored-subject.ts. */
  readonly subject: string;
  readonly groupno: string;
  readonly custno: string;
}

/** That a link was made or taken away, and who did it: a client by a request, or somebody by `npm run customers`. */
export interface LinkChangeRow extends CustomerLink {
  /** In the order of time. */
  readonly id: string;
  readonly at: number;
  readonly change: 'linked' | 'unlinked';
  /** The user of the operating system who ran the command; null for a request, of which the others speak. */
  readonly changed_by: string | null;
  readonly caller_issuer: string | null;
  readonly client: string | null;
  readonly caller_subject: string | null;
  readonly actor: string | null;
  readonly request_id: string | null;
}

export interface JournalSchema {
  changes: ChangeRow;
  customer_links: CustomerLink;
  customer_link_changes: LinkChangeRow;
}

/** In the order of their names. One that has been released is never changed. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '2026-11-21-changes': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('changes')
        .ifNotExists()
        .addColumn('id', 'text', (column) => column.primaryKey().notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('client', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('groupno', 'text', (column) => column.notNull())
        .addColumn('custno', 'text', (column) => column.notNull())
        .addColumn('operation', 'text', (column) => column.notNull())
        .addColumn('request_id', 'text', (column) => column.notNull())
        .addColumn('unknown_at', 'bigint', (column) => column.notNull())
        .addColumn('outcome', 'text')
        .addColumn('octane_status', 'integer')
        .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('completed_at', 'bigint')
        .addColumn('key_hash', 'text')
        .addColumn('fingerprint', 'text')
        .addColumn('expires_at', 'bigint')
        .addColumn('reply', 'text')
        .execute();
      // Uniqueness is what makes a key work; unlike the others this index is asked for by every insert with a key.
      await database.schema
        .createIndex('changes_key_hash')
        .ifNotExists()
        .unique()
        .on('changes')
        .column('key_hash')
        .where('key_hash' as never, 'is not', null)
        .execute();
      await database.schema
        .createIndex('changes_expires_at')
        .ifNotExists()
        .on('changes')
        .column('expires_at')
        .where('key_hash' as never, 'is not', null)
        .execute();
      await database.schema
        .createIndex('changes_custno')
        .ifNotExists()
        .on('changes')
        .columns(['custno', 'id'])
        .execute();
    },
  },
  '2026-11-28-take-overs': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema.alterTable('changes').addColumn('takes_over', 'text').execute();
    },
  },
  '2026-11-28-who-acted': {
    async up(database: Kysely<unknown>): Promise<void> {
      const columns = {
        actor: 'text',
        settled_at: 'bigint',
        settled_by: 'text',
        settled_why: 'text',
      } as const;
      for (const [name, type] of Object.entries(columns))
        await database.schema.alterTable('changes').addColumn(name, type).execute();
    },
  },
  '2026-11-28-customer-links': {
    async up(database: Kysely<unknown>): Promise<void> {
      const onPostgres = isPostgres(database);
      // Sorted by bytes, as SQLite does: by the rules of a language an index takes several times as long to build.
      const text = onPostgres ? sql`text COLLATE "C"` : 'text';
      await database.schema
        .createTable('customer_links')
        .ifNotExists()
        .addColumn('issuer', text, (column) => column.notNull())
        .addColumn('subject', text, (column) => column.notNull())
        .addColumn('groupno', text, (column) => column.notNull())
        .addColumn('custno', text, (column) => column.notNull())
        .addPrimaryKeyConstraint('customer_links_pkey', ['issuer', 'subject', 'groupno', 'custno'] as never[])
        // The rows then lie in the index by which they are looked up.
        .$call((table) => (onPostgres ? table : table.modifyEnd(sql`WITHOUT ROWID`)))
        .execute();
      await database.schema
        .createIndex('customer_links_customer')
        .ifNotExists()
        .on('customer_links')
        .columns(['groupno', 'custno'])
        .execute();
    },
  },
  '2026-11-29-customer-link-changes': {
    async up(database: Kysely<unknown>): Promise<void> {
      const onPostgres = isPostgres(database);
      const sorted = onPostgres ? sql`text COLLATE "C"` : 'text';
      await database.schema
        .createTable('customer_link_changes')
        .ifNotExists()
        .addColumn('id', sorted, (column) => column.primaryKey().notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('change', 'text', (column) => column.notNull())
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('groupno', 'text', (column) => column.notNull())
        .addColumn('custno', 'text', (column) => column.notNull())
        .addColumn('changed_by', 'text')
        .addColumn('caller_issuer', 'text')
        .addColumn('client', 'text')
        .addColumn('caller_subject', 'text')
        .addColumn('actor', 'text')
        .addColumn('request_id', 'text')
        .$call((table) => (onPostgres ? table : table.modifyEnd(sql`WITHOUT ROWID`)))
        .execute();
      // It would make an import on PostgreSQL take half as long again. There only `history` and `erase` read all rows, and nobody
      // waits for them; an `erase` on SQLite keeps the gateway's writes waiting.
      if (onPostgres) return;
      await database.schema
        .createIndex('customer_link_changes_custno')
        .ifNotExists()
        .on('customer_link_changes')
        .columns(['custno', 'id'])
        .execute();
    },
  },
};
