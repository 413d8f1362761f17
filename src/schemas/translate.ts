import { isObject, pointerTo } from './json-places.ts';
import { compilePattern } from './pattern.ts';
import {
  ONE_SCHEMA,
  type Schema,
  SCHEMA_LIST,
  SCHEMA_MAP,
  type SchemaObject,
  type Type,
  TYPES,
} from './schema.ts';

/** What a translation is part of. */
export interface Translation {
  /** Whether a keyword that JSON Schema has not, and a format that nobody checks, is a fault. Else it says nothing. */
  readonly isStrict: boolean;
  readonly fault: (pointer: string, message: string) => void;
  /** Called for each schema. False: there have been too many. */
  readonly count: () => boolean;
  /** Where a reference leads to: a plain JSON Pointer. Undefined where that is a fault, which it tells. */
  readonly place: (reference: string, pointer: string) => string | undefined;
}

type Draft = { -readonly [Keyword in keyof SchemaObject]: SchemaObject[Keyword] };
/** Takes over the value of a keyword. False: it is not what the keyword takes. */
type Take = (draft: Draft, value: unknown, at: string, translation: Translation) => boolean;

const MAX_DEPTH = 200;
const MAX_BRANCHES = 100;
const MAX_TEXT_CHARACTERS = 10_000;
/** The formats that are checked. Any other says nothing. */
export const CHECKED_FORMATS = ['date', 'date-time', 'time', 'email', 'uuid', 'uri', 'ipv4', 'ipv6'] as const;
/** Formats that say nothing that has to be checked apart, and that readers of a schema like to know. */
export const TELLING_FORMATS = ['int32', 'int64', 'float', 'double', 'password'] as const;
const KEPT_FORMATS: ReadonlySet<unknown> = new Set([...CHECKED_FORMATS, ...TELLING_FORMATS]);
/** Of int64 the largest one is no double; the next smaller double is as good a bound. */
const WHOLE_NUMBERS: Readonly<Record<string, { readonly minimum: number; readonly maximum: number }>> = {
  int32: { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
  int64: { minimum: -(2 ** 63), maximum: 2 ** 63 - 1024 },
};

const isFiniteNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';

/** Spaces around the names of properties are a habit of people who type them into forms. */
const named = (name: string): string => name.trim();

const copyIf =
  (keyword: keyof SchemaObject, isGood: (value: unknown) => boolean): Take =>
  (draft, value) => {
    const isTaken = isGood(value);
    if (isTaken) Object.assign(draft, { [keyword]: value });
    return isTaken;
  };

/** What only people read: where it is of another kind it is nothing. */
const tellIf =
  (keyword: keyof SchemaObject, isGood: (value: unknown) => boolean): Take =>
  (draft, value) => {
    if (isGood(value)) Object.assign(draft, { [keyword]: value });
    return true;
  };

const bound =
  (keyword: 'exclusiveMinimum' | 'exclusiveMaximum', inclusive: 'minimum' | 'maximum'): Take =>
  (draft, value) => {
    // OpenAPI 3.0: true makes the other bound an exclusive one. Keywords are read in an order that has the other one before.
    if (value === true && draft[inclusive] !== undefined) {
      draft[keyword] = draft[inclusive];
      delete draft[inclusive];
    } else if (isFiniteNumber(value)) draft[keyword] = value;
    else return isFlag(value);
    return true;
  };

const names = (value: unknown): string[] | undefined =>
  Array.isArray(value) && value.every(isText) ? [...new Set(value.map(named))] : undefined;

const TAKES = new Map<string, Take>([
  [
    '$ref',
    (draft, value, at, translation) => {
      if (!isText(value)) return false;
      const place = translation.place(value, at);
      if (place !== undefined) draft.$ref = place;
      return true;
    },
  ],
  [
    'type',
    (draft, value) => {
      const types = Array.isArray(value) ? (value as unknown[]) : [value];
      if (types.length === 0 || !types.every((type) => TYPES.includes(type as Type))) return false;
      draft.type = [...new Set(types as Type[])];
      return true;
    },
  ],
  [
    'enum',
    (draft, value) => {
      if (!Array.isArray(value) || value.length === 0) return false;
      draft.enum = value;
      return true;
    },
  ],
  ['const', copyIf('const', () => true)],
  ['multipleOf', copyIf('multipleOf', (value) => isFiniteNumber(value) && value > 0)],
  ...(['minimum', 'maximum'] as const).map((keyword) => [keyword, copyIf(keyword, isFiniteNumber)] as const),
  ['exclusiveMinimum', bound('exclusiveMinimum', 'minimum')],
  ['exclusiveMaximum', bound('exclusiveMaximum', 'maximum')],
  ...(
    [
      'minLength',
      'maxLength',
      'minItems',
      'maxItems',
      'minContains',
      'maxContains',
      'minProperties',
      'maxProperties',
    ] as const
  ).map((keyword) => [keyword, copyIf(keyword, isCount)] as const),
  [
    'pattern',
    (draft, value, at, translation) => {
      if (!isText(value)) return false;
      const { maxLength } = checkedPattern(value, at, translation) ?? {};
      draft.pattern = value;
      if (maxLength !== undefined) draft.maxLength = Math.min(maxLength, draft.maxLength ?? Infinity);
      return true;
    },
  ],
  [
    'format',
    (draft, value, at, { isStrict, fault }) => {
      if (!isText(value)) return false;
      if (KEPT_FORMATS.has(value)) draft.format = value;
      else if (isStrict) fault(at, 'nobody checks this format');
      const whole = Object.hasOwn(WHOLE_NUMBERS, value) ? WHOLE_NUMBERS[value] : undefined;
      if (!whole) return true;
      draft.minimum = Math.max(whole.minimum, draft.minimum ?? -Infinity);
      draft.maximum = Math.min(whole.maximum, draft.maximum ?? Infinity);
      if (!draft.type || draft.type.includes('number')) draft.multipleOf ??= 1;
      return true;
    },
  ],
  ['uniqueItems', copyIf('uniqueItems', isFlag)],
  [
    'required',
    (draft, value) => {
      const required = names(value);
      if (!required) return false;
      draft.required = required;
      return true;
    },
  ],
  [
    'dependentRequired',
    (draft, value) => {
      if (!isObject(value)) return false;
      const entries = Object.entries(value).map(([name, others]) => [named(name), names(others)] as const);
      if (entries.some(([, others]) => !others)) return false;
      draft.dependentRequired = Object.fromEntries(entries) as Record<string, string[]>;
      return true;
    },
  ],
  ['title', tellIf('title', (value) => isText(value) && value.length <= MAX_TEXT_CHARACTERS)],
  ['description', tellIf('description', (value) => isText(value) && value.length <= MAX_TEXT_CHARACTERS)],
  // One of an object may hold what an app is not to know of.
  ['default', tellIf('default', (value) => !isObject(value) && !Array.isArray(value))],
  ...(['deprecated', 'readOnly', 'writeOnly'] as const).map(
    (keyword) => [keyword, tellIf(keyword, isFlag)] as const,
  ),
  ...ONE_SCHEMA.map((keyword) => [keyword, oneSchema(keyword)] as const),
  ...SCHEMA_LIST.map((keyword) => [keyword, schemaList(keyword)] as const),
  ...SCHEMA_MAP.map((keyword) => [keyword, schemaMap(keyword)] as const),
]);
/** Keywords of JSON Schema that say nothing of a value. */
const ONLY_TOLD: ReadonlySet<string> = new Set([
  '$comment',
  '$schema',
  '$id',
  '$anchor',
  '$defs',
  'examples',
  'contentEncoding',
  'contentMediaType',
  'contentSchema',
]);
const NOT_DONE: ReadonlySet<string> = new Set(['$dynamicRef', '$recursiveRef']);
/** With one of these, null is allowed beside the whole. */
const HOLDS_MORE = ['$ref', 'const', 'allOf', 'anyOf', 'oneOf', 'not', 'if'] as const;

/** Makes a schema of OpenAPI 3.0 or 3.1, or of both as people mix them, one of JSON Schema 2020-12. */
export function translate(raw: unknown, at: string, translation: Translation, depth = 0): Schema {
  if (typeof raw === 'boolean') return raw;
  if (!translation.count()) return true;
  if (!isObject(raw) || depth > MAX_DEPTH) {
    translation.fault(
      at,
      depth > MAX_DEPTH ? 'nested too deeply' : 'not a schema: neither an object nor a boolean',
    );
    return true;
  }
  const draft: Draft = {};
  const inner: Translation & { depth: number } = { ...translation, depth: depth + 1 };
  for (const [keyword, take] of TAKES) {
    if (!Object.hasOwn(raw, keyword)) continue;
    if (!take(draft, raw[keyword], pointerTo(at, keyword), inner))
      translation.fault(pointerTo(at, keyword), `not a valid value of ${keyword}`);
  }
  for (const keyword of Object.keys(raw)) {
    if (NOT_DONE.has(keyword))
      translation.fault(pointerTo(at, keyword), 'dynamic references are not understood');
    else if (translation.isStrict && !TAKES.has(keyword) && !ONLY_TOLD.has(keyword))
      translation.fault(pointerTo(at, keyword), 'JSON Schema has no such keyword');
  }
  return raw['nullable'] === true && !translation.isStrict ? withNull(draft) : draft;
}

function withNull(draft: Draft): SchemaObject {
  if (HOLDS_MORE.every((keyword) => draft[keyword] === undefined)) {
    if (draft.type) draft.type = [...new Set<Type>([...draft.type, 'null'])];
    if (draft.enum && !draft.enum.includes(null)) draft.enum = [...draft.enum, null];
    return draft;
  }
  const { title, description, deprecated, readOnly, writeOnly, default: preset, ...rest } = draft;
  const told = { title, description, deprecated, readOnly, writeOnly, default: preset };
  const present = Object.entries(told).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(present), anyOf: [rest, { type: ['null'] }] };
}

