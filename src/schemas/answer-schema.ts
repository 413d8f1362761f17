import type { JsonSchema } from '../validation/json-schema.ts';
import { type Made, titleOf, typeKeyword } from './app-schema.ts';
import { canonicalText } from './json-places.ts';
import type { Schema, SchemaObject } from './schema.ts';
import type { SchemaDocument } from './schema-document.ts';
import { isTogether, membersNamed, otherMembers, together } from './same-value.ts';

/** What is promised of an answer: types and required members, and not the values that Octane may add to. */
export function answerSchema(document: SchemaDocument, schema: Schema): Made {
  return promised(document, schema, NOTHING_AROUND);
}

/** What is said of the members of a value around a part of what is said of it. */
interface Around {
  readonly hidden: ReadonlySet<string>;
  readonly schemas: readonly SchemaObject[];
}

const NOTHING_AROUND: Around = { hidden: new Set(), schemas: [] };

function promised(document: SchemaDocument, schema: Schema, around: Around): Made {
  if (typeof schema === 'boolean') return true;
  const schemas = [...new Set([...around.schemas, ...together(document, [schema])])];
  const hidden = new Set([...around.hidden, ...writeOnlyIn(document, schema)]);
  const same = (inner: Schema): Made => promised(document, inner, { hidden, schemas });
  const inside = (inner: Schema): Made => promised(document, inner, NOTHING_AROUND);
  const { title, description, deprecated, type, properties = {}, required = [], patternProperties } = schema;
  const draft: Record<string, unknown> = {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(deprecated !== undefined && { deprecated }),
    ...(type && typeKeyword(type)),
  };
  const shown = Object.entries(properties).filter(([name]) => !hidden.has(name));
  // What is required and has no schema is left out like all that is not documented.
  const isOpen = otherMembers(schemas).length > 0;
  const there = required.filter(
    (name) => !hidden.has(name) && (isOpen || membersNamed(schemas, name).length > 0),
  );
  if (shown.length > 0)
    draft['properties'] = Object.fromEntries(shown.map(([name, inner]) => [name, inside(inner)]));
  if (there.length > 0) draft['required'] = there;
  if (patternProperties) {
    const inner = Object.entries(patternProperties).map(([pattern, one]) => [pattern, inside(one)]);
    draft['patternProperties'] = Object.fromEntries(inner);
  }
  for (const keyword of ['items', 'additionalProperties'] as const) {
    const inner = schema[keyword];
    if (inner !== undefined && inner !== false) draft[keyword] = inside(inner);
  }
  if (schema.prefixItems) draft['prefixItems'] = schema.prefixItems.map(inside);
  const { $ref: reference, allOf = [], anyOf, oneOf } = schema;
  const joint = allOf.map(same);
  // One branch is enough, and what each of them names stays.
  const choices = [anyOf, oneOf].filter((one) => one !== undefined).map((branches) => branches.map(same));
  if (choices.length === 1) draft['anyOf'] = choices[0];
  else joint.push(...choices.map((branches): JsonSchema => ({ anyOf: branches })));
  const asking = joint.filter((made) => made !== true);
  if (asking.length > 0) draft['allOf'] = asking;
  if (reference !== undefined) {
    const names = new Set(schemas.flatMap((one) => Object.keys(one.properties ?? {})));
    const open = schemas.some((one) => one.patternProperties) || otherMembers(schemas).length > 0;
    const key = `answer ${reference} ${canonicalText([[...hidden].toSorted(), [...names].toSorted(), open])}`;
    const made = document.component(key, `${titleOf(reference)}.answer`, () =>
      promised(document, document.at(reference), { hidden, schemas }),
    );
    if (typeof made === 'object') Object.assign(draft, made);
  }
  return Object.keys(draft).length === 0 ? true : draft;
}

export const writeOnlyIn = (document: SchemaDocument, schema: Schema): string[] =>
  together(document, [schema]).flatMap(({ properties = {} }) =>
    Object.entries(properties)
      .filter(([, property]) => isTogether(document, property, 'writeOnly'))
      .map(([name]) => name),
  );
