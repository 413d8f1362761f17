import type { JsonSchema } from '../validation/json-schema.ts';
import { canonicalText, namesOf } from './json-places.ts';
import type { Schema, SchemaObject, Type } from './schema.ts';
import type { SchemaDocument } from './schema-document.ts';
import { anyAt, isTogether, membersNamed, otherMembers, ownSchema, together, typesOf } from './same-value.ts';

/** A schema as it is published and compiled: its references lead to components. */
export type Made = JsonSchema | boolean;

/** Why an app cannot send a property. */
export type Why = 'set' | 'closed' | 'read_only';

/** A place, from some value on, that an app cannot send. */
export interface Withheld {
  readonly names: readonly string[];
  /** The gateway sets it, or the entry closes it. */
  readonly why: 'set' | 'closed';
  /** Of what is set, where it is known at the start. */
  readonly value?: { readonly is: unknown };
}

/**
 * How a schema inside is made. `whole`: of all that may be sent at its place, so objects are closed. `beside`: it holds beside such a one.
 * `test`: it decides whether another one holds.
 */
type Mode = 'whole' | 'beside' | 'test';

interface Part {
  readonly withheld: readonly Withheld[];
  readonly removed: ReadonlyMap<string, Why>;
  /** Objects that the gateway makes where the app sends none; true where it can. */
  readonly made: ReadonlyMap<string, boolean>;
  /** Whether names that no property has may come. */
  readonly isOpen: boolean;
  readonly mode: Mode;
}

const readOnlyNames = new WeakMap<object, ReadonlySet<string>>();

/** The names of what only Octane sets, of a schema that closes an object. */
export const readOnlyNamesOf = (schema: object): ReadonlySet<string> | undefined => readOnlyNames.get(schema);

/** The schema with further keywords. */
export function amended(schema: JsonSchema, keywords: JsonSchema): JsonSchema {
  const copy = { ...schema, ...keywords };
  const names = readOnlyNames.get(schema);
  if (names) readOnlyNames.set(copy, names);
  return copy;
}

const TOLD = ['title', 'description', 'deprecated', 'default'] as const;
const PLAIN = [
  'enum',
  'const',
  'multipleOf',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minLength',
  'maxLength',
  'pattern',
  'format',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minContains',
  'maxContains',
] as const;
const COMPOSING = ['$ref', 'allOf', 'anyOf', 'oneOf', 'if', 'dependentSchemas'] as const;
const ALL_TYPES = ['string', 'number', 'boolean', 'array', 'object', 'null'] as const;

const isComposed = (schema: SchemaObject): boolean =>
  COMPOSING.some((keyword) => schema[keyword] !== undefined);
const saysAnything = (schema: Schema): boolean =>
  schema === true || (schema !== false && Object.keys(schema).every((key) => TOLD.includes(key as never)));

export const typeKeyword = (types: readonly Type[]): JsonSchema => ({
  type: types.length === 1 ? types[0] : types,
});

/** Makes schemas of what an app may send out of those of what Octane takes. */
export class AppSchemas {
  /** @param accepts whether a value that the gateway sets fits a schema; not asked where it sets none */
  constructor(
    private readonly document: SchemaDocument,
    private readonly accepts: (schema: Schema, value: unknown) => boolean = () => true,
  ) {}

  /** The schema of all that may be sent at a place: closed at every depth. */
  whole(schema: Schema, withheld: readonly Withheld[]): Made {
    if (typeof schema === 'boolean') return schema && this.unnamed();
    const { $ref: reference, ...beside } = schema;
    if (reference !== undefined && saysAnything(beside)) {
      const key = `whole ${reference} ${canonicalText(withheld)}`;
      const made = this.document.component(key, titleOf(reference), () =>
        this.whole(this.document.at(reference), withheld),
      );
      return typeof made === 'boolean' ? made : { ...told(beside), ...made };
    }
    const all = anyAt(this.document, [schema]);
    const isOpen =
      all.some(
        ({ patternProperties }) =>
          patternProperties !== undefined && Object.keys(patternProperties).length > 0,
      ) || otherMembers(all).length > 0;
    const removed = new Map<string, Why>(this.readOnlyIn(schema));
    for (const { names, why } of withheld) {
      if (names.length === 1 || (names[0] !== '*' && membersNamed(all, names[0]!).length === 0))
        removed.set(names[0]!, why);
    }
    const part = { withheld, removed, made: this.madeIn(all, withheld), isOpen, mode: 'whole' } as const;
    const body = this.part(schema, part);
    if (typeof body === 'boolean') return body && this.unnamed();
    // What is listed whole needs no names.
    const isListed = together(this.document, [schema]).some((one) => one.enum ?? one.const !== undefined);
    if (isListed) return body;
    return this.closed(body, schema, all, part);
  }

