import { isRawNumber, parseJson, rawNumber } from './numbers.ts';

/** An object of JSON. Its names may be anything, so look at its own properties only. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);

export const ownValue = (object: JsonObject, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined;

/** Sets a property of a new object, whatever its name: by assignment, `__proto__` would set the prototype. */
export function put(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}

/** The names of a JSON Pointer, RFC 6901. */
export function namesOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export const pointerTo = (pointer: string, ...names: readonly (string | number)[]): string =>
  names.reduce<string>(
    (all, name) => `${all}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    pointer,
  );

/** A text that two JSON values share only where they are equal as JSON. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  // JSON.stringify writes -0 as 0.
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .toSorted()
    .map((name) => `${JSON.stringify(name)}:${canonicalText(value[name])}`);
  return `{${members.join()}}`;
}

/** Whether a value is one of these, as JSON: 1 is 1.0, and "1" is another value. */
export function isAmong(values: readonly unknown[]): (value: unknown) => boolean {
  const isComposite = (value: unknown): boolean => typeof value === 'object' && value !== null;
  const plain = new Set(values.filter((value) => !isComposite(value)));
  const composite = new Set(values.filter(isComposite).map(canonicalText));
  return (value) =>
    isComposite(value) ? composite.size > 0 && composite.has(canonicalText(value)) : plain.has(value);
}

/** The values at a pointer, in which `*` is each element of a list; undefined for each that is not there. */
function valuesIn(json: unknown, names: readonly string[]): unknown[] {
  const [name, ...rest] = names;
  if (name === undefined) return [json];
  if (name === '*' && Array.isArray(json)) return json.flatMap((element) => valuesIn(element, rest));
  const isElement = Array.isArray(json) && /^(?:0|[1-9]\d*)$/.test(name);
  const next = isElement
    ? (json as unknown[])[Number(name)]
    : isObject(json)
      ? ownValue(json, name)
      : undefined;
  return next === undefined ? [undefined] : valuesIn(next, rest);
}

/**
 * The values at a pointer of a JSON text, in which `*` is each element of a list: texts as they are, numbers digit for digit. Undefined
 * for one that is not there or is neither; nothing at all for an empty list.
 */
export function valuesAt(pointer: string, text: string): (string | undefined)[] {
  return valuesIn(parseJson(text, rawNumber), namesOf(pointer)).map((value) => {
    if (isRawNumber(value)) return value.rawJSON;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  });
}

/**
 * The body with a value at a pointer, in which `*` is each element of a list. Objects on the way that are missing are made, elements
 * are not. The body itself stays as it is.
 */
export function withValue(body: unknown, pointer: string, value: unknown): unknown {
  return withValueAt(body, namesOf(pointer), value);
}

function withValueAt(json: unknown, names: readonly string[], value: unknown): unknown {
  const [name, ...rest] = names;
  if (name === undefined) return value;
  if (name === '*')
    return Array.isArray(json) ? json.map((element) => withValueAt(element, rest, value)) : json;
  const made: Record<string, unknown> = {};
  if (isObject(json)) for (const own of Object.keys(json)) put(made, own, json[own]);
  const inner = withValueAt(ownValue(made, name), rest, value);
  if (inner !== undefined) put(made, name, inner);
  return made;
}

/** What in a 2xx of Octane says that it did not do what it was asked for. */
export interface FailureCondition {
  /** A pointer, in which `*` is each element. */
  readonly at: string;
  /** It is a failure where the value is one of these … */
  readonly is?: readonly unknown[];
  /** … or where there is a value, and it is none of these. */
  readonly unless?: readonly unknown[];
}

/** Whether one of the conditions holds for one of the values that it looks at. One that is not there fulfils none. */
export function failureOf(conditions: readonly FailureCondition[]): (json: unknown) => boolean {
  const tests = conditions.map(({ at, is, unless }) => {
    const [isListed, isExempt] = [isAmong(is ?? []), isAmong(unless ?? [])];
    return {
      names: namesOf(at),
      holds: (value: unknown) =>
        value !== undefined &&
        (is === undefined || isListed(value)) &&
        (unless === undefined || !isExempt(value)),
    };
  });
  return (json) => tests.some(({ names, holds }) => valuesIn(json, names).some(holds));
}
