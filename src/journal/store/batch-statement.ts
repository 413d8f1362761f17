import { CompiledQuery } from 'kysely';
import type { Kysely } from 'kysely';
import type { JournalSchema } from './schema.ts';

/** More come together only while the store is slow; their texts are long, and would stay. */
const MAX_REMEMBERED_ROWS = 64;

/**
 * A statement over some rows. Its text is built once for each number of them: Kysely takes longer to build one than SQLite to
 * run it. No parameter properties: the tests run the worker's files unbuilt.
 */
export class BatchStatement<Row> {
  private readonly build: (database: Kysely<JournalSchema>, rows: readonly Row[]) => CompiledQuery;
  private readonly parametersOf: (row: Row) => readonly unknown[];
  private readonly texts = new Map<number, string>();

  /**
   * @param build gives a text that depends on nothing but the number of rows, with their parameters in it row by row
   * @param parametersOf the parameters of one row, in the order of the text
   */
  constructor(
    build: (database: Kysely<JournalSchema>, rows: readonly Row[]) => CompiledQuery,
    parametersOf: (row: Row) => readonly unknown[],
  ) {
    this.build = build;
    this.parametersOf = parametersOf;
  }

  /** @returns the rows that the statement returns */
  async execute(database: Kysely<JournalSchema>, rows: readonly Row[]): Promise<unknown[]> {
    const { rows: returned } = await database.executeQuery(this.queryFor(database, rows));
    return returned;
  }

  private queryFor(database: Kysely<JournalSchema>, rows: readonly Row[]): CompiledQuery {
    const text = this.texts.get(rows.length);
    if (text !== undefined) return CompiledQuery.raw(text, rows.flatMap(this.parametersOf));
    const query = this.build(database, rows);
    if (rows.length <= MAX_REMEMBERED_ROWS) this.texts.set(rows.length, query.sql);
    return query;
  }
}
