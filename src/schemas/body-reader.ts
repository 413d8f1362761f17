import type { JsonSchema } from '../validation/json-schema.ts';
import { propertyPointer } from '../validation/property-pointer.ts';
import type { Checked, Violation } from '../validation/validate-body.ts';
import { amended, AppSchemas, type Made, type Withheld } from './app-schema.ts';
import { TooManyVisits } from './checker.ts';
import { isObject, namesOf, ownValue, pointerTo } from './json-places.ts';
import { isMultipleOf, isRawNumber, parseJson, rawNumber } from './numbers.ts';
import { readOverlay } from './overlay.ts';
import { anyAt, isTogether, schemasAt, together, typesOf } from './same-value.ts';
import type { Schema } from './schema.ts';
import type { SchemaDocument } from './schema-document.ts';
import { type SchemaFault, SchemaFaults } from './schema-fault.ts';
import { valueCheck } from './value-check.ts';
import { type Breach, Breaches, MAX_BREACHES } from './violations.ts';

export interface BodyOptions {
  /** A schema that holds beside the documented one. `false` for a property closes it. */
  readonly overlay?: unknown;
  /** Pointers to all that the gateway sets; `*` is each element of a list. */
  readonly set: readonly string[];
  /** Those of them whose value is known at the start, by their pointers. */
  readonly fixed?: Readonly<Record<string, unknown>>;
  /** Most decimals of the numbers at pointers. */
  readonly decimals: Readonly<Record<string, number>>;
}

export interface BodyReader {
  /**
   * Checks what an app sent.
   *
   * @param text what was parsed; empty for no body
   */
  readonly read: (json: unknown, text: string) => Checked<object>;
  /** Of what an app may send, for the OpenAPI document. */
  readonly schema: JsonSchema;
  readonly components: Readonly<Record<string, JsonSchema>>;
  /** Whether an empty object would be refused. */
  readonly required: boolean;
  /** Pointers to all members that an app may send; `*` is an element of a list. */
  readonly members: readonly string[];
  /**
   * Whether Octane's schema takes a body as the gateway completed it. Undefined where it does whenever it took what the app sent.
   *
   * @returns what does not hold; empty where all holds
   */
  readonly whole?: (body: object) => readonly Violation[];
}

const MAX_DEPTH_OF_MEMBERS = 12;
const MAX_MEMBERS = 2000;

/**
 * Makes the reader of the bodies of one operation.
 *
 * @param schemaPointer of the documented schema
 * @throws SchemaFaults
 */
export function bodyReader(
  document: SchemaDocument,
  schemaPointer: string,
  options: BodyOptions,
): BodyReader {
  return document.make(schemaPointer, (documented) => readerOf(document, documented, options));
}

function readerOf(document: SchemaDocument, documented: Schema, options: BodyOptions): BodyReader {
  const { set, fixed = {}, decimals } = options;
  const faults: SchemaFault[] = [];
  const overlay =
    options.overlay === undefined ? undefined : readOverlay(options.overlay, document, documented, faults);
  checkPlaces(document, documented, options, faults);
  if (faults.length > 0) throw new SchemaFaults(faults);

  const closed = (overlay?.closed ?? []).map(({ names }): Withheld => ({ names, why: 'closed' }));
  const bySet = set.map((pointer): Withheld => {
    const value = Object.hasOwn(fixed, pointer) ? { value: { is: fixed[pointer] } } : {};
    return { names: namesOf(pointer), why: 'set', ...value };
  });
  const schemas = new AppSchemas(
    document,
    (schema, value) => valueCheck(document, schema).of(value).length === 0,
  );
  const make = (withheld: readonly Withheld[]): JsonSchema => {
    const beside = overlay === undefined ? true : schemas.beside(overlay.schema, withheld);
    const made = bodySchema(document, documented, schemas.whole(documented, withheld), beside);
    if (made === false) throw new SchemaFaults([{ of: 'set', pointer: set[0] ?? '', message: NO_BODY_FITS }]);
    return made;
  };
  for (const { names, at } of overlay?.closed ?? []) {
    const isSet = bySet.some((one) => one.names.join('/') === names.join('/'));
    if (!isSet && isRequired(document, documented, names))
      faults.push({
        of: 'body',
        pointer: at,
        message: 'the documented schema requires the property that this closes',
      });
  }
  if (faults.length > 0) throw new SchemaFaults(faults);

  const schema = make([...closed, ...bySet]);
  const components = document.componentsOf(schema);
  const read = reading(new Breaches(schema, components), decimals);
  const reader: BodyReader = {
    read,
    schema,
    components,
    required: refusesEmpty(schema, components) ?? read({}, '').violations !== undefined,
    members: membersOf(document, documented, [...closed, ...bySet]),
  };
  if (set.length === 0 || !bySet.some((one) => mayDecide(document, documented, one))) return reader;
  const wholeSchema = make(closed);
  const whole = new Breaches(wholeSchema, document.componentsOf(wholeSchema));
  return { ...reader, whole: (body) => (withinBounds(() => whole.of(body)) ?? [TOO_MUCH]).map(violationOf) };
}

