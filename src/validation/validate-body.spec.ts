import { IsDefined, IsIn, IsInstance, IsString, MaxLength } from 'class-validator';
import fc from 'fast-check';
import { hasValueOf } from './conditions.ts';
import { AbsentWhen, IsNotNull, IsReadOnly, PresentWhen } from './field-rules.ts';
import { documented, RULE_LEVELS, standard, strict } from './rule-levels.ts';
import { validateBody } from './validate-body.ts';

const isAustralian = hasValueOf('country', 'AU');
const isForeign = hasValueOf('country', 'NZ');

class Address {
  @IsNotNull()
  @IsDefined(documented('required', 'Send country.'))
  @IsIn(['AU', 'NZ'], documented('enum', 'Send AU or NZ.'))
  readonly country!: string;

  @IsNotNull()
  @IsString(documented('type', 'Send a string.'))
  @MaxLength(4, standard('range', 'Send at most 4 characters.'))
  @AbsentWhen(isForeign, standard('not_applicable', 'Leave it out.'))
  @PresentWhen(isAustralian, strict('required', 'Send postcode.'))
  readonly postcode?: string;

  @IsReadOnly()
  readonly id?: never;
}

class Customer {
  @IsNotNull()
  @IsDefined(documented('required', 'Send address.'))
  @IsInstance(Address, documented('type', 'Send an object.'))
  readonly address!: Address;

  @IsNotNull()
  @IsString(documented('type', 'Send a string.'))
  readonly name?: string;
}

const violationsOf = (json: string, level: (typeof RULE_LEVELS)[number] = 'standard') =>
  (validateBody(Customer, JSON.parse(json), level).violations ?? []).map(
    ({ pointer, code }) => `${pointer} ${code}`,
  );

