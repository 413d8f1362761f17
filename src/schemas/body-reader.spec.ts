import { bodyReader, type BodyOptions } from './body-reader.ts';
import { SchemaDocument } from './schema-document.ts';
import { SchemaFaults } from './schema-fault.ts';

type Schemas = Readonly<Record<string, unknown>>;

const NOTHING_SET: BodyOptions = { set: [], decimals: {} };

function reader(schema: unknown, schemas: Schemas = {}, options: Partial<BodyOptions> = {}) {
  const document = new SchemaDocument({ schema, components: { schemas } }, '3.0', 'Doc');
  return bodyReader(document, '/schema', { ...NOTHING_SET, ...options });
}

const member = (schema: unknown) => ({ type: 'object', properties: { a: schema } });

/** `pointer code` of each violation; none where the body is taken. */
function broken(of: ReturnType<typeof reader>, text: string): string[] {
  const { violations = [] } = of.read(JSON.parse(text), text);
  return violations.map(({ pointer, code }) => `${pointer} ${code}`).toSorted();
}

function faults(make: () => unknown): string[] {
  try {
    make();
  } catch (error) {
    if (error instanceof SchemaFaults)
      return error.faults.map(({ of, pointer }) => `${of} ${pointer}`).toSorted();
    throw error;
  }
  return [];
}

describe('the codes of violations', () => {
  it.each([
    [{ type: 'string' }, '1', 'type'],
    [{ type: 'string' }, 'null', 'type'],
    [{ type: 'integer' }, '1.5', 'type'],
    [{ type: 'string', enum: ['A'] }, '"B"', 'enum'],
    [{ type: 'string', enum: ['A'] }, '1', 'type'],
    [{ const: { x: 1 } }, '{"valueOf":1}', 'enum'],
    [{ minimum: 1 }, '0', 'range'],
    [{ maximum: 1, exclusiveMaximum: true }, '1', 'range'],
    [{ type: 'integer', format: 'int32' }, '2147483648', 'range'],
    [{ type: 'integer', format: 'int64' }, '1e19', 'range'],
    [{ type: 'number', multipleOf: 0.01 }, '0.075', 'precision'],
    [{ maxLength: 2 }, '"abc"', 'length'],
    [{ maxLength: 2, pattern: '^x' }, '"abc"', 'length'],
    [{ allOf: [{ maxLength: 2 }, { pattern: '^x' }] }, '"abc"', 'length'],
    [{ pattern: '^x' }, '"abc"', 'pattern'],
    [{ format: 'date' }, '"2024-02-30"', 'format'],
    [{ format: 'date-time' }, '"2024-02-31T00:00:00Z"', 'format'],
    [{ format: 'time' }, '"09:30"', 'format'],
    [{ format: 'email' }, '"a b@c.d"', 'format'],
    [{ format: 'uuid' }, '"1"', 'format'],
    [{ format: 'uri' }, '"/x"', 'format'],
    [{ format: 'ipv4' }, '"1.2.3"', 'format'],
    [{ format: 'ipv6' }, '"::z"', 'format'],
    [{ type: 'array', maxItems: 1 }, '[1,2]', 'items'],
    [
      { type: 'array', uniqueItems: true, items: { type: 'object', additionalProperties: true } },
      '[{"x":1,"y":2},{"y":2,"x":1.0}]',
      'items',
    ],
    [{ type: 'array', contains: { type: 'string' } }, '[1]', 'items'],
    [{ not: { type: 'string' } }, '"x"', 'schema'],
    [{ oneOf: [{ type: 'string' }, { maxLength: 3 }] }, '"x"', 'schema'],
    [{ type: 'object', additionalProperties: true, minProperties: 1 }, '{}', 'schema'],
    [{ type: 'string' }, '12345678901234567890', 'type'],
    [{ type: 'number', maximum: 5 }, '12345678901234567890', 'type'],
    [{}, '0.1000000000000000055', 'type'],
    [{}, '1e400', 'type'],
  ])('of %j for %s is right', (schema, value, code) => {
    expect(broken(reader(member(schema)), `{"a":${value}}`)).toEqual([`#/a ${code}`]);
  });

  it.each([
    [{ type: 'number' }, '1.0'],
    [{ type: 'integer' }, '1e2'],
    [{ type: 'number', multipleOf: 0.01 }, '0.07'],
    [{ type: 'number', multipleOf: 0.01 }, '4.35'],
    [{ type: 'string', format: 'phone' }, '"x"'],
    [{ type: 'string', format: 'byte' }, '"not base64"'],
    [{ maxLength: 1 }, '"😀"'],
    [{ enum: ['A'], nullable: true }, 'null'],
    [{ pattern: String.raw`^[\w-.]+$` }, '"a-b.c"'],
    [{ const: { x: 1 } }, '{"x":1.0}'],
    [{}, '[1,["x"],{}]'],
    [{ default: 'x' }, '1'],
  ])('of %j takes %s', (schema, value) => {
    const { value: taken } = reader(member(schema)).read(JSON.parse(`{"a":${value}}`), `{"a":${value}}`);
    expect(taken).toEqual(JSON.parse(`{"a":${value}}`));
  });

  it('come all at once, each place once, at most 50, and never with a value', () => {
    const list = reader({
      type: 'object',
      properties: { list: { type: 'array', items: { type: 'integer' } } },
    });
    const text = JSON.stringify({ list: Array.from({ length: 80 }, () => 'secret') });
    const { violations } = list.read(JSON.parse(text), text);
    expect(violations).toHaveLength(50);
    expect(JSON.stringify(violations)).not.toContain('secret');
    const many = { a: { type: 'string', maxLength: 1, pattern: '^x', format: 'date', enum: ['x'] }, b: {} };
    const two = reader({ type: 'object', properties: many, required: ['b'] });
    expect(broken(two, '{"a":"secret","c/d":1}')).toEqual([
      '#/a enum',
      '#/b required',
      '#/c~1d unknown_property',
    ]);
  });

  it('say what to send', () => {
    const { violations } = reader(member({ type: 'integer', minimum: 1 })).read({ a: 0 }, '{"a":0}');
    expect(violations).toEqual([{ pointer: '#/a', code: 'range', detail: 'Send a number of at least 1.' }]);
    const one = reader(member({}), {}, { overlay: { anyOf: [{ required: ['a'] }, { required: ['a'] }] } });
    expect(one.read({}, '{}').violations).toEqual([
      { pointer: '#', code: 'schema', detail: 'Send a, or a.' },
    ]);
  });
});

