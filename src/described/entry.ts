import { InvalidValue } from '../config/configuration-error.ts';
import type { Faults } from '../config/faults.ts';
import { mostSimilar } from '../config/unread-variables.ts';
import type { Route, Scope } from '../operations/operation.ts';
import type { JsonSchema } from '../validation/json-schema.ts';
import { isObject } from '../schemas/json-places.ts';
import { isPointer } from './references.ts';

const SECONDS_OF: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };
const MOST_CACHE_SECONDS = 86_400;
/** What an integer column of PostgreSQL holds, where the counters of the limits may live. */
const MOST_OF_A_LIMIT = 2_147_483_647;
const MOST_HOURS = 87_600;
const MOST_DECIMALS = 20;

/** One condition of a 2xx that says no: what stands at a pointer is one of these values, or none of those. */
export interface Condition {
  readonly at: string;
  readonly is?: readonly unknown[];
  readonly unless?: readonly unknown[];
}

export interface OwnedBy {
  /** The name of a read of the same file. */
  readonly read: string;
  /** JSON Pointer into its answer, with `*` for each element. */
  readonly at: string;
  /** A parameter, or a JSON Pointer into the body. */
  readonly is: string;
}

export interface Limit {
  readonly quota: number;
  readonly unit: string;
  readonly windowSeconds: number;
}

/** An entry of `operations` that describes an operation of Octane. */
export interface Entry {
  readonly name: string;
  readonly octane: Route;
  readonly document?: string;
  readonly route: Route;
  readonly scope: Scope;
  readonly effect: 'change' | 'read';
  readonly customers?: 'none';
  readonly requireAcr?: readonly string[];
  readonly maxAuthAgeSeconds?: number;
  /** Where Octane takes the customer number beside `{custno}` of its path: a parameter, a JSON Pointer into the body. */
  readonly customer?: { readonly query?: string; readonly body?: string };
  readonly ownedBy?: readonly OwnedBy[];
  readonly repeat?: 'harmless' | 'once';
  readonly key?: 'optional' | 'required';
  readonly keyHours?: number;
  /** By pointer: `/query/NAME` and `/path/NAME` for parameters, others into the body. */
  readonly fixed?: Readonly<Record<string, unknown>>;
  readonly body?: JsonSchema;
  /** By pointer into the body. */
  readonly decimals?: Readonly<Record<string, number>>;
  readonly limit?: Limit;
  readonly failure?: readonly Condition[];
  readonly answer?: 'documented' | 'as-is' | 'none';
  readonly inDoubt?: string;
  /** Seconds. */
  readonly cache?: number;
  readonly tag?: string;
  readonly summary?: string;
  readonly description?: string;
}

/** Gives a value what it is taken for, or adds to the faults what it must be. */
type Rule<T> = (value: unknown, place: string, faults: Faults) => T | undefined;

/** @param parse throws InvalidValue */
const rule =
  <T>(parse: (value: unknown) => T): Rule<T> =>
  (value, place, faults) =>
    faults.attempt(place, () => parse(value));

function refuse(wrong: string): never {
  throw new InvalidValue(wrong);
}

export const text = rule((value) =>
  typeof value === 'string' && value.trim() !== '' ? value : refuse('must be a text, not empty'),
);

const matching = <T extends string>(pattern: RegExp, wrong: string): Rule<T> =>
  rule((value) => (typeof value === 'string' && pattern.test(value) ? (value as T) : refuse(wrong)));

const oneOf = <const T extends string>(...choices: readonly T[]): Rule<T> =>
  rule((value) => choices.find((choice) => choice === value) ?? refuse(`must be ${choices.join(' or ')}`));

const number = (isGood: (value: number) => boolean, wrong: string): Rule<number> =>
  rule((value) => (typeof value === 'number' && isGood(value) ? value : refuse(`must be ${wrong}`)));

const pointer = rule((value) =>
  typeof value === 'string' && isPointer(value) ? value : refuse('must be a JSON Pointer such as /success'),
);

const values = rule((value): readonly unknown[] =>
  Array.isArray(value) && value.length > 0 ? value : refuse('must be a list of values'),
);

export const listOf =
  <T>(each: Rule<T>): Rule<readonly T[]> =>
  (value, place, faults) => {
    if (!Array.isArray(value) || value.length === 0)
      return faults.attempt(place, () => refuse('must be a list of at least one entry'));
    return value.flatMap((one: unknown, index) => each(one, `${place}[${index}]`, faults) ?? []);
  };

