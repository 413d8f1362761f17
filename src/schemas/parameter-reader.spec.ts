import { fixedCheck } from './fixed-check.ts';
import { parameterReader } from './parameter-reader.ts';
import { SchemaDocument } from './schema-document.ts';
import { SchemaFaults } from './schema-fault.ts';

const root = {
  id: { type: 'integer', minimum: 1, description: 'A number.' },
  flag: { type: 'boolean' },
  ids: { type: 'array', items: { $ref: '#/id' }, maxItems: 2 },
  any: {},
  either: { type: ['integer', 'string'], maxLength: 3 },
  day: { type: 'string', format: 'date' },
  slow: { type: 'string', pattern: '(a|a)*$' },
};
const document = new SchemaDocument(root, '3.1', 'Doc');
const parameters = parameterReader(
  document,
  (['id', 'flag', 'ids', 'any', 'either', 'day'] as const).map((name) => ({
    name,
    in: name === 'id' ? 'path' : 'query',
    required: name === 'id',
    list: name === 'ids',
    schemaPointer: `/${name}`,
  })),
);

describe('parameters', () => {
  it.each([
    [{ id: '7', flag: 'true', ids: ['1', '2'], day: '2024-01-31' }, {}],
    [{ id: '7', ids: '1' }, { ids: ['1'] }],
    [{ id: '1.0' }, { id: '1' }],
    [{ id: '1e2' }, { id: '100' }],
    [{ id: '1', any: '007', either: '007' }, {}],
    [{ id: '1', any: '', either: '12345' }, {}],
  ])('%j are taken', (sent, other) => {
    expect(parameters.read(sent)).toEqual({ value: { ...sent, ...other } });
  });

  it.each([
    [{}, 'id required'],
    [{ id: '0' }, 'id range'],
    [{ id: '01' }, 'id type'],
    [{ id: '+1' }, 'id type'],
    [{ id: ' 1' }, 'id type'],
    [{ id: '1.5' }, 'id type'],
    [{ id: '' }, 'id type'],
    [{ id: '12345678901234567890' }, 'id type'],
    [{ id: '1', flag: 'TRUE' }, 'flag type'],
    [{ id: '1', ids: ['1', 'x'] }, 'ids type'],
    [{ id: '1', ids: ['1', '2', '3'] }, 'ids items'],
    [{ id: '1', either: 'abcd' }, 'either length'],
    [{ id: '1', day: '2024-02-30' }, 'day format'],
  ])('%j are refused: %s', (sent, expected) => {
    const { violations = [] } = parameters.read(sent);
    expect(violations.map(({ parameter, pointer, code }) => `${parameter} ${pointer ?? ''}${code}`)).toEqual([
      expected,
    ]);
  });

  it('are described as OpenAPI does', () => {
    expect(parameters.objects.slice(0, 3)).toEqual([
      {
        name: 'id',
        in: 'path',
        required: true,
        schema: { type: 'integer', minimum: 1, description: 'A number.' },
      },
      { name: 'flag', in: 'query', required: false, schema: { type: 'boolean' } },
      {
        name: 'ids',
        in: 'query',
        required: false,
        style: 'form',
        explode: true,
        schema: { type: 'array', maxItems: 2, items: { $ref: '#/components/schemas/Doc.id' } },
      },
    ]);
    expect(Object.keys(parameters.components)).toEqual(['Doc.id', 'Doc.Unnamed']);
  });

  it('tell the faults of all of them', () => {
    const two = ['slow', 'missing'].map((name) => ({
      name,
      in: 'query' as const,
      required: false,
      list: false,
      schemaPointer: `/${name}`,
    }));
    expect(() => parameterReader(document, two)).toThrow(SchemaFaults);
    expect(() => parameterReader(document, two)).toThrow(/slow\/pattern: .*\n.*\/missing: /);
  });
});

it('a fixed value must fit its place', () => {
  expect(fixedCheck(document, '/id', '', 1)).toBeUndefined();
  expect(fixedCheck(document, '/id', '', '1')).toBe('Send a whole number.');
  expect(fixedCheck(document, '/ids', '/*', 0)).toBe('Send a number of at least 1.');
  expect(() => fixedCheck(document, '/id', '/x', 1)).toThrow(SchemaFaults);
});
