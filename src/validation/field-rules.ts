import { ValidateBy, type ValidationOptions } from 'class-validator';
import type { Condition } from './conditions.ts';
import type { SchemaRule } from './json-schema.ts';
import { documented, type Holds, type SentObject } from './rule-levels.ts';

/**
 * A decorator for a rule that class-validator lacks.
 * @param name unique among the rules of one field
 * @param holds pure and total: `value` may be anything that JSON can hold
 * @param inSchema what the rule says in JSON Schema, where that can say it: everything that it takes fits, too
 */
export function fieldRule(
  name: string,
  holds: Holds,
  options: ValidationOptions,
  inSchema?: SchemaRule,
): PropertyDecorator {
  return ValidateBy(
    { name, validator: { validate: (value, args) => holds(value, args?.object as SentObject) } },
    { ...options, context: { ...options.context, inSchema, holds } },
  );
}

export const IsNotNull = (): PropertyDecorator =>
  fieldRule(
    'isNotNull',
    (value) => value !== null,
    documented('null', 'Send a value or leave the property out: null is not a value.'),
  );

export const IsReadOnly = (): PropertyDecorator =>
  fieldRule(
    'isReadOnly',
    (value) => value === undefined,
    documented('read_only', 'Leave this property out: only Octane sets it.'),
    { presence: 'forbidden' },
  );

/** The field must be sent while `condition` is true of the object that it stands in. */
export const PresentWhen = (condition: Condition, options: ValidationOptions): PropertyDecorator =>
  fieldRule(
    `presentWhen:${JSON.stringify(condition.schema)}`,
    (value, object) => value !== undefined || !condition(object),
    options,
    { presence: 'required', when: condition.schema },
  );

/** The field must not be sent while `condition` is true of the object that it stands in. */
export const AbsentWhen = (condition: Condition, options: ValidationOptions): PropertyDecorator =>
  fieldRule(
    `absentWhen:${JSON.stringify(condition.schema)}`,
    (value, object) => value === undefined || !condition(object),
    options,
    { presence: 'forbidden', when: condition.schema },
  );
