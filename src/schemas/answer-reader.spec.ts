import { answerReader, asIsReader } from './answer-reader.ts';
import { SchemaDocument } from './schema-document.ts';

type Schemas = Readonly<Record<string, unknown>>;

const reader = (schema: unknown, schemas: Schemas = {}) =>
  answerReader(new SchemaDocument({ schema, components: { schemas } }, '3.1', 'Doc'), '/schema');

const member = (schema: unknown) => ({ type: 'object', properties: { a: schema } });

describe('what of an answer is passed on', () => {
  const node = {
    type: 'object',
    properties: {
      n: { type: 'number' },
      kids: { type: 'array', items: { $ref: '#/components/schemas/Node' } },
    },
  };
  const named = (name: string) => ({
    type: 'object',
    required: [name],
    properties: { [name]: { type: 'string' }, x: { type: 'object', properties: { [name]: {} } } },
  });

  it.each([
    [
      'undocumented members at every depth',
      node,
      '{"n":1,"no":2,"kids":[{"n":1,"no":2}]}',
      '{"n":1,"kids":[{"n":1}]}',
    ],
    ['write-only ones', member({ type: 'string', writeOnly: true }), '{"a":"x"}', '{}'],
    ['null where it is not allowed', member({ type: 'string' }), '{"a":null}', '{}'],
    [
      'those of a branch that does not hold',
      { oneOf: [named('p'), named('q')] },
      '{"p":"1","q":2,"r":3}',
      '{"p":"1"}',
    ],
    [
      'what no part of allOf names',
      { allOf: [named('p'), member({})] },
      '{"p":"1","a":2,"r":3}',
      '{"p":"1","a":2}',
    ],
    ['what no pattern names', { patternProperties: { '^x': {} } }, '{"x1":1,"y":2}', '{"x1":1}'],
  ])('not %s', (_what, schema, text, kept) => {
    expect(reader(schema, { Node: node }).read(text)).toBe(kept);
  });

  it.each([
    ['an object that names no member', member({ type: 'object' }), '{"a":{"any":[{"x":1}]}}'],
    ['what has no type', member({}), '{"a":{"any":[{"x":1}]}}'],
    ['null where it is allowed', member({ type: ['string', 'null'] }), '{"a":null}'],
    [
      'null of a nullable reference',
      member({ $ref: '#/components/schemas/Node', nullable: true }),
      '{"a":null}',
    ],
    ['a new value of an enum', member({ type: 'string', enum: ['A'] }), '{"a":"B"}'],
    [
      'another format, length, pattern',
      member({ type: 'string', format: 'date', maxLength: 1, pattern: '^x' }),
      '{"a":"yz"}',
    ],
    ['a number out of range', member({ type: 'integer', maximum: 1 }), '{"a":2}'],
    ['a number that no double holds', member({ type: 'integer' }), '{"a":12345678901234567890}'],
    ['a number beyond all doubles', member({}), '{"a":[1e400,0.1000000000000000055]}'],
    [
      'what a second branch names, too',
      { anyOf: [named('p'), named('q')] },
      '{"p":"1","x":{"p":1,"q":2},"q":"2"}',
    ],
    [
      'additional members with a schema',
      { type: 'object', additionalProperties: { type: 'integer' } },
      '{"__proto__":1,"b":2}',
    ],
    ['a list', { type: 'array', items: node }, '[{"n":1},{}]'],
  ])('%s', (_what, schema, text) => {
    expect(reader(schema, { Node: node }).read(text)).toBe(text);
  });

  it.each([
    ['a wrong type', member({ type: 'string' }), '{"a":1}'],
    ['a wrong type deep inside', node, '{"kids":[{"n":"1"}]}'],
    ['a fraction for a whole number', member({ type: 'integer' }), '{"a":1.5}'],
    [
      'a fraction that no double holds for a whole number',
      member({ type: 'integer' }),
      '{"a":1.00000000000000000001}',
    ],
    ['a member that is missing', { required: ['a'] }, '{}'],
    ['null for a required member', { required: ['a'], properties: { a: { type: 'string' } } }, '{"a":null}'],
    [
      'null for a member that another part requires',
      { allOf: [{ required: ['a'] }, member({ type: 'string' })] },
      '{"a":null}',
    ],
    ['null in a list', { type: 'array', items: { type: 'string' } }, '[null]'],
    ['no branch that holds', { oneOf: [named('p'), named('q')] }, '{}'],
    ['another type as a whole', node, '[]'],
    ['no JSON', node, '{'],
  ])('nothing at all for %s', (_what, schema, text) => {
    expect(reader(schema, { Node: node }).read(text)).toBeUndefined();
  });

  it('additionalProperties: false refuses nothing', () => {
    expect(reader({ ...member({}), additionalProperties: false }).read('{"a":1,"b":2}')).toBe('{"a":1}');
  });

  it('a megabyte of brackets, or branches that ask twice at each depth, do no harm', () => {
    const deep = `{"a":${'['.repeat(500_000)}${']'.repeat(500_000)}}`;
    expect(() => reader(member({})).read(deep)).not.toThrow();
    const twice = { $ref: '#/components/schemas/Twice' };
    const schemas = {
      Twice: { anyOf: [member(twice), { type: 'object', properties: { a: twice, b: {} } }] },
    };
    const text = `${'{"a":'.repeat(60)}{}${'}'.repeat(60)}`;
    expect(reader(twice, schemas).read(text)).toBeUndefined();
  });
});

describe('what is promised of an answer', () => {
  it('is types and required members alone', () => {
    const { schema, components } = reader(
      {
        type: 'object',
        description: 'An answer.',
        required: ['a', 'secret'],
        properties: {
          a: { type: 'string', enum: ['A'], maxLength: 1, format: 'date', nullable: true },
          secret: { type: 'string', writeOnly: true },
          b: { $ref: '#/components/schemas/B' },
        },
        additionalProperties: false,
      },
      {
        B: {
          oneOf: [
            { type: 'integer', minimum: 1 },
            { type: 'string', pattern: 'x' },
          ],
        },
      },
    );
    expect(schema).toEqual({
      type: 'object',
      description: 'An answer.',
      required: ['a'],
      properties: { a: { type: ['string', 'null'] }, b: { $ref: '#/components/schemas/Doc.B.answer' } },
    });
    expect(components).toEqual({ 'Doc.B.answer': { anyOf: [{ type: 'integer' }, { type: 'string' }] } });
  });

  it.each([
    [{}, true],
    [{ type: 'object' }, true],
    [{ type: 'object', properties: {} }, true],
    [{ type: 'array', items: {} }, true],
    [member({}), false],
    [{ type: 'array', items: member({}) }, false],
    [{ type: 'string' }, false],
    [{ type: 'object', additionalProperties: { type: 'string' } }, false],
  ])('of %j names nothing: %s', (schema, namesNothing) => {
    expect(reader(schema).namesNothing).toBe(namesNothing);
  });
});

it('as it is, JSON is passed on whatever its names', () => {
  const { read } = asIsReader();
  expect(read('{"__proto__": 1e400, "a": 1, "a": 2}')).toBe('{"__proto__": 1e400, "a": 1, "a": 2}');
  expect(read('<html>')).toBeUndefined();
});
