import { consecutive, type JsonSchema } from './json-schema.ts';
import type { ViolationCode } from './rule-levels.ts';

const NAMES_BY_CODE: Partial<Record<ViolationCode, string>> = {
  required: 'isDefined',
  type: 'isArray isBoolean isInstance isInt isNumber isObject isString nestedValidation',
  enum: 'equals isEnum isIn isNotIn notEquals',
  range: 'isNegative isPositive max min',
  precision: 'isDivisibleBy',
  length: 'isByteLength isLength isNotEmpty maxLength minLength',
  pattern: 'matches',
  items: 'arrayContains arrayMaxSize arrayMinSize arrayNotContains arrayNotEmpty arrayUnique',
};

/** The codes of class-validator's decorators by their names, where they bring none along. Any other one checks a `format`. */
export const STOCK_CODES: ReadonlyMap<string, ViolationCode> = new Map(
  Object.entries(NAMES_BY_CODE).flatMap(([code, names]) =>
    names.split(' ').map((name) => [name, code as ViolationCode]),
  ),
);

/** What they say of a value, by their first argument. None of these takes a field that was not sent. */
export const STOCK_KEYWORDS: Readonly<Record<string, (argument: unknown) => JsonSchema>> = {
  arrayMaxSize: (maxItems) => ({ maxItems }),
  arrayMinSize: (minItems) => ({ minItems }),
  isArray: () => ({ type: 'array' }),
  isBoolean: () => ({ type: 'boolean' }),
  isIn: (values) => oneOf(values as readonly unknown[]),
  isInstance: () => ({}),
  isInt: () => ({ type: 'integer' }),
  isNumber: () => ({ type: 'number' }),
  isObject: () => ({ type: 'object' }),
  isPositive: () => ({ exclusiveMinimum: 0 }),
  isString: () => ({ type: 'string' }),
  max: (maximum) => ({ maximum }),
  maxLength: (maxLength) => ({ maxLength }),
  min: (minimum) => ({ minimum }),
  minLength: (minLength) => ({ minLength }),
};

function oneOf(values: readonly unknown[]): JsonSchema {
  if (values.every((value) => typeof value === 'string')) return { type: 'string', enum: values };
  try {
    if (values.every((value) => Number.isInteger(value))) return consecutive(values as number[]);
  } catch {
    // Bounds cannot say these numbers.
  }
  return { enum: values };
}