function depthOf(translation: Translation): number {
  return (translation as Translation & { depth: number }).depth;
}

function checkedPattern(
  source: string,
  at: string,
  { fault }: Translation,
): ReturnType<typeof compilePattern> | undefined {
  try {
    return compilePattern(source);
  } catch (error) {
    fault(at, (error as Error).message);
    return undefined;
  }
}

function oneSchema(keyword: (typeof ONE_SCHEMA)[number]): Take {
  return (draft, value, at, translation) => {
    draft[keyword] = translate(value, at, translation, depthOf(translation));
    return true;
  };
}

function schemaList(keyword: (typeof SCHEMA_LIST)[number]): Take {
  return (draft, value, at, translation) => {
    if (!Array.isArray(value) || value.length === 0) return false;
    const isChoice = keyword === 'anyOf' || keyword === 'oneOf';
    if (isChoice && value.length > MAX_BRANCHES) {
      translation.fault(at, `more than ${MAX_BRANCHES} branches`);
      return true;
    }
    draft[keyword] = value.map((one, index) =>
      translate(one, pointerTo(at, index), translation, depthOf(translation)),
    );
    return true;
  };
}

function schemaMap(keyword: (typeof SCHEMA_MAP)[number]): Take {
  return (draft, value, at, translation) => {
    if (!isObject(value)) return false;
    const made = new Map<string, Schema>();
    for (const [given, schema] of Object.entries(value)) {
      const place = pointerTo(at, given);
      const name = keyword === 'patternProperties' ? given : named(given);
      if (
        keyword === 'patternProperties' &&
        checkedPattern(name, place, translation)?.maxLength !== undefined
      )
        translation.fault(place, 'this pattern takes too long on long names');
      // JavaScript takes it for something else than a property, and so does Ajv.
      if (name === '__proto__') translation.fault(place, 'no property can have this name');
      else if (made.has(name)) translation.fault(place, 'a second property with this name');
      else made.set(name, translate(schema, place, translation, depthOf(translation)));
    }
    draft[keyword] = Object.fromEntries(made);
    return true;
  };
}
