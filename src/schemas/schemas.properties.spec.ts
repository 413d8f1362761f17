import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { JsonSchema } from '../validation/json-schema.ts';
import { answerReader } from './answer-reader.ts';
import { bodyReader } from './body-reader.ts';
import { withValue } from './json-places.ts';
import { SchemaDocument } from './schema-document.ts';
import { SchemaFaults } from './schema-fault.ts';

/** Among them what JSON Schema calls its keywords. */
const NAMES = ['a', 'b', 'type', '$ref', 'properties'] as const;
const NUM_RUNS = 25;

const name = fc.constantFrom(...NAMES);
const names = fc.uniqueArray(name, { maxLength: 2 });
const scalar = fc.constantFrom<unknown>(null, true, '', 'x', 'xyz', 0, 1, 1.5, 7);
const scalarSchema = fc.constantFrom<JsonSchema>(
  { type: 'string' },
  { type: 'string', maxLength: 2 },
  { type: ['string', 'null'], minLength: 1 },
  { type: 'integer', minimum: 1 },
  { type: 'number', exclusiveMaximum: 5 },
  { type: 'boolean' },
  { enum: ['x', 1, null] },
  { const: 'x' },
);

/** Schemas of 2020-12 as documents have them, so that they need no translation. */
const { schema } = fc.letrec<{ schema: JsonSchema; object: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalarSchema,
    fc.constantFrom<JsonSchema>(
      {},
      { $ref: '#/components/schemas/One' },
      { $ref: '#/components/schemas/Two' },
    ),
    fc.record({ type: fc.constant('array'), items: tie('schema') }),
    tie('object'),
    fc.record({ allOf: fc.array(tie('object'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
    fc.record({ if: tie('object'), then: tie('object'), else: tie('object') }),
    fc.record({ $ref: fc.constant('#/components/schemas/One'), required: names }),
  ),
  object: fc.record(
    {
      type: fc.constant('object'),
      properties: fc.dictionary(name, tie('schema'), { maxKeys: 3 }),
      required: names,
      additionalProperties: fc.oneof(fc.boolean(), scalarSchema),
      patternProperties: fc.record({ '^[ab]$': scalarSchema }),
      minProperties: fc.constantFrom(1),
      dependentRequired: fc.dictionary(name, names, { maxKeys: 1 }),
      not: fc.record({ required: fc.tuple(name) }),
    },
    { requiredKeys: ['type', 'properties'] },
  ),
}));
const object = fc.record({
  type: fc.constant('object'),
  properties: fc.dictionary(name, schema, { minKeys: 1, maxKeys: 4 }),
});
const root = fc.record({
  schema: fc.oneof(
    object,
    fc.record({ oneOf: fc.tuple(object, object) }),
    fc.record({ allOf: fc.tuple(object, object) }),
  ),
  components: fc.record({ schemas: fc.record({ One: object, Two: object }) }),
});

const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('json'), { maxLength: 2 }),
    fc.dictionary(name, tie('json'), { maxKeys: 3 }),
  ),
}));
const body = fc.dictionary(name, json, { maxKeys: 3 });

/** Another validator than the one at work here: Ajv as it comes, which is given the schema as it is written. */
function independent(
  schemaOf: unknown,
  schemas: Readonly<Record<string, unknown>>,
): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false, validateSchema: false, logger: false });
  return ajv.compile({ allOf: [schemaOf], components: { schemas } }) as (value: unknown) => boolean;
}

/** Undefined where the document is refused at the start: a fault is as good as a refusal here. */
function made<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof SchemaFaults) return undefined;
    throw error;
  }
}

/** All names that a schema has for properties, and whether any other may come. */
function namesIn(value: unknown): { readonly own: Set<string>; readonly isOpen: boolean } {
  const own = new Set<string>();
  let isOpen = false;
  const visit = (one: unknown): void => {
    if (Array.isArray(one)) return one.forEach(visit);
    if (typeof one !== 'object' || one === null) return;
    const { properties, patternProperties, additionalProperties, ...others } = one as Record<string, unknown>;
    Object.keys(properties ?? {}).forEach((key) => own.add(key));
    isOpen ||= patternProperties !== undefined || (additionalProperties ?? false) !== false;
    [...Object.values(properties ?? {}), ...Object.values(others)].forEach(visit);
  };
  visit(value);
  return { own, isOpen };
}

function namesOfValue(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesOfValue);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...namesOfValue(inner)]);
}

describe('whatever the document and the body', () => {
  it('a body is taken exactly when it is good by the published schema', () => {
    fc.assert(
      fc.property(root, body, (document, sent) => {
        const reader = made(() =>
          bodyReader(new SchemaDocument(document, '3.1', 'Doc'), '/schema', { set: [], decimals: {} }),
        );
        if (!reader) return;
        const { violations } = reader.read(sent, JSON.stringify(sent));
        expect(violations === undefined).toBe(independent(reader.schema, reader.components)(sent));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  it('what Octane would receive fits document and overlay, and has no property that they do not name', () => {
    fc.assert(
      fc.property(root, body, scalar, fc.option(names), (document, sent, value, required) => {
        const set = Object.keys(document.schema).includes('properties') ? ['/a'] : [];
        const overlay = required === null ? undefined : { required };
        const options = { ...(overlay && { overlay }), set, fixed: { '/a': value }, decimals: {} };
        const reader = made(() => bodyReader(new SchemaDocument(document, '3.1', 'Doc'), '/schema', options));
        const read = reader?.read(sent, JSON.stringify(sent));
        if (!reader || read?.value === undefined) return;
        const whole = set.length > 0 ? withValue(read.value, '/a', value) : read.value;
        if (reader.whole && reader.whole(whole as object).length > 0) return;
        expect(independent(document.schema, document.components.schemas)(whole)).toBe(true);
        expect(overlay === undefined || independent(overlay, {})(whole)).toBe(true);
        const { own, isOpen } = namesIn(document);
        expect(namesOfValue(whole).filter((key) => !isOpen && !own.has(key))).toEqual([]);
        expect(set.length > 0 && Object.hasOwn(read.value, 'a')).toBe(false);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  it('each place is told once, and nothing that was sent', () => {
    fc.assert(
      fc.property(root, body, (document, sent) => {
        const reader = made(() =>
          bodyReader(new SchemaDocument(document, '3.1', 'Doc'), '/schema', { set: [], decimals: {} }),
        );
        const marked = JSON.parse(JSON.stringify(sent).replaceAll('"xyz"', '"secret-value"')) as object;
        const { violations = [] } = reader?.read(marked, JSON.stringify(marked)) ?? {};
        const pointers = violations.map(({ pointer }) => pointer);
        expect(new Set(pointers).size).toBe(pointers.length);
        expect(JSON.stringify(violations)).not.toContain('secret-value');
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

describe('whatever the document and the answer', () => {
  it('what is passed on keeps the promise, and is a part of what came', () => {
    fc.assert(
      fc.property(root, json, (document, answer) => {
        const reader = made(() => answerReader(new SchemaDocument(document, '3.1', 'Doc'), '/schema'));
        const text = reader?.read(JSON.stringify(answer));
        if (!reader || text === undefined) return;
        const kept = JSON.parse(text) as unknown;
        expect(independent(reader.schema, reader.components)(kept)).toBe(true);
        expect(isPart(kept, answer)).toBe(true);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

function isPart(part: unknown, whole: unknown): boolean {
  if (typeof part !== 'object' || part === null) return part === whole;
  return Object.entries(part).every(([key, inner]) => isPart(inner, (whole as Record<string, unknown>)[key]));
}