const NO_BODY_FITS = 'with the values that are set, no body fits the documented schema';

/** Whether a schema refuses an empty object; undefined where that takes a closer look. */
function refusesEmpty(
  schema: JsonSchema,
  components: Readonly<Record<string, JsonSchema>>,
): boolean | undefined {
  const all = new Set<Made>([schema]);
  for (const one of all) {
    if (typeof one === 'boolean') continue;
    for (const inner of (one['allOf'] ?? []) as readonly Made[]) all.add(inner);
    const name = typeof one['$ref'] === 'string' && one['$ref'].slice('#/components/schemas/'.length);
    if (name) all.add(components[name] ?? true);
  }
  const asks = (keyword: string): boolean =>
    [...all].some((one) => typeof one === 'object' && keyword in one);
  if (asks('required') || asks('minProperties')) return true;
  const isPlain = !['anyOf', 'oneOf', 'not', 'if', 'const', 'enum'].some(asks);
  return isPlain && schema['type'] === 'object' && !all.has(false) ? false : undefined;
}

/** A body is an object, or a list where nothing else is documented. */
function bodySchema(
  document: SchemaDocument,
  documented: Schema,
  whole: Made,
  beside: Made,
): JsonSchema | false {
  if (whole === false || beside === false) return false;
  const types = typesOf(document, documented);
  const type = types.has('object') ? 'object' : 'array';
  const schema = whole === true ? {} : whole;
  if (beside === true) return '$ref' in schema && types.size === 1 ? schema : amended(schema, { type });
  if ('$ref' in schema || 'allOf' in schema) return { type, allOf: [schema, beside] };
  return amended(schema, { type, allOf: [beside] });
}

function checkPlaces(
  document: SchemaDocument,
  documented: Schema,
  { set, fixed = {}, decimals }: BodyOptions,
  faults: SchemaFault[],
): void {
  const types = typesOf(document, documented);
  if (!types.has('object') && !types.has('array'))
    faults.push({ of: 'set', pointer: '', message: 'a body must be an object or a list' });
  for (const pointer of set) {
    const names = namesOf(pointer);
    const isNamed = names.length > 0 && names.at(-1) !== '*';
    const isKnown = Object.hasOwn(fixed, pointer);
    if (!isNamed || schemasAt(document, [documented], names, isKnown).length === 0)
      faults.push({ of: 'set', pointer, message: 'the documented schema has no such member' });
  }
  for (const pointer of Object.keys(decimals)) {
    const schemas = schemasAt(document, [documented], namesOf(pointer));
    if (schemas.length === 0)
      faults.push({ of: 'decimals', pointer, message: 'the documented schema has no such member' });
    else if (!schemas.some((schema) => typesOf(document, schema).has('number')))
      faults.push({ of: 'decimals', pointer, message: 'the documented schema has no number here' });
  }
}

/** Whether the object in which a member stands must have it. */
function isRequired(document: SchemaDocument, documented: Schema, names: readonly string[]): boolean {
  const outer = schemasAt(document, [documented], names.slice(0, -1));
  return together(document, outer).some(({ required }) => required?.includes(names.at(-1)!));
}

/** Whether it may count, for what else holds, that a member is set, or to what. */
function mayDecide(document: SchemaDocument, documented: Schema, { names, value }: Withheld): boolean {
  const outer = names.map((_, depth) => schemasAt(document, [documented], names.slice(0, depth), true));
  const isPlain = outer.every((schemas) =>
    anyAt(document, schemas).every((schema) =>
      DECIDING.every((keyword) => schema[keyword as keyof typeof schema] === undefined),
    ),
  );
  const own = schemasAt(document, [documented], names, true);
  const isBound = anyAt(document, own).some((schema) => BINDING.some((keyword) => keyword in schema));
  return !isPlain || (value === undefined && isBound);
}

const DECIDING = [
  'anyOf',
  'oneOf',
  'not',
  'if',
  'const',
  'enum',
  'minProperties',
  'maxProperties',
  'propertyNames',
  'dependentRequired',
  'dependentSchemas',
  'uniqueItems',
  'contains',
] as const;
/** Keywords that a number of a customer may not fit. */
const BINDING = [
  'enum',
  'const',
  'pattern',
  'format',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'not',
] as const;

