import fc from 'fast-check';
import { canonicalText, failureOf, valuesAt, withValue } from './json-places.ts';
import { isExact, isMultipleOf, isWhole } from './numbers.ts';

describe('values at a pointer', () => {
  it.each([
    ['/a', '{"a":"007"}', ['007']],
    ['/a', '{"a":12345678901234567890}', ['12345678901234567890']],
    ['/a', '{"a":1.0}', ['1']],
    ['/a', '{"a":true}', [undefined]],
    ['/a', '{"a":null}', [undefined]],
    ['/a', '{}', [undefined]],
    ['/toString', '{}', [undefined]],
    ['/__proto__/x', '{"__proto__":{"x":"1"}}', ['1']],
    ['/a~1b/*/c', '{"a/b":[{"c":1},{},{"c":"x"}]}', ['1', undefined, 'x']],
    ['/a/*', '{"a":[]}', []],
    ['/a/*', '{"a":{}}', [undefined]],
    ['/a/*/*', '{"a":[[1,2],[]]}', ['1', '2']],
    ['', '"x"', ['x']],
  ])('%s of %s', (pointer, text, values) => {
    expect(valuesAt(pointer, text)).toEqual(values);
  });

  it('are put without a change of what was given, whatever the names', () => {
    const body = { list: [{ n: 1 }, { n: 2 }], x: {} };
    expect(withValue(body, '/list/*/c', 7)).toEqual({
      list: [
        { n: 1, c: 7 },
        { n: 2, c: 7 },
      ],
      x: {},
    });
    expect(withValue(body, '/a/b', 7)).toEqual({ ...body, a: { b: 7 } });
    expect(withValue(body, '/none/*/b', 7)).toEqual(body);
    const polluted = withValue(JSON.parse('{"__proto__":{"x":1}}'), '/__proto__/y', 2);
    expect(JSON.stringify(polluted)).toBe('{"__proto__":{"x":1,"y":2}}');
    expect(Object.getPrototypeOf(polluted)).toBe(Object.prototype);
    expect(body).toEqual({ list: [{ n: 1 }, { n: 2 }], x: {} });
  });
});

it.each([
  [[{ at: '/errorCode', unless: [0] }], '{"errorCode":0.0}', false],
  [[{ at: '/errorCode', unless: [0] }], '{"errorCode":"0"}', true],
  [[{ at: '/errorCode', unless: [0] }], '{}', false],
  [[{ at: '/errorCode', unless: [0, null] }], '{"errorCode":null}', false],
  [[{ at: '/success', is: [false, 'false'] }], '{"success":"false"}', true],
  [[{ at: '/success', is: [false] }], '{"success":"false"}', false],
  [[{ at: '/o/*/success', is: [false] }], '{"o":[{"success":true},{"success":false}]}', true],
  [[{ at: '/o/*/success', is: [false] }], '{"o":[]}', false],
  [[{ at: '/o', is: [{ a: 1, b: [] }] }], '{"o":{"b":[],"a":1}}', true],
  [[{ at: '/o', is: [{ a: 1 }] }], '{"o":{"valueOf":1}}', false],
  [[{ at: '', is: [[]] }], '[]', true],
])('of %j, that %s is a failure is %s', (conditions, text, expected) => {
  expect(failureOf(conditions)(JSON.parse(text))).toBe(expected);
});

describe('numbers', () => {
  it.each([
    ['1.0', true],
    ['1e2', true],
    ['-0', true],
    ['0.1', true],
    ['123456789012345.6', true],
    ['9007199254740993', false],
    ['12345678901234567890', false],
    ['10000000000000000000000', true],
    ['0.1000000000000000055', false],
    ['0.10000000000000000000', true],
    ['1e400', false],
    ['1e-400', false],
    ['0e-400', true],
    ['5e-324', true],
    ['1e308', true],
  ])('%s is held by a double: %s', (text, expected) => {
    expect(isExact(text)).toBe(expected);
  });

  it('every double is exact as JavaScript writes it, and has one canonical text', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
        expect(isExact(JSON.stringify(value))).toBe(true);
        expect(isWhole(JSON.stringify(value))).toBe(Number.isInteger(value));
        expect(canonicalText(value)).toBe(JSON.stringify(value));
      }),
    );
  });

  it('multiples are those of the written decimals', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 6 }), (digits, decimals) => {
        const value = Number(`${digits}e-${decimals}`);
        expect(isMultipleOf(value, Number(`1e-${decimals}`))).toBe(true);
        expect(isMultipleOf(value, Number(`10e-${decimals}`))).toBe(digits % 10 === 0);
      }),
    );
    expect(isMultipleOf(1e308, 5e-324)).toBe(true);
    expect(isMultipleOf(0.3, 0.2)).toBe(false);
  });
});
