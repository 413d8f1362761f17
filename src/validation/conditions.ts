import type { JsonSchema } from './json-schema.ts';

/** What a rule of one field may ask of the others. They may hold anything: their own rules are checked apart. */
type SentFields = Readonly<Record<string, unknown>>;

/** A question about an object, as a function for the rules and as a schema for the OpenAPI document. */
export interface Condition {
  (sent: SentFields): boolean;
  readonly schema: JsonSchema;
}

export const hasValueOf = (field: string, ...values: readonly unknown[]): Condition =>
  condition({ properties: { [field]: { enum: values } }, required: [field] }, (sent) =>
    values.includes(sent[field]),
  );

export const hasAny = (field: string): Condition =>
  condition(
    { properties: { [field]: { not: { type: 'null' } } }, required: [field] },
    (sent) => sent[field] !== undefined && sent[field] !== null,
  );

export const butNot = (one: Condition, other: Condition): Condition =>
  condition({ ...one.schema, not: other.schema }, (sent) => one(sent) && !other(sent));

function condition(schema: JsonSchema, holds: (sent: SentFields) => boolean): Condition {
  return Object.assign((sent: SentFields) => holds(sent), { schema });
}