describe('3.0 and 3.1 as people mix them', () => {
  const schemas = {
    'A b': { type: 'object', properties: { x: { type: 'string' } }, required: ['x'] },
    Code: { type: 'string', enum: ['A'] },
    Tree: {
      type: 'object',
      properties: { kids: { type: 'array', items: { $ref: '#/components/schemas/Tree' } } },
    },
  };

  it.each([
    [{ type: 'string', nullable: true }],
    [{ type: 'string', enum: ['A'], nullable: true }],
    [{ $ref: '#/components/schemas/Code', nullable: true }],
    [{ allOf: [{ $ref: '#/components/schemas/Code' }], nullable: true }],
    [{ oneOf: [{ $ref: '#/components/schemas/Code' }, { type: 'null' }] }],
    [{ type: ['string', 'null'] }],
  ])('null is allowed by %j', (schema) => {
    const read = reader(member(schema), schemas);
    expect(broken(read, '{"a":null}')).toEqual([]);
    expect(broken(read, '{"a":1}')).toEqual(['#/a type']);
  });

  it('what a nullable reference asks for is told as without null', () => {
    const read = reader(member({ $ref: '#/components/schemas/A%20b', nullable: true }), schemas);
    expect(broken(read, '{"a":{"x":1,"y":2}}')).toEqual(['#/a/x type', '#/a/y unknown_property']);
    expect(broken(read, '{"a":{}}')).toEqual(['#/a/x required']);
  });

  it('a reference and what stands beside it both hold', () => {
    const beside = { $ref: '#/components/schemas/A%20b', properties: { y: { type: 'integer' } } };
    const read = reader(member(beside), schemas);
    expect(broken(read, '{"a":{"x":"1","y":2}}')).toEqual([]);
    expect(broken(read, '{"a":{"x":1,"y":"2","z":3}}')).toEqual([
      '#/a/x type',
      '#/a/y type',
      '#/a/z unknown_property',
    ]);
  });

  it('members may be called like keywords, and names may stand in spaces', () => {
    const read = reader({
      type: 'object',
      required: [' $ref '],
      properties: { $ref: { type: 'string' }, type: { type: 'string' }, ' properties ': { type: 'integer' } },
    });
    expect(broken(read, '{"$ref":"x","type":"y","properties":1}')).toEqual([]);
    expect(broken(read, '{"constructor":1,"__proto__":1}')).toEqual([
      '#/$ref required',
      '#/__proto__ unknown_property',
      '#/constructor unknown_property',
    ]);
  });

  it('a schema may hold itself', () => {
    const read = reader({ $ref: '#/components/schemas/Tree' }, schemas);
    expect(broken(read, '{"kids":[{"kids":[]},{"kids":[{"no":1}]}]}')).toEqual([
      '#/kids/1/kids/0/no unknown_property',
    ]);
    expect(Object.keys(read.components)).toEqual(['Doc.Tree']);
  });

  it('what decides nothing is not looked at', () => {
    const schema = {
      type: 'string',
      example: 1,
      examples: 'x',
      xml: {},
      externalDocs: 1,
      discriminator: { propertyName: 'x' },
      'x-apidog-enum': [],
    };
    expect(reader(member(schema)).schema).toEqual({
      type: 'object',
      properties: { a: { type: 'string' } },
      additionalProperties: false,
    });
  });
});

