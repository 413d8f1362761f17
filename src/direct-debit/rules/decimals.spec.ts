import fc from 'fast-check';
import { hasAtMostDecimals } from './decimals.ts';

describe('hasAtMostDecimals', () => {
  it.each([0, -0, 1, 0.1, 0.01, 1.1, 49.95, 9_999_999.99, 1e2, 1e21, 1.5e21, 1.234e25, -0.25])(
    '%d has at most two',
    (value) => {
      expect(hasAtMostDecimals(value, 2)).toBe(true);
    },
  );

  it.each([0.001, 49.955, 1.005, 1e-7, 1.5e-7, 5e-324, 0.1 + 0.2, -0.001])('%d has more', (value) => {
    expect(hasAtMostDecimals(value, 2)).toBe(false);
  });

  it('counts the decimals of the shortest form', () => {
    expect(hasAtMostDecimals(1.5e-7, 8)).toBe(true);
    expect(hasAtMostDecimals(1.5e-7, 7)).toBe(false);
    expect(hasAtMostDecimals(1e-7, 7)).toBe(true);
    expect(hasAtMostDecimals(1e-7, 6)).toBe(false);
  });

  it('takes every whole number of cents', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999 }), (cents) => hasAtMostDecimals(cents / 100, 2)),
    );
  });

  it('refuses every number with a third decimal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999 }), fc.integer({ min: 1, max: 9 }), (tens, last) =>
        expect(hasAtMostDecimals((tens * 10 + last) / 1000, 2)).toBe(false),
      ),
    );
  });

  it('agrees with the digits of every number', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), cents()), (value) => {
        const [mantissa = '', exponent = '0'] = String(value).split('e');
        const digits = (mantissa.split('.')[1]?.length ?? 0) - Number(exponent);
        expect(hasAtMostDecimals(value, 2)).toBe(digits <= 2);
      }),
      { numRuns: 5000 },
    );
  });

  /** Around whole cents, up to where a double has no cents any more. */
  const cents = () =>
    fc
      .tuple(fc.double({ min: 0, max: 2 ** 53, noNaN: true }), fc.integer({ min: -2, max: 2 }))
      .map(([whole, ulps]) => {
        const value = Math.round(whole) / 100;
        return value + ulps * value * Number.EPSILON;
      });

  it.each([undefined, null, '1.234', {}, [1.234], Infinity, NaN])('says nothing of %j', (value) => {
    expect(hasAtMostDecimals(value, 2)).toBe(true);
  });
});
