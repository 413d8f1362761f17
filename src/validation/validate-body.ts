import { BODY_IS_OBJECT, fieldsOf, PROPERTY_IS_KNOWN } from './dto-rules.ts';
import type { Dto, FieldRule, Rule } from './dto-rules.ts';
import { propertyPointer } from './property-pointer.ts';
import type { RuleLevel, SentObject, ViolationCode } from './rule-levels.ts';

/** Something that breaks a rule: a place in the body, or a parameter. */
export interface Violation {
  /** JSON Pointer in URI fragment form, such as `#/payment/amount`; `#` for the whole body. */
  readonly pointer?: string;
  /** The name of the parameter of the route or the query. */
  readonly parameter?: string;
  readonly code: ViolationCode;
  /** A sentence that tells the app's developer what to do. Holds no value that the app sent. */
  readonly detail: string;
}

export type Checked<T> =
  | { readonly value: T; readonly violations?: never }
  | { readonly value?: never; readonly violations: readonly Violation[] };

/** A rule that does not hold, and the names that lead to what breaks it. */
interface Break {
  readonly path: readonly string[];
  readonly rule: Rule;
}

/** In one answer. */
export const MAX_VIOLATIONS = 50;

/**
 * Checks a parsed JSON body against the rules that the decorators of a DTO class state, without any conversion.
 *
 * @returns the violations: each field once, with the first of its rules that it breaks; known fields in the order
 * of their declaration, then unknown properties in the order sent; 50 at most. Without any, the body as an instance
 * of the class: the known properties that were sent, in the order of declaration, with the values as they were
 * sent, so that its JSON is what goes to Octane.
 */
export function validateBody<T extends object>(dto: Dto<T>, body: unknown, level: RuleLevel): Checked<T> {
  if (!isJsonObject(body)) return { violations: [violationOf({ path: [], rule: BODY_IS_OBJECT })] };
  const value = instantiate(dto, body);
  const breaks = brokenRules(dto, value as SentObject, level, []);
  if (level !== 'documented') {
    for (const path of unknownProperties(body, value)) breaks.push({ path, rule: PROPERTY_IS_KNOWN });
  }
  return breaks.length > 0 ? { violations: breaks.slice(0, MAX_VIOLATIONS).map(violationOf) } : { value };
}

const isJsonObject = (value: unknown): value is SentObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const violationOf = ({ path, rule: { code, sentence } }: Break): Violation => ({
  pointer: path.reduce(propertyPointer, '#'),
  code,
  detail: sentence,
});

/**
 * class-transformer's plainToInstance is no match for a hostile body: it drops `constructor` and `__proto__` unseen,
 * throws on `{"constructor": 1}` inside a field and overflows the stack on an array that is nested deep enough.
 * Here only declared fields are read, and only declared objects are entered.
 */
function instantiate<T extends object>(dto: Dto<T>, sent: SentObject): T {
  const instance = Object.create(dto.prototype as T) as Record<string, unknown>;
  for (const { name, nested } of fieldsOf(dto)) {
    if (!Object.hasOwn(sent, name)) continue;
    const value = sent[name];
    if (nested?.isList && Array.isArray(value)) {
      instance[name] = value.map((one) => (isJsonObject(one) ? instantiate(nested.dto, one) : one));
    } else instance[name] = nested && isJsonObject(value) ? instantiate(nested.dto, value) : value;
  }
  return instance as T;
}

function brokenRules(dto: Dto, object: SentObject, level: RuleLevel, path: readonly string[]): Break[] {
  const breaks: Break[] = [];
  const inner: Break[] = [];
  for (const { name, nested, rules, rulesIfAbsent, conditions } of fieldsOf(dto, level)) {
    const value = object[name];
    if (conditions.length > 0 && firstBroken(conditions, value, object)) continue;
    const rule = firstBroken(value === undefined ? rulesIfAbsent : rules, value, object);
    if (rule) breaks.push({ path: [...path, name], rule });
    if (!nested) continue;
    const enter = (one: unknown, at: readonly string[]): void => {
      if (one instanceof nested.dto) inner.push(...brokenRules(nested.dto, one as SentObject, level, at));
    };
    if (!nested.isList) enter(value, [...path, name]);
    else if (Array.isArray(value)) value.forEach((one, index) => enter(one, [...path, name, String(index)]));
  }
  return inner.length > 0 ? [...breaks, ...inner] : breaks;
}

function firstBroken<T extends Pick<FieldRule, 'holds'>>(
  rules: readonly T[],
  value: unknown,
  object: SentObject,
): T | undefined {
  for (const rule of rules) if (!rule.holds(value, object)) return rule;
  return undefined;
}

/**
 * The path of each property that no class declares.
 *
 * @param declared what `instantiate` made of `sent`: it has no others, and an object or a list of its own for each nested one
 */
function unknownProperties(sent: object, declared: object): (readonly string[])[] {
  const paths: (readonly string[])[] = [];
  for (const name of Object.keys(sent)) {
    const known = (declared as SentObject)[name];
    if (!Object.hasOwn(declared, name)) paths.push([name]);
    else if (known !== (sent as SentObject)[name]) {
      const inner = unknownProperties((sent as SentObject)[name] as object, known as object);
      paths.push(...inner.map((path) => [name, ...path]));
    }
  }
  return paths;
}