describe('objects are closed', () => {
  const address = { type: 'object', properties: { street: { type: 'string' } } };

  it.each([
    ['inside', { type: 'object', properties: { at: address } }, '{"at":{"no":1}}', '#/at/no'],
    [
      'in a list',
      { type: 'object', properties: { at: { type: 'array', items: address } } },
      '{"at":[{"no":1}]}',
      '#/at/0/no',
    ],
    ['under allOf', { allOf: [address, { properties: { x: {} } }] }, '{"street":"s","x":1,"no":1}', '#/no'],
    [
      'under oneOf',
      { oneOf: [address, { required: ['y'], properties: { y: {} } }] },
      '{"street":"s","no":1}',
      '#/no',
    ],
    ['as additional ones', { type: 'object', additionalProperties: address }, '{"any":{"no":1}}', '#/any/no'],
    ['without a type', { type: 'object', properties: { at: {} } }, '{"at":{"no":1}}', '#/at/no'],
    [
      'in a list without items',
      { type: 'object', properties: { at: { type: 'array' } } },
      '{"at":[[{"no":1}]]}',
      '#/at/0/0/no',
    ],
    ['by a name that objects inherit', { anyOf: [address, address] }, '{"valueOf":1}', '#/valueOf'],
  ])('%s', (_where, schema, text, pointer) => {
    expect(broken(reader(schema), text)).toEqual([`${pointer} unknown_property`]);
  });

  it('unless the schema says that others may come', () => {
    const open = reader({ type: 'object', additionalProperties: true });
    expect(broken(open, '{"constructor":{"any":1},"__proto__":2}')).toEqual([]);
    const patterns = reader({ type: 'object', patternProperties: { '^x': { type: 'string' } } });
    expect(broken(patterns, '{"x1":"a","y":1}')).toEqual(['#/y unknown_property']);
  });

  it('to what is read-only, and that is not required', () => {
    const schema = {
      required: ['id', 'n'],
      properties: { id: { $ref: '#/components/schemas/Id' }, n: { type: 'string' } },
    };
    const read = reader({ allOf: [schema] }, { Id: { type: 'integer', readOnly: true } });
    expect(broken(read, '{"n":"x"}')).toEqual([]);
    expect(broken(read, '{"n":"x","id":1}')).toEqual(['#/id read_only']);
    expect(JSON.stringify(read.schema)).not.toContain('"id"');
    const open = reader({ ...schema, additionalProperties: true }, { Id: { readOnly: true } });
    expect(broken(open, '{"n":"x","id":1,"more":2}')).toEqual(['#/id read_only']);
  });
});