/** A mapping with members that are known. Undefined where one is missing or wrong that is required. */
export const mapping =
  <T>(
    rules: { readonly [Name in keyof T]-?: Rule<T[Name]> },
    required: readonly (keyof T & string)[],
  ): Rule<T> =>
  (value, place, faults) => {
    const known = Object.keys(rules);
    if (!isObject(value))
      return faults.attempt(place, () => refuse(`must be a mapping with ${known.join(', ')}`));
    const taken: Record<string, unknown> = {};
    for (const [name, sent] of Object.entries(value)) {
      const at = placeIn(place, name);
      if (known.includes(name)) taken[name] = rules[name as keyof T](sent, at, faults);
      else faults.add(at, unknownProperty(name, known));
    }
    for (const name of required) {
      if (!Object.hasOwn(value, name)) faults.add(placeIn(place, name), 'is required');
    }
    return required.every((name) => taken[name] !== undefined) ? (taken as T) : undefined;
  };

/** A mapping by JSON Pointer. */
const byPointer =
  <T>(each: Rule<T>): Rule<Readonly<Record<string, T>>> =>
  (value, place, faults) => {
    if (!isObject(value)) return faults.attempt(place, () => refuse('must be a mapping by JSON Pointer'));
    const entries = Object.entries(value).flatMap(([name, sent]): [string, T][] => {
      const at = placeIn(place, name);
      if (!isPointer(name) || name === '') {
        faults.add(at, 'must be a JSON Pointer such as /amount');
        return [];
      }
      const taken = each(sent, at, faults);
      return taken === undefined ? [] : [[name, taken]];
    });
    return Object.fromEntries(entries);
  };

const ROUTE = /^(GET|POST|PUT|PATCH|DELETE) \/\S*$/;