function membersOf(document: SchemaDocument, documented: Schema, withheld: readonly Withheld[]): string[] {
  const hidden = new Set(withheld.map(({ names }) => pointerTo('', ...names)));
  const found = new Set<string>();
  const visit = (schemas: readonly Schema[], pointer: string, depth: number): void => {
    if (depth > MAX_DEPTH_OF_MEMBERS || found.size > MAX_MEMBERS) return;
    const all = anyAt(document, schemas);
    const members = Map.groupBy(
      all.flatMap(({ properties = {} }) => Object.entries(properties)),
      ([name]) => name,
    );
    for (const [name, same] of members) {
      const place = pointerTo(pointer, name);
      const inner = same.map(([, schema]) => schema);
      if (hidden.has(place) || inner.some((schema) => isTogether(document, schema, 'readOnly'))) continue;
      found.add(place);
      visit(inner, place, depth + 1);
    }
    const elements = all.flatMap(({ items, prefixItems = [] }) => [...prefixItems, items ?? []].flat());
    if (elements.length > 0) visit(elements, `${pointer}/*`, depth + 1);
  };
  visit([documented], '', 0);
  return [...found];
}

const TOO_MUCH: Breach = { names: [], code: 'schema', detail: 'Send a body that is nested less deeply.' };
const INEXACT =
  'Send a number with fewer digits or a smaller exponent. The gateway cannot pass this one on unchanged.';

/** @returns undefined where it cannot be done within bounds of depth and number */
function withinBounds<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TooManyVisits) return undefined;
    throw error;
  }
}

function reading(
  breaches: Breaches,
  decimals: Readonly<Record<string, number>>,
): (json: unknown, text: string) => Checked<object> {
  const limits = Object.entries(decimals).map(([pointer, count]) => ({
    names: namesOf(pointer),
    divisor: Number(`1e-${count}`),
    detail: `Send a number with at most ${count} decimal${count === 1 ? '' : 's'}.`,
  }));
  return (json, text) => {
    const found = withinBounds(() => {
      const all = [...breaches.of(json)];
      const at = (names: readonly string[]): number => {
        const place = JSON.stringify(names);
        return all.findIndex((breach) => JSON.stringify(breach.names) === place);
      };
      for (const names of inexactIn(text)) {
        const known = at(names);
        const breach: Breach = { names, code: 'type', detail: INEXACT };
        if (known < 0 && !isUnwanted(all, names)) all.push(breach);
        else if (known >= 0 && !AHEAD_OF_DIGITS.has(all[known]!.code)) all[known] = breach;
      }
      for (const { names, divisor, detail } of limits) {
        for (const [place, value] of placesAt(json, names)) {
          const isNumber = typeof value === 'number' && Number.isFinite(value);
          const isBroken = isNumber && !isMultipleOf(value, divisor);
          if (isBroken && at(place) < 0 && !isUnwanted(all, place))
            all.push({ names: place, code: 'precision', detail });
        }
      }
      return all;
    }) ?? [TOO_MUCH];
    if (found.length === 0) return { value: json as object };
    return { violations: found.slice(0, MAX_BREACHES).map(violationOf) };
  };
}

const UNWANTED: ReadonlySet<string> = new Set(['unknown_property', 'read_only']);
/** What is told of a place rather than that its number has too many digits. */
const AHEAD_OF_DIGITS: ReadonlySet<string> = new Set([...UNWANTED, 'type']);

/** Whether a place lies in what is to be left out. */
const isUnwanted = (all: readonly Breach[], names: readonly string[]): boolean =>
  all.some(
    (breach) => UNWANTED.has(breach.code) && breach.names.every((name, index) => names[index] === name),
  );

const violationOf = ({ names, code, detail }: Breach): Violation => ({
  pointer: names.reduce(propertyPointer, '#'),
  code,
  detail,
});

/** The places of numbers that no double holds. */
function inexactIn(text: string): (readonly string[])[] {
  if (text === '') return [];
  let isAny = false;
  const json = parseJson(text, (source) => {
    isAny = true;
    return rawNumber(source);
  });
  return isAny ? rawPlaces(json, []) : [];
}

function rawPlaces(json: unknown, names: readonly string[]): (readonly string[])[] {
  if (isRawNumber(json)) return [names];
  if (Array.isArray(json)) return json.flatMap((one, index) => rawPlaces(one, [...names, String(index)]));
  if (!isObject(json)) return [];
  return Object.keys(json).flatMap((name) => rawPlaces(json[name], [...names, name]));
}

function placesAt(
  json: unknown,
  names: readonly string[],
  place: readonly string[] = [],
): (readonly [readonly string[], unknown])[] {
  const [name, ...rest] = names;
  if (name === undefined) return [[place, json]];
  if (name === '*' && Array.isArray(json))
    return json.flatMap((element, index) => placesAt(element, rest, [...place, String(index)]));
  return isObject(json) ? placesAt(ownValue(json, name), rest, [...place, name]) : [];
}