describe('what the gateway sets', () => {
  const services = {
    type: 'object',
    required: ['custNo'],
    properties: { custNo: { type: 'integer' }, n: { type: 'integer' } },
  };

  it('is no part of what an app sends, wherever it stands', () => {
    const schema = {
      type: 'object',
      required: ['list', 'one', 'kind'],
      properties: { kind: { type: 'string' }, one: services, list: { type: 'array', items: services } },
    };
    const options = { set: ['/kind', '/one/custNo', '/list/*/custNo'], fixed: { '/kind': 'A' } };
    const read = reader(schema, {}, options);
    expect(broken(read, '{"list":[{"n":1}]}')).toEqual([]);
    expect(broken(read, '{"kind":"A","one":{"custNo":1},"list":[{"custNo":2}]}')).toEqual([
      '#/kind unknown_property',
      '#/list/0/custNo unknown_property',
      '#/one/custNo unknown_property',
    ]);
    expect(read.members).toEqual(['/one', '/one/n', '/list', '/list/*/n']);
    expect(read.required).toBe(true);
  });

  it('is unknown even where others may come', () => {
    const schema = { type: 'object', additionalProperties: true, properties: { kind: {} } };
    const read = reader(schema, {}, { set: ['/kind'] });
    expect(broken(read, '{"kind":1,"more":2}')).toEqual(['#/kind unknown_property']);
    expect(read.schema['properties']).toBeUndefined();
  });

  it('decides at the start what else holds', () => {
    const kinds = ['A', 'B'].map((kind) => ({
      type: 'object',
      required: ['kind', `of${kind}`],
      properties: { kind: { const: kind }, [`of${kind}`]: { type: 'string' } },
    }));
    const read = reader({ oneOf: kinds }, {}, { set: ['/kind'], fixed: { '/kind': 'B' } });
    expect(broken(read, '{"ofB":"x"}')).toEqual([]);
    expect(broken(read, '{"ofA":"x"}')).toEqual(['#/ofA unknown_property', '#/ofB required']);
    expect(JSON.stringify(read.schema)).not.toContain('ofA');
    const conditional = {
      type: 'object',
      properties: { kind: { type: 'string' }, x: {} },
      if: { properties: { kind: { const: 'A' } } },
      // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
      then: { required: ['x'] },
    };
    for (const [kind, expected] of [
      ['A', ['#/x required']],
      ['B', []],
    ] as const) {
      const one = reader(conditional, {}, { set: ['/kind'], fixed: { '/kind': kind } });
      expect(broken(one, '{}')).toEqual(expected);
    }
    expect(faults(() => reader({ oneOf: kinds }, {}, { set: ['/kind'], fixed: { '/kind': 'C' } }))).toEqual([
      'set /kind',
    ]);
  });

  it('counts among the properties, and is checked as a whole where it may decide', () => {
    const schema = { type: 'object', minProperties: 2, properties: { kind: {}, x: {}, y: {} } };
    const read = reader(schema, {}, { set: ['/kind'] });
    expect(broken(read, '{}')).toEqual(['# schema']);
    expect(broken(read, '{"x":1}')).toEqual([]);
    expect(read.whole?.({ kind: 1, x: 1 })).toEqual([]);
    expect(read.whole?.({ kind: 1 })).toHaveLength(1);
    expect(reader(services, {}, { set: ['/custNo'] }).whole).toBeUndefined();
  });
});

describe('what the entry adds', () => {
  const schema = {
    type: 'object',
    properties: {
      amount: { type: 'number' },
      list: { type: 'array', items: { type: 'object', properties: { x: { type: 'string' }, y: {} } } },
    },
  };

  it('holds beside the document', () => {
    const overlay = {
      required: ['list'],
      properties: {
        amount: { exclusiveMinimum: 0 },
        list: { items: { required: ['x'], properties: { y: false } } },
      },
    };
    const read = reader(schema, {}, { overlay, decimals: { '/amount': 2 } });
    expect(broken(read, '{"amount":0,"list":[{"y":1}]}')).toEqual([
      '#/amount range',
      '#/list/0/x required',
      '#/list/0/y unknown_property',
    ]);
    expect(broken(read, '{"amount":1.005,"list":[]}')).toEqual(['#/amount precision']);
    expect(broken(read, '{"amount":1.10,"list":[]}')).toEqual([]);
    expect(JSON.stringify(read.schema)).not.toContain('"y"');
    expect(read.members).toEqual(['/amount', '/list', '/list/*/x']);
  });

  it('must be something that bounds', () => {
    const overlay = {
      maxium: 1,
      $ref: '#/x',
      required: ['list', 'b'],
      properties: {
        amont: {},
        amount: { nullable: true, format: 'money' },
        list: { items: { properties: { z: {} } } },
      },
    };
    const options = { overlay, set: ['/b', '/list/*'], decimals: { '/c': 2, '/list/*/x': 2 } };
    expect(faults(() => reader(schema, {}, options))).toEqual([
      'body /$ref',
      'body /maxium',
      'body /properties/amont',
      'body /properties/amount/format',
      'body /properties/amount/nullable',
      'body /properties/list/items/properties/z',
      'body /required',
      'decimals /c',
      'decimals /list/*/x',
      'set /b',
      'set /list/*',
    ]);
  });

  it('cannot close what the document requires', () => {
    const required = { ...schema, required: ['amount'] };
    expect(faults(() => reader(required, {}, { overlay: { properties: { amount: false } } }))).toEqual([
      'body /properties/amount',
    ]);
  });
});

