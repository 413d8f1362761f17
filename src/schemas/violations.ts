import type { JsonSchema } from '../validation/json-schema.ts';
import type { ViolationCode } from '../validation/rule-levels.ts';
import { type Made, readOnlyNamesOf } from './app-schema.ts';
import { type CheckError, compile } from './checker.ts';
import { isAmong, isObject, namesOf, ownValue } from './json-places.ts';
import { typesOfValue } from './same-value.ts';
import type { Type } from './schema.ts';

/** What does not hold at one place. */
export interface Breach {
  /** The names that lead to the place. */
  readonly names: readonly string[];
  readonly code: ViolationCode;
  /** What the app's developer is to do. Holds no value that the app sent. */
  readonly detail: string;
}

export const MAX_BREACHES = 50;
/** Of two breaches of one place, the one that is told. */
const FIRST: readonly ViolationCode[] = [
  'read_only',
  'unknown_property',
  'required',
  'type',
  'enum',
  'length',
  'format',
  'pattern',
  'range',
  'precision',
  'items',
  'schema',
];
const MAX_TOLD_CHARACTERS = 300;
const UNKNOWN = 'Leave this property out: it is not part of the request.';
const TYPE_WORDS: Readonly<Record<Type, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};
const FORMAT_WORDS: Readonly<Record<string, string>> = {
  date: 'a date such as 2024-01-31',
  'date-time': 'a date and time with an offset, such as 2024-01-31T09:30:00+10:00',
  time: 'a time with an offset, such as 09:30:00Z',
  email: 'one email address',
  uuid: 'a UUID',
  uri: 'a URI with its scheme',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
};

type Told = readonly [code: ViolationCode, detail: string, member?: string];
type Tell = (error: CheckError) => Told | undefined;

const atMost =
  (code: ViolationCode, how: string, unit: string): Tell =>
  ({ params: { limit } }) => [code, `Send ${how} ${String(limit)} ${unit}${limit === 1 ? '' : 's'}.`];
const bounded =
  (how: string): Tell =>
  ({ params: { limit } }) => ['range', `Send a number ${how} ${String(limit)}.`];
const listed: Tell = ({ schema, keyword }) => {
  const values = (keyword === 'const' ? [schema] : schema) as unknown[];
  const words = values.map((value) => JSON.stringify(value)).join(', ');
  if (words.length > MAX_TOLD_CHARACTERS) return ['enum', 'Send one of the values that the schema lists.'];
  return ['enum', values.length === 1 ? `Send ${words}.` : `Send one of ${words}.`];
};
const unknownMember =
  (param: string): Tell =>
  ({ params, parentSchema }) => {
    const name = String(params[param]);
    return readOnlyNamesOf(parentSchema)?.has(name)
      ? ['read_only', 'Leave this property out: only Octane sets it.', name]
      : ['unknown_property', UNKNOWN, name];
  };
const requiredMember: Tell = ({ params: { missingProperty } }) => [
  'required',
  `Send ${String(missingProperty)}.`,
  String(missingProperty),
];
const silent: Tell = () => undefined;

