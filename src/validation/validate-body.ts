import { validateSync } from 'class-validator';
import { BODY_IS_OBJECT, type Dto, fieldsOf, PROPERTY_IS_KNOWN } from './dto-rules.ts';
import { keepsRules } from './keeps-rules.ts';
import { propertyPointer } from './property-pointer.ts';
import type { RuleContext, RuleLevel, ViolationCode } from './rule-levels.ts';

export interface Violation {
  /** JSON Pointer in URI fragment form, such as `#/payment/amount`; `#` for the whole body. */
  readonly pointer: string;
  readonly code: ViolationCode;
  /** A sentence that tells the app's developer what to do. Holds no value that the app sent. */
  readonly detail: string;
}

export type ValidatedBody<T> =
  | { readonly value: T; readonly violations?: never }
  | { readonly value?: never; readonly violations: readonly Violation[] };

type JsonObject = Readonly<Record<string, unknown>>;

const MAX_VIOLATIONS = 50;

/**
 * Checks a parsed JSON body against the rules that the decorators of a DTO class state, without any conversion.
 *
 * @returns the violations: each field once, with the first of its rules that it breaks; known fields in the order
 * of their declaration, then unknown properties in the order sent; 50 at most. Without any, the body as an instance
 * of the class: the known properties that were sent, in the order of declaration, with the values as they were
 * sent, so that its JSON is what goes to Octane.
 */
export function validateBody<T extends object>(
  dto: Dto<T>,
  body: unknown,
  level: RuleLevel,
): ValidatedBody<T> {
  if (!isJsonObject(body)) {
    return { violations: [{ pointer: '#', code: BODY_IS_OBJECT.code, detail: BODY_IS_OBJECT.sentence }] };
  }
  const value = instantiate(dto, body);
  const violations = keepsRules(dto, value, level) ? [] : brokenRules(dto, value, level, '#');
  if (level !== 'documented') {
    for (const path of unknownProperties(body, value)) {
      if (violations.length >= MAX_VIOLATIONS) break;
      const { code, sentence: detail } = PROPERTY_IS_KNOWN;
      violations.push({ pointer: path.reduce(propertyPointer, '#'), code, detail });
    }
  }
  return violations.length > 0 ? { violations } : { value };
}

const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * class-transformer's plainToInstance is no match for a hostile body: it drops `constructor` and `__proto__` unseen,
 * throws on `{"constructor": 1}` inside a field and overflows the stack on an array that is nested deep enough.
 * Here only declared fields are read, and only declared objects are entered.
 */
function instantiate<T extends object>(dto: Dto<T>, sent: JsonObject): T {
  const instance = Object.create(dto.prototype as T) as Record<string, unknown>;
  for (const { name, nested } of fieldsOf(dto)) {
    if (!Object.hasOwn(sent, name)) continue;
    const value = sent[name];
    instance[name] = nested && isJsonObject(value) ? instantiate(nested, value) : value;
  }
  return instance as T;
}

function brokenRules(dto: Dto, instance: object, level: RuleLevel, pointer: string): Violation[] {
  const errors = validateSync(instance, {
    groups: [level],
    forbidUnknownValues: false,
    validationError: { target: false, value: false },
  });
  const violations = errors.map(({ property, constraints, contexts }): Violation => {
    // The last failure is that of the first decorator: they are applied, and so run, from the last to the first.
    const [ruleName, context] = Object.entries(contexts as Record<string, RuleContext>).at(-1)!;
    return {
      pointer: propertyPointer(pointer, property),
      code: context.code,
      detail: constraints![ruleName]!,
    };
  });
  for (const { name, nested } of fieldsOf(dto)) {
    const value = (instance as JsonObject)[name];
    if (nested && value instanceof nested) {
      violations.push(...brokenRules(nested, value, level, propertyPointer(pointer, name)));
    }
  }
  return violations;
}

/**
 * The path of each property that no class declares.
 *
 * @param declared what `instantiate` made of `sent`: it has no others, and an object of its own for each declared one
 */
function unknownProperties(sent: JsonObject, declared: object): (readonly string[])[] {
  const paths: (readonly string[])[] = [];
  for (const name of Object.keys(sent)) {
    const known: unknown = (declared as JsonObject)[name];
    if (!Object.hasOwn(declared, name)) paths.push([name]);
    else if (known !== sent[name] && isJsonObject(known)) {
      const inner = unknownProperties(sent[name] as JsonObject, known);
      paths.push(...inner.map((path) => [name, ...path]));
    }
  }
  return paths;
}
