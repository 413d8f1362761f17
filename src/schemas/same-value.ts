import { compilePattern } from './pattern.ts';
import { jointly, perhaps, type Schema, type SchemaObject, type Type, TYPES } from './schema.ts';
import type { SchemaDocument } from './schema-document.ts';

/** The schemas that hold of one value together: a schema, what it refers to, and each of `allOf`. */
export function together(document: SchemaDocument, schemas: readonly Schema[]): SchemaObject[] {
  return collect(document, schemas, jointly);
}

/** As {@link together}, and the schemas that may hold of the value: each of `anyOf`, `oneOf` and other conditions. */
export function anyAt(document: SchemaDocument, schemas: readonly Schema[]): SchemaObject[] {
  return collect(document, schemas, (schema) => [...jointly(schema), ...perhaps(schema)]);
}

function collect(
  document: SchemaDocument,
  schemas: readonly Schema[],
  inner: (schema: SchemaObject) => readonly Schema[],
): SchemaObject[] {
  const found = new Set<SchemaObject>();
  const add = (schema: Schema): void => {
    if (typeof schema === 'boolean' || found.has(schema)) return;
    found.add(schema);
    if (schema.$ref !== undefined) add(document.at(schema.$ref));
    inner(schema).forEach(add);
  };
  schemas.forEach(add);
  return [...found];
}

export const ownSchema = (
  schemas: Readonly<Record<string, Schema>> | undefined,
  name: string,
): Schema | undefined => (schemas && Object.hasOwn(schemas, name) ? schemas[name] : undefined);

/** What the schemas of one value say of a member of it, by its name or a pattern. `*` is an element of a list. */
export function membersNamed(schemas: readonly SchemaObject[], name: string): Schema[] {
  return schemas.flatMap(({ properties, patternProperties = {}, items, prefixItems = [] }) => {
    const own = ownSchema(properties, name);
    const matching = Object.entries(patternProperties).filter(([pattern]) =>
      compilePattern(pattern).test(name),
    );
    const elements = name === '*' ? [...prefixItems, ...(items === undefined ? [] : [items])] : [];
    return [...(own === undefined ? [] : [own]), ...matching.map(([, schema]) => schema), ...elements];
  });
}

/** What is said of members that no name and no pattern speaks of. */
export function otherMembers(schemas: readonly SchemaObject[]): Schema[] {
  return schemas.flatMap(({ additionalProperties, unevaluatedProperties }) =>
    [additionalProperties, unevaluatedProperties].filter(
      (schema) => schema !== undefined && schema !== false,
    ),
  ) as Schema[];
}

/**
 * The schemas at a pointer below others, in which `*` is an element of a list; none where they name no such member.
 *
 * @param takesOthers whether a member counts that is not named and may come all the same
 */
export function schemasAt(
  document: SchemaDocument,
  schemas: readonly Schema[],
  names: readonly string[],
  takesOthers = false,
): readonly Schema[] {
  return names.reduce<readonly Schema[]>((outer, name) => {
    const all = anyAt(document, outer);
    const named = membersNamed(all, name).filter((schema) => schema !== false);
    return named.length > 0 || !takesOthers || name === '*' ? named : otherMembers(all);
  }, schemas);
}

/** Whether all that is said of a value, or a part of it that always counts, says this. */
export const isTogether = (
  document: SchemaDocument,
  schema: Schema,
  keyword: 'readOnly' | 'writeOnly',
): boolean => together(document, [schema]).some((one) => one[keyword] === true);

const ALL_TYPES: ReadonlySet<Type> = new Set(TYPES);
const knownTypes = new WeakMap<SchemaObject, ReadonlySet<Type>>();

/** The types that a value may have, as far as keywords say so. */
export function typesOf(document: SchemaDocument, schema: Schema): ReadonlySet<Type> {
  if (typeof schema === 'boolean') return schema ? ALL_TYPES : new Set();
  let types = knownTypes.get(schema);
  if (types) return types;
  types = new Set(schema.type?.flatMap((type) => (type === 'number' ? [type, 'integer'] : [type])) ?? TYPES);
  if (schema.$ref !== undefined) types = types.intersection(typesOf(document, document.at(schema.$ref)));
  for (const inner of jointly(schema)) types = types.intersection(typesOf(document, inner));
  for (const branches of [schema.anyOf, schema.oneOf]) {
    if (!branches) continue;
    const union = new Set(branches.flatMap((branch) => [...typesOf(document, branch)]));
    types = types.intersection(union);
  }
  const listed = schema.const === undefined ? schema.enum : [schema.const];
  if (listed) types = types.intersection(new Set(listed.flatMap(typesOfValue)));
  knownTypes.set(schema, types);
  return types;
}

export function typesOfValue(value: unknown): Type[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'number'] : ['number'];
  return typeof value === 'string' || typeof value === 'boolean' ? [typeof value as Type] : ['object'];
}
