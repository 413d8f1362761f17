import fc from 'fast-check';
import { instantOf, isDateTime } from './date-time.ts';

describe('isDateTime', () => {
  it.each([
    '2019-08-24T14:15:22Z',
    '2019-08-24t14:15:22z',
    '2019-08-24T14:15:22+10:00',
    '2019-08-24T14:15:22-00:00',
    '2019-08-24T14:15:22+23:59',
    '2019-08-24T00:00:00.0Z',
    '2019-08-24T23:59:59.123456789012345678901234567890Z',
    '2020-02-29T00:00:00Z',
    '2000-02-29T00:00:00Z',
    '0000-02-29T00:00:00Z',
    '0000-01-01T00:00:00+23:59',
    '0099-12-31T00:00:00Z',
    '9999-12-31T23:59:59-23:59',
    '2019-04-30T00:00:00Z',
    '2019-12-31T00:00:00Z',
  ])('takes %s', (value) => {
    expect(isDateTime(value)).toBe(true);
  });

  it.each([
    '',
    '2019-08-24',
    '2019-08-24T14:15Z',
    '2019-08-24T14:15:22',
    '2019-08-24 14:15:22Z',
    '2019-08-24T14:15:22 Z',
    ' 2019-08-24T14:15:22Z',
    '2019-08-24T14:15:22Z\n',
    '2019-08-24T14:15:22.Z',
    '2019-08-24T14:15:22,5Z',
    '2019-08-24T14:15:22+10',
    '2019-08-24T14:15:22+1000',
    '2019-08-24T14:15:22UTC',
    '2019-8-24T14:15:22Z',
    '19-08-24T14:15:22Z',
    '12019-08-24T14:15:22Z',
    '+002019-08-24T14:15:22Z',
    '20190824T141522Z',
    '2019-W34-6T14:15:22Z',
    '2019-236T14:15:22Z',
    '２019-08-24T14:15:22Z',
    '2019-00-24T14:15:22Z',
    '2019-13-24T14:15:22Z',
    '2019-08-00T14:15:22Z',
    '2019-08-32T14:15:22Z',
    '2019-02-31T14:15:22Z',
    '2019-04-31T14:15:22Z',
    '2019-02-29T14:15:22Z',
    '1900-02-29T14:15:22Z',
    '0100-02-29T14:15:22Z',
    '2100-02-29T14:15:22Z',
    '2019-08-24T24:00:00Z',
    '2019-08-24T14:60:22Z',
    '2019-08-24T14:15:61Z',
    '2019-08-24T14:15:22+24:00',
    '2019-08-24T14:15:22+10:60',
  ])('refuses %j', (value) => {
    expect(isDateTime(value)).toBe(false);
  });

  it.each([undefined, null, 0, 1566656122000, true, {}, [], ['2019-08-24T14:15:22Z'], new Date(0)])(
    'refuses %j, which is no string',
    (value) => {
      expect(isDateTime(value)).toBe(false);
    },
  );

  it.each([
    '2016-12-31T23:59:60Z',
    '2015-06-30T23:59:60.999Z',
    '1990-12-31T15:59:60-08:00',
    '2017-01-01T10:59:60+11:00',
    '2015-07-01T09:29:60+09:30',
  ])('takes the leap second %s', (value) => {
    expect(isDateTime(value)).toBe(true);
  });

  it.each([
    '2016-12-31T23:58:60Z',
    '2016-12-31T22:59:60Z',
    '2016-12-30T23:59:60Z',
    '2016-03-31T23:59:60Z',
    '2016-11-30T23:59:60Z',
    '2016-12-31T23:59:60+01:00',
    '2017-01-01T00:59:60Z',
  ])('refuses %s, where no leap second can be', (value) => {
    expect(isDateTime(value)).toBe(false);
  });

  it('takes 64 characters and no more', () => {
    const ofLength = (length: number) => `2019-08-24T14:15:22.${'1'.repeat(length - 21)}Z`;
    expect(isDateTime(ofLength(64))).toBe(true);
    expect(isDateTime(ofLength(65))).toBe(false);
    expect(isDateTime(ofLength(16_000))).toBe(false);
  });

  it('takes all that RFC 3339 can write, and puts it where Date does', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01'), max: new Date('9998-12-31'), noInvalidDate: true }),
        fc.integer({ min: -1439, max: 1439 }),
        (date, offsetMinutes) => {
          const local = new Date(date.getTime() + offsetMinutes * 60_000).toISOString().slice(0, -1);
          const offset = `${offsetMinutes < 0 ? '-' : '+'}${twoDigits(offsetMinutes / 60)}:${twoDigits(offsetMinutes % 60)}`;
          const { second, fraction } = instantOf(local + offset)!;
          expect(second * 1000 + Number(`0.${fraction}`) * 1000).toBeCloseTo(date.getTime(), 3);
        },
      ),
    );
  });

  it('takes of a shape like a date-time just those that Date reads back the same', () => {
    const field = (max: number) => fc.integer({ min: 0, max }).map(twoDigits);
    fc.assert(
      fc.property(
        fc.constantFrom('1900', '2000', '2019', '2020'),
        field(13),
        field(32),
        field(25),
        field(61),
        field(59),
        (year, month, day, hour, minute, second) => {
          const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
          const date = new Date(text);
          const isReal = !Number.isNaN(date.getTime()) && date.toISOString() === text;
          expect(isDateTime(text)).toBe(isReal);
        },
      ),
      { numRuns: 500 },
    );
  });

  const twoDigits = (value: number) => String(Math.trunc(Math.abs(value))).padStart(2, '0');
});