describe('faults of a document', () => {
  it.each([
    [{ type: 'strnig' }, {}, '/schema/type'],
    [{ minLength: -1 }, {}, '/schema/minLength'],
    [{ multipleOf: 0 }, {}, '/schema/multipleOf'],
    [{ required: true }, {}, '/schema/required'],
    [{ enum: [] }, {}, '/schema/enum'],
    [{ items: [] }, {}, '/schema/items'],
    [{ properties: { a: 'string' } }, {}, '/schema/properties/a'],
    [{ properties: { a: {}, 'a ': {} } }, {}, '/schema/properties/a '],
    [{ properties: JSON.parse('{"__proto__":{}}') as unknown }, {}, '/schema/properties/__proto__'],
    [{ properties: { a: { pattern: '(' } } }, {}, '/schema/properties/a/pattern'],
    [{ properties: { a: { pattern: '^(a+)+$' } } }, {}, '/schema/properties/a/pattern'],
    [{ $ref: '#/components/schemas/No' }, {}, '/schema/$ref'],
    [{ $ref: 'other.yaml#/x' }, {}, '/schema/$ref'],
    [{ $dynamicRef: '#x' }, {}, '/schema/$dynamicRef'],
    [{ $ref: '#/schema' }, {}, '/schema'],
    [{ $ref: '#/components/schemas/A' }, { A: { allOf: [{ $ref: '#/schema' }] } }, '/schema'],
    [{ not: { anyOf: [{ $ref: '#/schema' }] } }, {}, '/schema'],
    [null, {}, '/schema'],
  ])('%j', (schema, schemas, pointer) => {
    expect(faults(() => reader(schema, schemas))).toEqual([`document ${pointer}`]);
  });

  it('a body that is neither an object nor a list', () => {
    expect(faults(() => reader({ type: 'string' }))).toEqual(['set ']);
  });

  it('a schema of more parts than anybody writes, and one of too many references in a row', () => {
    const wide = Object.fromEntries(
      Array.from({ length: 20 }, (_, depth) => [
        `N${depth}`,
        { type: 'object', properties: { a: { $ref: `#/components/schemas/N${depth + 1}` } } },
      ]),
    );
    const leaf = { N20: { type: 'string' } };
    expect(faults(() => reader({ $ref: '#/components/schemas/N0' }, { ...wide, ...leaf }))).toEqual([]);
    const row = Object.fromEntries(
      Array.from({ length: 500 }, (_, depth) => [
        `N${depth}`,
        { $ref: `#/components/schemas/N${depth + 1}` },
      ]),
    );
    expect(faults(() => reader({ $ref: '#/components/schemas/N0' }, { ...row, N500: {} }))).not.toEqual([]);
    const deep = Object.fromEntries(
      Array.from({ length: 500 }, (_, depth) => [
        `N${depth}`,
        { type: 'object', properties: { a: { $ref: `#/components/schemas/N${depth + 1}` } } },
      ]),
    );
    expect(faults(() => reader({ $ref: '#/components/schemas/N0' }, { ...deep, N500: {} }))).toEqual([
      'document /schema',
    ]);
    const aliases = Array.from({ length: 20 }).reduce<object>(
      (alias) => ({ type: 'object', properties: { a: alias, b: alias } }),
      { type: 'string' },
    );
    expect(faults(() => reader(aliases))).toEqual(['document /schema']);
    const branches = Array.from({ length: 101 }, () => ({ type: 'object' }));
    expect(faults(() => reader({ oneOf: branches }))).toEqual(['document /schema/oneOf']);
  });
});

describe('a hostile body', () => {
  const twice = { $ref: '#/components/schemas/Expr' };
  const schemas = {
    Expr: {
      anyOf: [
        { type: 'object', properties: { left: twice, and: {} } },
        { type: 'object', properties: { left: twice, or: {} } },
      ],
    },
  };

  it('ends in bounded time where a schema that holds itself asks twice at each depth', () => {
    const read = reader({ $ref: '#/components/schemas/Expr' }, schemas);
    const text = `${'{"left":'.repeat(100)}{}${'}'.repeat(100)}`;
    expect(broken(read, text)).toEqual(['# schema']);
    expect(broken(read, '{"left":{"left":{"or":1}}}')).toEqual([]);
  });

  it('may be nested as deeply as it fits into 16 KiB', () => {
    const tree = { type: 'object', properties: { a: { $ref: '#/schema' }, b: {} } };
    const read = reader(tree);
    const text = `${'{"a":'.repeat(2500)}{}${'}'.repeat(2500)}`;
    expect(() => read.read(JSON.parse(text), text)).not.toThrow();
    const list = `{"b":${'['.repeat(8000)}12345678901234567890${']'.repeat(8000)}}`;
    expect(read.read(JSON.parse(list), list).violations).toBeDefined();
  });
});
