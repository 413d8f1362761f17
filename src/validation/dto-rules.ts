import { getMetadataStorage, IS_INSTANCE } from 'class-validator';
import { consecutive } from './json-schema.ts';
import type { SchemaRule } from './json-schema.ts';
import type { RuleContext, RuleLevel, ViolationCode } from './rule-levels.ts';

export type Dto<T extends object = object> = new () => T;

export interface Rule {
  readonly level: RuleLevel;
  readonly code: ViolationCode;
  /** What the app's developer is to do. */
  readonly sentence: string;
  /** The rule as JSON Schema; undefined where that has no words for it. */
  readonly inSchema?: SchemaRule | undefined;
}

export interface Field {
  readonly name: string;
  /** The class of the object that the field holds, for a field with `@IsInstance`. */
  readonly nested: Dto | undefined;
  /** In the order of the decorators, first to last: the first one broken is the one reported. */
  readonly rules: readonly Rule[];
}

export const BODY_IS_OBJECT: Rule = { level: 'documented', code: 'type', sentence: 'Send a JSON object.' };

export const PROPERTY_IS_KNOWN: Rule = {
  level: 'standard',
  code: 'unknown_property',
  sentence: 'Leave this property out: it is not part of the request.',
};

const fieldsByDto = new WeakMap<Dto, readonly Field[]>();

/** The fields of a DTO class in the order of their declaration: those that have a rule, which each one needs. */
export function fieldsOf(dto: Dto): readonly Field[] {
  const known = fieldsByDto.get(dto);
  if (known) return known;
  const storage = getMetadataStorage();
  const metadataByField = storage.groupByPropertyName(
    storage.getTargetValidationMetadatas(dto, '', false, false),
  );
  const fields = Object.entries(metadataByField).map(([name, metadata]): Field => ({
    name,
    nested: metadata.find((rule) => rule.name === IS_INSTANCE)?.constraints[0] as Dto | undefined,
    // Decorators are applied, and so stored, from the last to the first.
    rules: metadata.toReversed().map((rule) => ({
      ...(rule.context as RuleContext),
      sentence: rule.message as string,
      inSchema: schemaRuleOf(rule),
    })),
  }));
  fieldsByDto.set(dto, fields);
  return fields;
}

/** What class-validator's own rules say in JSON Schema, by their names; null is none of the types that the others ask for. */
const STOCK_RULES: Readonly<Record<string, (constraint: unknown) => SchemaRule>> = {
  isDefined: () => ({ presence: 'required' }),
  isIn: (values) => ({
    keywords: isNumbers(values) ? consecutive(values) : { type: 'string', enum: values },
  }),
  isInstance: () => ({ keywords: {} }),
  isInt: () => ({ keywords: { type: 'integer' } }),
  isNumber: () => ({ keywords: { type: 'number' } }),
  isPositive: () => ({ keywords: { exclusiveMinimum: 0 } }),
  isString: () => ({ keywords: { type: 'string' } }),
  max: (maximum) => ({ keywords: { maximum } }),
  min: (minimum) => ({ keywords: { minimum } }),
  notEquals: () => ({ keywords: {} }),
  equals: () => ({ presence: 'forbidden' }),
};

function schemaRuleOf({
  name,
  constraints = [],
}: {
  name?: string;
  constraints?: unknown[];
}): SchemaRule | undefined {
  const stock = STOCK_RULES[name ?? ''];
  if (stock) return stock(constraints[0]);
  return constraints[0] instanceof Object ? (constraints[0] as SchemaRule) : undefined;
}

function isNumbers(values: unknown): values is readonly number[] {
  return (values as readonly unknown[]).every((value) => typeof value === 'number');
}