/** `{` and `}` in pairs, and nothing that means something else in a path. */
const octane = rule((value): Route => {
  if (typeof value !== 'string' || !ROUTE.test(value))
    refuse('must be a method and a path of Octane, such as GET /v1/group/{groupno}/customer/{custno}');
  if (!/^\w+ (\/([\w.~!$&'()*+,;=:@-]|%[\dA-F]{2}|\{[^{}/]+\})*)+$/.test(value) || hasDots(value))
    refuse(
      'has a path that cannot be sent; use letters, digits, punctuation and {parameters} in its segments',
    );
  return value as Route;
});

const route = rule((value): Route => {
  if (typeof value !== 'string' || !ROUTE.test(value))
    refuse('must be a method and a path of the gateway, such as POST /v1/customers/{custno}/payments');
  if (!/^\w+ (\/([\w.~-]+|\{[\w.~-]+\}))+$/.test(value) || hasDots(value))
    refuse(
      'must have segments of letters, digits, hyphens, dots and underscores, or of one {parameter}, and no slash at its end',
    );
  return value as Route;
});

function hasDots(value: string): boolean {
  return /\/\.\.?(\/|$)/.test(value);
}

const limit = rule((value): Limit => {
  const [, quota = '', unit = ''] = /^([1-9]\d*)\/(minute|hour|day)$/.exec(String(value)) ?? [];
  if (!(Number(quota) >= 1 && Number(quota) <= MOST_OF_A_LIMIT))
    refuse('must be a number and minute, hour or day, such as 10/hour');
  return { quota: Number(quota), unit, windowSeconds: SECONDS_OF[unit]! };
});

const cache = rule((value) => {
  const [, count = '', unit = ''] = /^([1-9]\d*)(s|m|h)$/.exec(String(value)) ?? [];
  const seconds = Number(count) * { s: 1, m: 60, h: 3600 }[unit]!;
  return seconds >= 1 && seconds <= MOST_CACHE_SECONDS
    ? seconds
    : refuse('must be a time such as 30s, 5m or 1h, of at most a day');
});

/** What JSON has, and numbers as they were written: another one would be set without a word. */
const sendable: Rule<unknown> = rule((value) =>
  isExact(value)
    ? value
    : refuse('holds a value that cannot be sent unchanged, such as a number with too many digits'),
);

function isExact(value: unknown): boolean {
  if (typeof value === 'number')
    return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  if (typeof value === 'string') return value.isWellFormed();
  return typeof value !== 'object' || value === null || Object.values(value).every(isExact);
}

const customer = mapping<{ query: string; body: string }>({ query: text, body: pointer }, []);

const condition: Rule<Condition> = (value, place, faults) => {
  const taken = mapping<Condition>({ at: pointer, is: values, unless: values }, ['at'])(value, place, faults);
  if (taken && 'is' in taken === 'unless' in taken) faults.add(place, 'must have is or unless');
  return taken;
};

const ownership = mapping<OwnedBy>({ read: text, at: pointer, is: text }, ['read', 'at', 'is']);

const RULES: { readonly [Property in keyof Entry]-?: Rule<NonNullable<Entry[Property]>> } = {
  name: matching(
    /^[a-z][a-z0-9-]{0,39}$/,
    'must be 1 to 40 lower-case letters, digits and hyphens, a letter first',
  ),
  octane,
  document: text,
  route,
  scope: matching<Scope>(/^[!#-[\]-~]{1,128}$/, 'must be a scope such as payment:take'),
  effect: oneOf('change', 'read'),
  customers: oneOf('none'),
  // An app is told them in a list that is separated by blanks.
  requireAcr: listOf(matching(/^[!#-[\]-~]+$/, 'must be a text without blanks, quotes and backslashes')),
  maxAuthAgeSeconds: number(
    (seconds) => Number.isSafeInteger(seconds) && seconds >= 1,
    'a whole number from 1',
  ),
  customer,
  ownedBy: (value, place, faults) =>
    Array.isArray(value)
      ? listOf(ownership)(value, place, faults)
      : [ownership(value, place, faults)].filter((each) => each !== undefined),
  repeat: oneOf('harmless', 'once'),
  key: oneOf('optional', 'required'),
  keyHours: number(
    (hours) => hours > 0 && hours <= MOST_HOURS,
    `a number greater than 0 and at most ${MOST_HOURS}`,
  ),
  fixed: byPointer(sendable),
  body: rule((value) => (isObject(value) ? value : refuse('must be a JSON Schema'))),
  decimals: byPointer(
    number(
      (count) => Number.isInteger(count) && count >= 0 && count <= MOST_DECIMALS,
      `a whole number from 0 to ${MOST_DECIMALS}`,
    ),
  ),
  limit,
  failure: listOf(condition),
  answer: oneOf('documented', 'as-is', 'none'),
  inDoubt: text,
  cache,
  tag: text,
  summary: text,
  description: text,
};
const REQUIRED: readonly (keyof Entry)[] = ['name', 'octane', 'route', 'scope', 'effect'];
const IN_CODE: ReadonlySet<string> = new Set<keyof Entry>(['name', 'requireAcr', 'maxAuthAgeSeconds']);
const OF_A_CHANGE: readonly (keyof Entry)[] = ['repeat', 'key', 'keyHours', 'limit', 'inDoubt'];
const OF_A_READ: readonly (keyof Entry)[] = ['cache'];

/**
 * Checks all that an entry alone can have wrong. What is wrong is left out.
 *
 * @param inCode the operations with rules in code: their entries say nothing more than how a user must have logged in
 */
export function readEntry(
  value: unknown,
  place: string,
  inCode: readonly string[],
  faults: Faults,
): Partial<Entry> {
  const name = isObject(value) ? value['name'] : undefined;
  if (isObject(value) && inCode.includes(name as string)) {
    const isForeign = (property: string): boolean => Object.hasOwn(RULES, property) && !IN_CODE.has(property);
    for (const property of Object.keys(value).filter(isForeign))
      faults.add(placeIn(place, property), 'cannot be set for an operation that has its rules in code');
    return (
      mapping<Partial<Entry>>(RULES, [])(
        Object.fromEntries(Object.entries(value).filter(([property]) => !isForeign(property))),
        place,
        faults,
      ) ?? {}
    );
  }
  const entry = mapping<Partial<Entry>>(RULES, [])(value, place, faults) ?? {};
  for (const property of REQUIRED) {
    if (isObject(value) && !Object.hasOwn(value, property))
      faults.add(placeIn(place, property), 'is required');
  }
  const [kind, others] = entry.effect === 'read' ? ['a read', OF_A_CHANGE] : ['a change', OF_A_READ];
  for (const property of others) {
    if (entry.effect !== undefined && Object.hasOwn(entry, property))
      faults.add(placeIn(place, property), `cannot be set for ${kind}`);
  }
  return entry;
}

export function unknownProperty(name: string, known: readonly string[]): string {
  const meant = mostSimilar(name, known);
  return meant === undefined ? 'unknown property' : `unknown property: did you mean ${meant}?`;
}

/** The name is what somebody wrote, so it is cut. */
export function placeIn(place: string, name: string): string {
  const isPlain = /^[\w/*~.-]{1,128}$/.test(name);
  if (!isPlain) return `${place}[${JSON.stringify(name.slice(0, 64))}]`;
  return place === '' ? name : `${place}.${name}`;
}

/**
 * Whether a parameter or a member of that name means a customer or a group that the gateway has not checked. Of an operation that
 * belongs to no customer a customer number is a value like any other.
 */
export function isCustomerName(name: string, { customers }: Pick<Entry, 'customers'>): boolean {
  const plain = name.toLowerCase().replaceAll(/[_-]/g, '');
  return plain === 'groupno' || (plain === 'custno' && customers !== 'none');
}