  /** A schema that holds beside a closed one, without what an app cannot send. */
  beside(schema: Schema, withheld: readonly Withheld[], mode: Mode = 'beside'): Made {
    if (typeof schema === 'boolean') return schema;
    const counted = mode === 'test' ? withheld.filter(({ why }) => why === 'set') : withheld;
    const removed = new Map(
      counted.flatMap(({ names, why }) => (names.length === 1 ? [[names[0]!, why] as const] : [])),
    );
    const made = this.madeIn(anyAt(this.document, [schema]), counted);
    return this.part(schema, { withheld: counted, removed, made, isOpen: false, mode });
  }

  private unnamed(): Made {
    return this.document.component('unnamed', 'Unnamed', () => ({
      type: ALL_TYPES,
      items: this.unnamed(),
      additionalProperties: false,
    }));
  }

  private readOnlyIn(schema: Schema): [string, Why][] {
    return together(this.document, [schema]).flatMap(({ properties = {} }) =>
      Object.entries(properties)
        .filter(([, property]) => isTogether(this.document, property, 'readOnly'))
        .map(([name]): [string, Why] => [name, 'read_only']),
    );
  }

  private madeIn(all: readonly SchemaObject[], withheld: readonly Withheld[]): Map<string, boolean> {
    const inner = withheld.filter(
      ({ names, why }) => why === 'set' && names.length > 1 && names[0] !== '*' && names[1] !== '*',
    );
    return new Map(
      inner.map(({ names: [name = ''] }) => {
        const isFilled = this.isFilled(membersNamed(all, name), below(withheld, name));
        return [name, isFilled] as const;
      }),
    );
  }

  /** Whether all that is required of an object is withheld, so that the gateway can make it alone. */
  private isFilled(schemas: readonly Schema[], withheld: readonly Withheld[]): boolean {
    const all = together(this.document, schemas);
    const removed = new Map(schemas.flatMap((schema) => this.readOnlyIn(schema)));
    for (const { names, why } of withheld) {
      if (why === 'set' && names.length === 1) removed.set(names[0]!, why);
    }
    const made = this.madeIn(all, withheld);
    return all
      .flatMap(({ required = [] }) => required)
      .every((name) => removed.has(name) || made.get(name) === true);
  }

  private closed(body: JsonSchema, schema: SchemaObject, all: readonly SchemaObject[], part: Part): Made {
    const { withheld, removed, made } = part;
    const closed: Record<string, unknown> = { ...body };
    const types = this.typesFor(schema, withheld);
    if (types.size < typesOf(this.document, schema).size) Object.assign(closed, typeKeyword([...types]));
    const composed = isComposed(schema);
    if (!schema.type && !composed && types.size > ALL_TYPES.length) closed['type'] = ALL_TYPES;
    if (types.has('object')) {
      if (composed) closed['unevaluatedProperties'] ??= false;
      else if (!('unevaluatedProperties' in closed)) closed['additionalProperties'] ??= false;
      const needed = [...made].flatMap(([name, isFilled]) => (isFilled ? [] : [name]));
      if (needed.length > 0)
        closed['required'] = [...new Set([...((closed['required'] ?? []) as string[]), ...needed])];
      if (part.isOpen && removed.size > 0) refuseNames(closed, [...removed.keys()]);
      const names = [...new Set(all.flatMap(({ properties = {} }) => Object.keys(properties)))];
      readOnlyNames.set(closed, new Set(names.filter((name) => this.isReadOnlyIn(all, name))));
    }
    if (types.has('array')) {
      if (!composed) closed['items'] ??= this.unnamed();
      else if (!all.every(namesItems)) closed['unevaluatedItems'] ??= this.unnamed();
    }
    return closed;
  }

  private isReadOnlyIn(all: readonly SchemaObject[], name: string): boolean {
    return all.some(({ properties }) => {
      const property = ownSchema(properties, name);
      return property !== undefined && isTogether(this.document, property, 'readOnly');
    });
  }

