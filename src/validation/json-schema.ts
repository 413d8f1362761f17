/** A schema of JSON Schema, draft 2020-12, as OpenAPI 3.1 takes it. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** What a rule says in JSON Schema. A rule that has none can be told in words only. */
export type SchemaRule =
  /** Of the value, where there is one. */
  | { readonly keywords: JsonSchema }
  /** The field must, or must not, be there, always or while the object that it stands in fits `when`. */
  | { readonly presence: 'required' | 'forbidden'; readonly when?: JsonSchema };
