/** The types of JSON Schema. */
export const TYPES = ['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'] as const;
export type Type = (typeof TYPES)[number];

/** A schema of a document as JSON Schema 2020-12 has it, with only the keywords that count here. */
export type Schema = boolean | SchemaObject;

export interface SchemaObject {
  /** Where in the document the other schema stands: a plain JSON Pointer. */
  readonly $ref?: string;
  readonly type?: readonly Type[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly multipleOf?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly contains?: Schema;
  readonly minContains?: number;
  readonly maxContains?: number;
  readonly unevaluatedItems?: Schema;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly propertyNames?: Schema;
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>;
  readonly dependentSchemas?: Readonly<Record<string, Schema>>;
  readonly unevaluatedProperties?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly if?: Schema;
  readonly then?: Schema;
  readonly else?: Schema;
  readonly readOnly?: boolean;
  readonly writeOnly?: boolean;
  readonly title?: string;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly default?: unknown;
}

export type Keyword = keyof SchemaObject;

/** Keywords that hold one schema. */
export const ONE_SCHEMA = [
  'items',
  'contains',
  'unevaluatedItems',
  'additionalProperties',
  'propertyNames',
  'unevaluatedProperties',
  'not',
  'if',
  'then',
  'else',
] as const satisfies readonly Keyword[];

/** Keywords that hold a list of schemas. */
export const SCHEMA_LIST = ['prefixItems', 'allOf', 'anyOf', 'oneOf'] as const satisfies readonly Keyword[];

/** Keywords that hold a schema for each of some names. */
export const SCHEMA_MAP = [
  'properties',
  'patternProperties',
  'dependentSchemas',
] as const satisfies readonly Keyword[];

/** The schemas inside that are about the same value, each of which must hold. */
export function jointly(schema: SchemaObject): readonly Schema[] {
  return schema.allOf ?? [];
}

/** The schemas inside that are about the same value and need not hold. */
export function perhaps(schema: SchemaObject): Schema[] {
  const { anyOf = [], oneOf = [], then: consequence, else: alternative, dependentSchemas = {} } = schema;
  const conditional = [consequence, alternative].filter((inner) => inner !== undefined);
  return [...anyOf, ...oneOf, ...conditional, ...Object.values(dependentSchemas)];
}
