import { CompiledQuery, sql } from 'kysely';
import type { Kysely, RawBuilder } from 'kysely';
import type { JournalSchema } from './schema.ts';

/** More come together only while the store is slow; their texts are long, and would stay. */
const MAX_REMEMBERED_ROWS = 64;

/** The columns of a table of parameters. No database can tell the type of one from a parameter alone. */
export type Columns<Row> = Readonly<
  Record<string, readonly [type: 'text' | 'integer' | 'bigint', valueOf: (row: Row) => unknown]>
>;

/** A table of parameters with that name, for the `WITH` of a statement. */
export function parameterTable<Row>(
  name: string,
  columns: Columns<Row>,
  rows: readonly Row[],
): RawBuilder<unknown> {
  const lines = rows.map((row) => {
    const cells = Object.values(columns).map(
      ([type, valueOf]) => sql`CAST(${valueOf(row)} AS ${sql.raw(type)})`,
    );
    return sql`(${sql.join(cells)})`;
  });
  return sql`${sql.raw(`${name} (${Object.keys(columns).join(', ')})`)} AS (VALUES ${sql.join(lines)})`;
}

/**
 * A statement over some rows. Its text is built once for each number of them: Kysely takes longer to build one than SQLite to
 * run it. No parameter properties: the tests run the worker's files unbuilt.
 */
export class BatchStatement<Row> {
  private readonly columns: Columns<Row>;
  private readonly build: (rows: readonly Row[]) => RawBuilder<unknown>;
  private readonly texts = new Map<number, string>();

  /**
   * @param columns of the one table of parameters
   * @param build gives a statement with that table, and with no other parameter
   */
  constructor(columns: Columns<Row>, build: (rows: readonly Row[]) => RawBuilder<unknown>) {
    this.columns = columns;
    this.build = build;
  }

  /** @returns the rows that the statement returns */
  async execute(database: Kysely<JournalSchema>, rows: readonly Row[]): Promise<unknown[]> {
    const text = this.texts.get(rows.length);
    const query =
      text === undefined
        ? this.build(rows).compile(database)
        : CompiledQuery.raw(
            text,
            rows.flatMap((row) => Object.values(this.columns).map(([, valueOf]) => valueOf(row))),
          );
    if (rows.length <= MAX_REMEMBERED_ROWS) this.texts.set(rows.length, query.sql);
    return (await database.executeQuery(query)).rows;
  }
}
