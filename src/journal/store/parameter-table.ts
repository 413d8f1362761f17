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
 * Makes a statement over some rows. Its text is built once for each number of them: Kysely takes longer to build one than SQLite
 * to run it.
 *
 * @param columns of the one table of parameters
 * @param build gives a statement with that table, and with no other parameter
 * @returns runs it and gives the rows that it returns
 */
export function batchStatement<Row>(
  columns: Columns<Row>,
  build: (rows: readonly Row[]) => RawBuilder<unknown>,
): (database: Kysely<JournalSchema>, rows: readonly Row[]) => Promise<unknown[]> {
  const values = Object.values(columns).map(([, valueOf]) => valueOf);
  const texts = new Map<number, string>();
  return async (database, rows) => {
    const text = texts.get(rows.length);
    const parameters = (): unknown[] => rows.flatMap((row) => values.map((valueOf) => valueOf(row)));
    const query = text === undefined ? build(rows).compile(database) : CompiledQuery.raw(text, parameters());
    if (rows.length <= MAX_REMEMBERED_ROWS) texts.set(rows.length, query.sql);
    return (await database.executeQuery(query)).rows;
  };
}