  /** On the way to what the gateway sets, only what can hold it. */
  private typesFor(schema: SchemaObject, withheld: readonly Withheld[]): ReadonlySet<Type> {
    const types = typesOf(this.document, schema);
    const inner = withheld.filter(({ why }) => why === 'set').map(({ names: [name] }) => name);
    if (inner.length === 0) return types;
    return types.intersection(new Set<Type>([inner.includes('*') ? 'array' : 'object']));
  }

  /** A schema of the same value, without what was removed. A boolean where nothing is left to ask. */
  private part(schema: Schema, outer: Part): Made {
    if (typeof schema === 'boolean') return schema;
    const own =
      outer.mode === 'whole' ? this.readOnlyIn(schema).filter(([name]) => !outer.removed.has(name)) : [];
    const part = own.length > 0 ? { ...outer, removed: new Map([...outer.removed, ...own]) } : outer;
    const draft: Record<string, unknown> = told(schema);
    if (schema.type) Object.assign(draft, typeKeyword(schema.type));
    for (const keyword of PLAIN) if (schema[keyword] !== undefined) draft[keyword] = schema[keyword];
    if (!this.addMembers(draft, schema, part) || !this.addConditions(draft, schema, part)) return false;
    this.addElements(draft, schema, part);
    if (part.isOpen && own.length > 0)
      refuseNames(
        draft,
        own.map(([name]) => name),
      );
    return Object.keys(draft).every((key) => TOLD.includes(key as never)) ? true : draft;
  }

  /** @returns false where a member that the gateway sets does not fit, so that the whole cannot hold */
  private addMembers(draft: Record<string, unknown>, schema: SchemaObject, part: Part): boolean {
    const { withheld, removed, made, mode } = part;
    const properties: [string, Made][] = [];
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const set = withheld.find(({ names, why }) => why === 'set' && names.length === 1 && names[0] === name);
      if (set?.value && !this.accepts(property, set.value.is)) return false;
      if (!removed.has(name)) properties.push([name, this.inner(property, below(withheld, name), mode)]);
    }
    if (properties.length > 0) draft['properties'] = Object.fromEntries(properties);
    const isAsked = (name: string): boolean => {
      const why = removed.get(name);
      return why !== 'set' && !(why === 'read_only' && mode !== 'test') && made.get(name) !== true;
    };
    const isThere = (name: string): boolean => removed.get(name) === 'set' || made.has(name);
    const dependent = Object.entries(schema.dependentRequired ?? {});
    const required = [
      ...(schema.required ?? []),
      ...dependent.flatMap(([name, others]) => (isThere(name) ? others : [])),
    ].filter(isAsked);
    if (required.length > 0) draft['required'] = [...new Set(required)];
    const depending = dependent
      .filter(([name]) => !isThere(name) && !removed.has(name))
      .map(([name, others]) => [name, others.filter(isAsked)] as const)
      .filter(([, others]) => others.length > 0);
    if (depending.length > 0) draft['dependentRequired'] = Object.fromEntries(depending);

