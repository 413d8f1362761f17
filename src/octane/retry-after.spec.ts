import { retryAfterMs } from './retry-after.ts';

/** Of the example in RFC 9110. */
const SUNDAY = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['7', 7000],
    ['007', 7000],
    ['120', 120_000],
    ['86400', 3_600_000],
    ['9999999999', 3_600_000],
  ])('takes %j as whole seconds, an hour at most', (header, waitMs) => {
    expect(retryAfterMs(header, SUNDAY)).toBe(waitMs);
  });

  it.each([
    ['Sun, 06 Nov 1994 08:49:47 GMT', 10_000],
    ['Sunday, 06-Nov-94 08:49:47 GMT', 10_000],
    ['Sun Nov  6 08:49:47 1994', 10_000],
    ['Sun, 06 Nov 1994 08:49:60 GMT', 23_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Sun, 06 Nov 1994 08:49:36 GMT', 0],
    ['Sunday, 06-Nov-93 08:49:47 GMT', 0],
    ['Thu Feb 29 00:00:00 1996', 3_600_000],
    ['Thursday, 29-Feb-96 00:00:00 GMT', 3_600_000],
  ])('takes %j as a date', (header, waitMs) => {
    expect(retryAfterMs(header, SUNDAY)).toBe(waitMs);
  });

  it('takes two digits of a year for the nearest such year, at most 50 years ahead', () => {
    const at = (year: number): number => Date.UTC(year, 0, 1);
    expect(retryAfterMs('Monday, 01-Jan-01 00:00:05 GMT', at(2001))).toBe(5000);
    expect(retryAfterMs('Sunday, 01-Jan-77 00:00:00 GMT', at(2026))).toBe(0);
    expect(retryAfterMs('Wednesday, 01-Jan-76 00:00:00 GMT', at(2026))).toBe(3_600_000);
  });

  it.each([
    '',
    ' ',
    '120 ',
    ' 120',
    '1.5',
    '1,5',
    '7, 7',
    '+3',
    '-5',
    '-0',
    '1e3',
    '0x10',
    '١٢',
    '5s',
    'Infinity',
    'NaN',
    'soon',
    '99999999999',
    '9'.repeat(40),
    '2026-11-28T12:00:00Z',
    'Sun, 06 Nov 1994 08:49:47',
    'Sun, 06 Nov 1994 08:49:47 UTC',
    'Sun, 06 Nov 1994 08:49:47 +0100',
    'sun, 06 nov 1994 08:49:47 gmt',
    'Sun, 6 Nov 1994 08:49:47 GMT',
    'Sun, 31 Feb 1994 08:49:47 GMT',
    'Sun, 00 Nov 1994 08:49:47 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
    'Sun, 06 Nov 94 08:49:47 GMT',
    'Sun, 06-Nov-94 08:49:47 GMT',
    'Sun Nov 06 08:49:47 GMT 1994',
    'Sun, 06 Nov 1994 08:49:47 GMT, Sun, 06 Nov 1994 08:49:47 GMT',
    undefined,
    null,
    7,
    ['7', '7'],
  ])('counts %j as absent', (header) => {
    expect(retryAfterMs(header, SUNDAY)).toBeUndefined();
  });
});
