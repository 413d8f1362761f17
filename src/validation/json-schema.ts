/** A schema of JSON Schema, draft 2020-12, as OpenAPI 3.1 takes it. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** What a rule says in JSON Schema. A rule that has none can be told in words only. */
export type SchemaRule =
  /** Of the value, where there is one. */
  | { readonly keywords: JsonSchema }
  /** The field must, or must not, be there, always or while the object that it stands in fits `when`. */
  | { readonly presence: 'required' | 'forbidden'; readonly when?: JsonSchema };

/**
 * Whole numbers that follow each other, said by bounds. Of an `enum` of numbers or booleans, generators of clients make a type of
 * texts, which does not compile or sends `"5"` for 5; the document has none, and says a single value by `const`.
 *
 * @throws Error where the bounds would allow another number
 */
export function consecutive(values: readonly number[]): JsonSchema {
  const [minimum, maximum] = [Math.min(...values), Math.max(...values)];
  if (maximum - minimum + 1 !== new Set(values).size) throw new Error('bounds cannot say these numbers');
  return { type: 'integer', minimum, maximum };
}
