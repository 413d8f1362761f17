import { growthOf } from './backtracking.ts';
import { compilePattern } from './pattern.ts';

it.each([
  ['^[A-Z]{2}\\d{1,10}$', 1],
  ['^(\\d{1,3}\\.){3}\\d{1,3}$', 1],
  ['^[a-z0-9]+(?:-[a-z0-9]+)*$', 1],
  ['^[\\w.]+@[\\w.-]+\\.\\w+$', 1],
  ['^\\s*\\S.*$', 1],
  ['^(?=.*\\d)(?=.*[a-z]).{8,}$', 1],
  ["^\\p{L}[\\p{L} '-]*$", 1],
  ['^(?:AUD|NZD|USD)$', 1],
  ['^(a?)*$', 1],
  ['\\S+', 1],
  ['\\S', 1],
  ['a+$', 2],
  ['a+(?!b)', 2],
  ['^\\d*\\.?\\d*$', 2],
  ['^\\S+@\\S+\\.\\S+$', 3],
  ['.*a.*b.*c', 4],
  ['^(a+)+$', Infinity],
  ['(a+)+b', Infinity],
  ['^(a|a)*$', Infinity],
  ['^(ab|ab)*$', Infinity],
  ['^(aa|a)*$', Infinity],
  ['^(\\w|\\d)+$', Infinity],
  ['^(.*)*$', Infinity],
  ['^(a*b*)*$', Infinity],
  ['^(\\s*\\w+\\s*,?)*$', Infinity],
  ['(?=(a+)+b)', Infinity],
  ['^(a+)+\\1$', Infinity],
  ['^(a?){30}a{30}$', Infinity],
  ['^((a?){8}){8}$', Infinity],
  [`^${'a?'.repeat(30)}${'a'.repeat(30)}$`, Infinity],
])('the time of %s grows to the power %s', (source, growth) => {
  expect(growthOf(new RegExp(source, 'u'))).toBe(growth);
});

it('of a large pattern it is found out in bounded time', () => {
  expect(growthOf(new RegExp(`^(?:${'(a|b|c|d)*'.repeat(300)})$`))).toBe(Infinity);
  const words = Array.from({ length: 300 }, (_, index) => `${index}x`).join('|');
  expect(growthOf(new RegExp(`^(?:${words})$`))).toBe(1);
});

it('a pattern is taken with and without Unicode mode, and bounds the texts for which it is slow', () => {
  expect(compilePattern('^.$').test('😀')).toBe(true);
  expect(compilePattern('^[\\w-.]$').test('-')).toBe(true);
  expect(compilePattern('^a$').maxLength).toBeUndefined();
  expect(compilePattern('^\\S+@\\S+\\.\\S+$').maxLength).toBe(256);
  expect(() => compilePattern('^(a+)+$')).toThrow('grows');
  expect(() => compilePattern('(')).toThrow('not a regular expression');
});