describe('validateBody', () => {
  it.each([undefined, null, true, 1, 'x', [], [{}]])('wants an object, not %j', (body) => {
    for (const level of RULE_LEVELS) {
      expect(validateBody(Customer, body, level)).toEqual({
        violations: [{ pointer: '#', code: 'type', detail: 'Send a JSON object.' }],
      });
    }
  });

  it('gives each violation its pointer, code and sentence', () => {
    expect(validateBody(Customer, { address: { country: 'FR' } }, 'documented')).toEqual({
      violations: [{ pointer: '#/address/country', code: 'enum', detail: 'Send AU or NZ.' }],
    });
  });

  it('runs the rules of a level and of those before it', () => {
    const body = '{"address":{"country":"NZ","postcode":"60111"}}';
    expect(violationsOf(body, 'documented')).toEqual([]);
    expect(violationsOf(body, 'standard')).toEqual(['#/address/postcode range']);
    expect(violationsOf(body, 'strict')).toEqual(['#/address/postcode range']);
    expect(violationsOf('{"address":{"country":"AU"}}', 'standard')).toEqual([]);
    expect(violationsOf('{"address":{"country":"AU"}}', 'strict')).toEqual(['#/address/postcode required']);
  });

  it('reports a field once, with the first decorator that it breaks', () => {
    expect(violationsOf('{"address":{"country":"NZ","postcode":60111}}')).toEqual([
      '#/address/postcode type',
    ]);
    expect(violationsOf('{"address":{"country":"NZ","postcode":"6011"}}')).toEqual([
      '#/address/postcode not_applicable',
    ]);
    expect(violationsOf('{"address":{"country":"NZ","postcode":null}}')).toEqual(['#/address/postcode null']);
    expect(violationsOf('{"address":null}')).toEqual(['#/address null']);
    expect(violationsOf('{}')).toEqual(['#/address required']);
  });

  it.each(['1', '"x"', 'true', '[]', '[{"country":"AU"}]', '[null]', '[{"constructor":null}]'])(
    'refuses %s in the place of an object',
    (json) => {
      expect(violationsOf(`{"address":${json}}`)).toEqual(['#/address type']);
    },
  );

  it('refuses a read-only field whatever its value', () => {
    for (const level of RULE_LEVELS) {
      for (const json of ['1', 'null', '""', '{}']) {
        expect(violationsOf(`{"address":{"country":"NZ","id":${json}}}`, level)).toEqual([
          '#/address/id read_only',
        ]);
      }
    }
  });

  it('names the known fields in the order of declaration, then the unknown ones in the order sent', () => {
    expect(
      violationsOf('{"z":1,"name":1,"address":{"y":null,"id":1,"postcode":1,"country":1,"x":{"w":1}},"v":1}'),
    ).toEqual([
      '#/name type',
      '#/address/country enum',
      '#/address/postcode type',
      '#/address/id read_only',
      '#/z unknown_property',
      '#/address/y unknown_property',
      '#/address/x unknown_property',
      '#/v unknown_property',
    ]);
  });

  it('drops unknown properties at the documented level, at every depth', () => {
    const { value } = validateBody(
      Customer,
      JSON.parse('{"__proto__":{"a":1},"z":1,"address":{"constructor":1,"y":null,"country":"AU"}}'),
      'documented',
    );
    expect(JSON.stringify(value)).toBe('{"address":{"country":"AU"}}');
  });

  const INHERITED_NAMES = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'then',
    '0',
    '',
  ];

  it.each(INHERITED_NAMES)('takes %j for a property like any other', (name) => {
    const key = JSON.stringify(name);
    const json = `{${key}:{"polluted":1},"address":{${key}:{"polluted":1},"country":"AU"}}`;
    expect(violationsOf(json)).toEqual([`#/${name} unknown_property`, `#/address/${name} unknown_property`]);
    expect(violationsOf(json, 'documented')).toEqual([]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('does not take an inherited property for one that was sent', () => {
    expect(violationsOf('{"__proto__":{"address":{"country":"AU"}}}', 'documented')).toEqual([
      '#/address required',
    ]);
  });

  it('gives 50 violations at most, the known fields first', () => {
    const unknown = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`p${index}`, 1]));
    const violations = violationsOf(JSON.stringify({ ...unknown, address: {} }));
    expect(violations).toHaveLength(50);
    expect(violations.slice(0, 2)).toEqual(['#/address/country required', '#/p0 unknown_property']);
    expect(violations.at(-1)).toBe('#/p48 unknown_property');
  });

  it('gives an instance with just the fields that were sent, in the order of declaration', () => {
    const { value } = validateBody(
      Customer,
      { name: 'Jo', address: { postcode: '2000', country: 'AU' } },
      'strict',
    );
    expect(value).toBeInstanceOf(Customer);
    expect(value?.address).toBeInstanceOf(Address);
    expect(JSON.stringify(value)).toBe('{"address":{"country":"AU","postcode":"2000"},"name":"Jo"}');
    expect(Object.keys(value!.address)).toEqual(['country', 'postcode']);
  });

  it('leaves the body as it was', () => {
    const json = '{"z":1,"name":1,"address":{"country":"AU"}}';
    const body: unknown = JSON.parse(json);
    validateBody(Customer, body, 'strict');
    expect(JSON.stringify(body)).toBe(json);
  });

  it('survives values as deep as 16 KiB allow, in any place', () => {
    const deep = '['.repeat(8000) + ']'.repeat(8000);
    expect(violationsOf(`{"address":{"country":${deep}}}`)).toEqual(['#/address/country enum']);
    expect(violationsOf(`{"x":${deep},"address":{"country":"AU"}}`)).toEqual(['#/x unknown_property']);
    const nested = '{"address":'.repeat(1400) + '1' + '}'.repeat(1400);
    expect(violationsOf(nested)).toEqual([
      '#/address/country required',
      '#/address/address unknown_property',
    ]);
  });

  it('never throws and never repeats a value, whatever the JSON', () => {
    const name = fc.constantFrom('address', 'country', 'postcode', 'name', 'id', ...INHERITED_NAMES);
    const { tree } = fc.letrec((tie) => ({
      leaf: fc.oneof(fc.constantFrom(null, true, 1, 'AU', 'canary'), fc.jsonValue()),
      tree: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        tie('leaf'),
        fc.array(tie('tree'), { maxLength: 3 }),
        // Objects as JSON text, since only JSON.parse gives an own `__proto__`.
        fc
          .array(fc.tuple(name, tie('tree')), { maxLength: 5 })
          .map((entries) => JSON.parse(`{${entries.map(entryJson).join(',')}}`) as unknown),
      ),
    }));
    fc.assert(
      fc.property(tree, fc.constantFrom(...RULE_LEVELS), (body, level) => {
        const { value, violations } = validateBody(Customer, body, level);
        expect(value === undefined).not.toBe(violations === undefined);
        expect(new Set(violations?.map(({ pointer }) => pointer)).size).toBe(violations?.length ?? 0);
        expect(JSON.stringify(violations ?? [])).not.toContain('canary');
      }),
      { numRuns: 500 },
    );
  });

  const entryJson = ([key, value]: [string, unknown]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`;
});
