import { type Dto, type Field, fieldsOf, type Rule } from './dto-rules.ts';
import type { JsonSchema } from './json-schema.ts';
import type { RuleLevel } from './rule-levels.ts';

/** What the rules of a DTO class cannot say of themselves. */
export interface BodyWords {
  readonly description: string;
  /** For each field that an app may send. */
  readonly fields: Readonly<Record<string, FieldWords>>;
}

export interface FieldWords {
  readonly meaning: string;
  readonly example?: unknown;
  /** The name of the schema of the object that the field holds. */
  readonly schema?: string;
}

/**
 * The JSON Schema of a DTO class, made from the rules that are in force at `level`: whatever they take fits it, and what they
 * refuse does not, as far as JSON Schema can tell. Each field's description ends with all of its rules in words.
 */
export function bodySchema(dto: Dto, level: RuleLevel, words: BodyWords): JsonSchema {
  const fields = fieldsOf(dto, level);
  const dropsUnknown = level === 'documented';
  const sendable = fields.filter((field) => !isForbidden(field));
  const required = fields.filter(isRequired).map(({ name }) => name);
  const conditions = conditionsOf(fields);
  return {
    type: 'object',
    description: words.description,
    properties: {
      ...Object.fromEntries(sendable.map((field) => [field.name, propertySchema(field, words)])),
      // Where other properties are refused, these need no word.
      ...(dropsUnknown && Object.fromEntries(fields.filter(isForbidden).map(({ name }) => [name, false]))),
    },
    ...(required.length > 0 && { required }),
    ...(!dropsUnknown && { additionalProperties: false }),
    ...(conditions.length > 0 && { allOf: conditions }),
  };
}

function isRequired({ rulesIfAbsent, conditions }: Field): boolean {
  const isAsked = conditions.length === 0;
  return isAsked && rulesIfAbsent.some(({ inSchema }) => says(inSchema, 'required') && !inSchema.when);
}

function isForbidden({ rules }: Field): boolean {
  return rules.some(({ inSchema }) => says(inSchema, 'forbidden') && !inSchema.when);
}

function says(
  inSchema: Rule['inSchema'],
  presence: 'required' | 'forbidden',
): inSchema is Extract<NonNullable<Rule['inSchema']>, { presence: string }> {
  return inSchema !== undefined && 'presence' in inSchema && inSchema.presence === presence;
}

function propertySchema({ name, nested, rules, conditions }: Field, words: BodyWords): JsonSchema {
  const field = words.fields[name];
  if (!field) throw new Error(`${name} has no description`);
  const description = [field.meaning, ...(field.schema ? [] : [ruleList(rules)])].join('\n\n');
  if (field.schema) {
    const object = { $ref: `#/components/schemas/${field.schema}` };
    return { ...(nested?.isList ? { type: 'array', items: object } : object), description };
  }
  // Of two rules with the same keyword the later one, of a higher level, is the narrower.
  const keywords: JsonSchema = Object.assign(
    {},
    ...rules.map(({ inSchema }) => (inSchema && 'keywords' in inSchema ? inSchema.keywords : {})),
  );
  // What a condition of another kind lets pass may be anything.
  const isNullable = conditions.every(({ isOptional }) => isOptional);
  return {
    ...(conditions.length === 0 ? keywords : isNullable && { anyOf: [keywords, { type: 'null' }] }),
    description,
    ...(field.example !== undefined && { examples: [field.example] }),
  };
}

/** All but the rule against null, which every field has. */
function ruleList(rules: readonly Rule[]): string {
  return rules
    .filter(({ code }) => code !== 'null')
    .map(({ code, sentence }) => `- \`${code}\`: ${sentence}`)
    .join('\n');
}

/** One `if` for each condition, whatever the number of fields that it rules. */
function conditionsOf(fields: readonly Field[]): JsonSchema[] {
  const rules = fields.flatMap(({ name, rules: rulesOfField }) =>
    rulesOfField.flatMap(({ inSchema }) =>
      inSchema && 'presence' in inSchema && inSchema.when
        ? [{ name, presence: inSchema.presence, when: inSchema.when }]
        : [],
    ),
  );
  return [...Map.groupBy(rules, ({ when }) => JSON.stringify(when)).values()].map((group) => {
    const required = group.filter(({ presence }) => presence === 'required').map(({ name }) => name);
    return {
      if: group[0]!.when,
      // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
      then: {
        ...(required.length > 0 && { required }),
        properties: Object.fromEntries(group.map(({ name, presence }) => [name, presence === 'required'])),
        // It says nothing, but without it Redocly's linter takes the object for one that has no other property.
        unevaluatedProperties: true,
      },
    };
  });
}