const TELLS: Readonly<Record<string, Tell>> = {
  required: requiredMember,
  dependentRequired: requiredMember,
  type: ({ schema }) => typeBreach([schema].flat() as Type[]),
  enum: listed,
  const: listed,
  format: ({ params: { format } }) => ['format', `Send ${FORMAT_WORDS[String(format)] ?? 'another text'}.`],
  minimum: bounded('of at least'),
  maximum: bounded('of at most'),
  exclusiveMinimum: bounded('above'),
  exclusiveMaximum: bounded('below'),
  multipleOf: ({ schema }) => ['precision', `Send a multiple of ${String(schema)}.`],
  minLength: atMost('length', 'at least', 'character'),
  maxLength: atMost('length', 'at most', 'character'),
  pattern: ({ schema }) => {
    const isTold = String(schema).length <= MAX_TOLD_CHARACTERS;
    return ['pattern', `Send a text that matches ${isTold ? String(schema) : 'the pattern of the schema'}.`];
  },
  minItems: atMost('items', 'at least', 'item'),
  maxItems: atMost('items', 'at most', 'item'),
  uniqueItems: () => ['items', 'Send each item only once.'],
  contains: () => ['items', 'Send a list with an item of the kind that the schema asks for.'],
  minProperties: ({ params: { limit } }) => [
    'schema',
    limit === 1 ? 'Send at least one property.' : `Send at least ${String(limit)} properties.`,
  ],
  maxProperties: ({ params: { limit } }) => ['schema', `Send at most ${String(limit)} properties.`],
  additionalProperties: unknownMember('additionalProperty'),
  unevaluatedProperties: unknownMember('unevaluatedProperty'),
  propertyNames: (error) =>
    isRefusal(error.schema)
      ? unknownMember('propertyName')(error)
      : [
          'schema',
          'Send a property with a name that the schema allows.',
          String(error.params['propertyName']),
        ],
  // Each tells of itself apart.
  if: silent,
  counted: silent,
};

/** What refuses a name that the gateway sets or that nobody may send. */
const isRefusal = (schema: unknown): boolean =>
  isObject(schema) && isObject(schema['not']) && Object.keys(schema).length === 1 && 'enum' in schema['not'];

function typeBreach(types: readonly Type[]): Told {
  const asked = types.filter((type) => type !== 'null');
  const words = (asked.length > 0 ? asked : types).map((type) => TYPE_WORDS[type]);
  return ['type', `Send ${words.join(' or ')}.`];
}

/** Finds out what a value breaks. */
export class Breaches {
  private check: ((value: unknown) => readonly CheckError[]) | undefined;
  private readonly branches = new WeakMap<object, Breaches>();
  private readonly knownNames = new WeakMap<object, ReadonlySet<string>>();

  constructor(
    private readonly schema: Made,
    private readonly components: Readonly<Record<string, JsonSchema>>,
  ) {}

  /**
   * @returns each place once, with the first thing that does not hold there; empty where all holds
   * @throws RangeError or TooManyVisits where the value cannot be checked within bounds
   */
  of(value: unknown): readonly Breach[] {
    // Compiled when it is first asked: sixty operations would take half a second of the start.
    this.check ??= compile(this.schema, this.components);
    const errors = this.check(value);
    if (errors.length === 0) return [];
    const found = new Map<string, Breach>();
    const doubtful: Breach[] = [];
    const add = (breach: Breach): void => {
      const place = JSON.stringify(breach.names);
      const known = found.get(place);
      if (!known || FIRST.indexOf(breach.code) < FIRST.indexOf(known.code)) found.set(place, breach);
    };
    for (const error of errors) {
      if (error.propertyName !== undefined && error.keyword !== 'propertyNames') continue;
      const names = namesOf(error.instancePath);
      if (error.keyword === 'anyOf' || error.keyword === 'oneOf') {
        for (const breach of this.ofBranches(error)) add({ ...breach, names: [...names, ...breach.names] });
        continue;
      }
      const [code, detail, member] = told(error) ?? [];
      if (code === undefined || detail === undefined) continue;
      const breach: Breach = { names: member === undefined ? names : [...names, member], code, detail };
      // A branch that does not hold does not make its properties known.
      const isKnown =
        error.keyword === 'unevaluatedProperties' && this.namesKnownTo(error.parentSchema).has(member ?? '');
      if (isKnown) doubtful.push(breach);
      else add(breach);
    }
    if (found.size === 0) doubtful.forEach(add);
    return [...found.values()];
  }