    const setCount = [...removed.values()].filter((why) => why === 'set').length;
    const least = (schema.minProperties ?? 0) - setCount;
    if (least > 0) draft['minProperties'] = least;
    if (schema.maxProperties !== undefined) {
      if (schema.maxProperties < setCount) return false;
      draft['maxProperties'] = schema.maxProperties - setCount;
    }
    const patterns = Object.entries(schema.patternProperties ?? {});
    if (patterns.length > 0) {
      const inner = patterns.map(([pattern, value]) => [pattern, this.other(value, mode)] as const);
      draft['patternProperties'] = Object.fromEntries(inner);
    }
    for (const keyword of ['additionalProperties', 'unevaluatedProperties'] as const) {
      const value = schema[keyword];
      if (value !== undefined) draft[keyword] = this.other(value, mode);
    }
    if (schema.propertyNames !== undefined)
      draft['propertyNames'] = this.beside(schema.propertyNames, [], 'test');
    return true;
  }

  private addElements(draft: Record<string, unknown>, schema: SchemaObject, { withheld, mode }: Part): void {
    const inElements = below(withheld, '*');
    for (const keyword of ['items', 'unevaluatedItems', 'contains'] as const) {
      const element = schema[keyword];
      if (element !== undefined) draft[keyword] = this.inner(element, inElements, mode);
    }
    if (schema.prefixItems)
      draft['prefixItems'] = schema.prefixItems.map((element) => this.inner(element, inElements, mode));
  }

  /** @returns false where no value can hold */
  private addConditions(draft: Record<string, unknown>, schema: SchemaObject, part: Part): boolean {
    const test = (inner: Schema): Made => this.beside(inner, part.withheld, 'test');
    const joint: Made[] = (schema.allOf ?? []).map((inner) => this.part(inner, part));
    if (schema.$ref !== undefined) {
      const made = this.referred(schema.$ref, part);
      if (made === false) return false;
      if (made !== true) Object.assign(draft, made);
    }
    for (const keyword of ['anyOf', 'oneOf'] as const) {
      const branches = schema[keyword]
        ?.map((inner) => this.part(inner, part))
        .filter((made) => made !== false);
      if (branches?.length === 0) return false;
      if (branches) draft[keyword] = branches;
    }
    if (schema.not !== undefined) {
      const made = test(schema.not);
      if (made === true) return false;
      if (made !== false) draft['not'] = made;
    }
    if (schema.if !== undefined) {
      const decides = test(schema.if);
      const [consequence, alternative] = [schema.then ?? true, schema.else ?? true].map((inner) =>
        this.part(inner, part),
      ) as [Made, Made];
      if (typeof decides === 'boolean') joint.push(decides ? consequence : alternative);
      // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
      else Object.assign(draft, { if: decides, then: consequence, else: alternative });
    }
    const dependents: [string, Made][] = [];
    for (const [name, inner] of Object.entries(schema.dependentSchemas ?? {})) {
      const why = part.removed.get(name);
      if (why === 'set' || part.made.has(name)) joint.push(this.part(inner, part));
      else if (!why) dependents.push([name, this.part(inner, part)]);
    }
    if (dependents.length > 0) draft['dependentSchemas'] = Object.fromEntries(dependents);
    const asking = joint.filter((made) => made !== true);
    if (asking.length > 0) draft['allOf'] = asking;
    return !asking.includes(false);
  }

  private referred(reference: string, part: Part): Made {
    const { withheld, removed, made, isOpen, mode } = part;
    const context = [withheld, Object.fromEntries(removed), Object.fromEntries(made), isOpen];
    const key = `${mode} part ${reference} ${canonicalText(context)}`;
    return this.document.component(key, `${titleOf(reference)}.part`, () =>
      this.part(this.document.at(reference), part),
    );
  }

  private inner(schema: Schema, withheld: readonly Withheld[], mode: Mode): Made {
    return mode === 'whole' ? this.whole(schema, withheld) : this.beside(schema, withheld, mode);
  }

  /** Of members without a name: where the document takes anything, anything may come. */
  private other(schema: Schema, mode: Mode): Made {
    return saysAnything(schema) ? true : this.inner(schema, [], mode);
  }
}

const told = (schema: SchemaObject): Record<string, unknown> =>
  Object.fromEntries(TOLD.filter((key) => schema[key] !== undefined).map((key) => [key, schema[key]]));

const below = (withheld: readonly Withheld[], name: string): Withheld[] =>
  withheld
    .filter(({ names }) => names.length > 1 && names[0] === name)
    .map(({ names, ...rest }) => ({ ...rest, names: names.slice(1) }));

export const titleOf = (reference: string): string => namesOf(reference).at(-1) ?? 'Schema';

/** Whether no element of a list can be unnamed as far as this one schema goes: those inside are asked apart. */
function namesItems({ type, items, unevaluatedItems, $ref, allOf, anyOf, oneOf }: SchemaObject): boolean {
  if (items !== undefined || unevaluatedItems !== undefined) return true;
  if (type) return !type.includes('array');
  const inner = [...(allOf ?? []), ...(anyOf ?? []), ...(oneOf ?? [])];
  return ($ref !== undefined || inner.length > 0) && !inner.includes(true);
}

function refuseNames(draft: Record<string, unknown>, names: readonly string[]): void {
  const refusal = { not: { enum: names } };
  if (draft['propertyNames'] === undefined) draft['propertyNames'] = refusal;
  else draft['allOf'] = [...((draft['allOf'] ?? []) as Made[]), { propertyNames: refusal }];
}