  /** No branch takes the value, or more than one of `oneOf`. Where one alone can be meant, what it asks for is told. */
  private ofBranches({ schema, params, data }: CheckError): readonly Breach[] {
    const branches = schema as readonly Made[];
    const fitting = branches.filter((branch) => this.mayMean(branch, data));
    if (fitting.length === 0) {
      const types = branches.flatMap((branch) => this.typesAsked(branch) ?? []);
      const [code, detail] = typeBreach([...new Set(types)]);
      return [{ names: [], code, detail }];
    }
    const telling = fitting.length > 1 ? fitting.filter((branch) => this.isMarked(branch, data)) : fitting;
    const [meant] = telling;
    if (telling.length === 1 && typeof meant === 'object' && params['passingSchemas'] == null) {
      let inner = this.branches.get(meant);
      if (!inner) this.branches.set(meant, (inner = new Breaches(meant, this.components)));
      const breaches = inner.of(data);
      if (breaches.length > 0) return breaches.slice(0, MAX_BREACHES);
    }
    return [{ names: [], code: 'schema', detail: branchWords(branches) }];
  }

  /** Whether the value has a type that the branch asks for. */
  private mayMean(branch: Made, value: unknown): boolean {
    const types = this.typesAsked(branch);
    return branch !== false && (!types || typesOfValue(value).some((type) => types.includes(type)));
  }

  private typesAsked(branch: Made): readonly Type[] | undefined {
    const typed = this.together(branch).find(({ type }) => type !== undefined);
    return typed && ([typed['type']].flat() as Type[]);
  }

  /** Whether each property of the value that the branch knows by its values has one of them: what tells kinds apart. */
  private isMarked(branch: Made, value: unknown): boolean {
    if (!isObject(value)) return true;
    const properties = this.together(branch).flatMap(({ properties: own }) => Object.entries(own ?? {}));
    return properties.every(([name, property]: [string, Made]) => {
      if (typeof property === 'boolean' || !Object.hasOwn(value, name)) return true;
      const values = 'const' in property ? [property['const']] : property['enum'];
      return !Array.isArray(values) || isAmong(values)(ownValue(value, name));
    });
  }

  /** The schemas that hold of a value together with this one. */
  private together(branch: Made): JsonSchema[] {
    return this.sameValue(branch, ({ allOf }) => (allOf ?? []) as unknown[]);
  }

  private sameValue(schema: Made, inner: (schema: JsonSchema) => readonly unknown[]): JsonSchema[] {
    const found = new Set<JsonSchema>();
    const add = (one: unknown): void => {
      if (typeof one !== 'object' || one === null || found.has(one as JsonSchema)) return;
      const same = one as JsonSchema;
      found.add(same);
      if (typeof same['$ref'] === 'string') add(this.component(same['$ref']));
      inner(same).forEach(add);
    };
    add(schema);
    return [...found];
  }

  /** The names of all properties that some part of a schema knows, whether or not that part holds. */
  private namesKnownTo(schema: JsonSchema): ReadonlySet<string> {
    let names = this.knownNames.get(schema);
    if (!names) {
      const all = this.sameValue(schema, (one) =>
        [
          one['allOf'],
          one['anyOf'],
          one['oneOf'],
          one['then'],
          one['else'],
          Object.values(one['dependentSchemas'] ?? {}),
        ].flat(),
      );
      names = new Set(all.flatMap(({ properties }) => Object.keys(properties ?? {})));
      this.knownNames.set(schema, names);
    }
    return names;
  }

  private component(reference: string): Made {
    return this.components[reference.slice('#/components/schemas/'.length)] ?? true;
  }
}

function told(error: CheckError): Told | undefined {
  if (error.keyword !== 'false schema') {
    const tell = TELLS[error.keyword];
    return tell ? tell(error) : ['schema', 'Send a value that fits the schema.'];
  }
  const isElement =
    /\/\d+$/.test(error.instancePath) && /(?:[iI]tems|\/\d+)\/false schema$/.test(error.schemaPath);
  return isElement
    ? ['items', 'Leave this item out: the list ends before it.']
    : ['unknown_property', UNKNOWN];
}

function branchWords(branches: readonly Made[]): string {
  const required = branches.map((branch) => {
    const isOnly = typeof branch === 'object' && Object.keys(branch).join() === 'required';
    return isOnly ? (branch['required'] as string[]).join(' and ') : undefined;
  });
  const isTold = required.every((names) => names !== undefined);
  return isTold
    ? `Send ${required.join(', or ')}.`
    : 'Send a value that fits one of the forms that the schema has.';
}
