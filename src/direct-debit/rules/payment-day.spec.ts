import { isDayOfMonth, isPaymentDay } from './payment-day.ts';

const DAYS = Array.from({ length: 31 }, (_, index) => String(index + 1));
const NO_DAYS = ['0', '00', '01', '09', '32', '99', '031', '100', '9'.repeat(16)];
const NO_STRINGS = [undefined, null, 15, true, {}, ['15']];

describe('isDayOfMonth', () => {
  it.each(DAYS)('takes %s', (value) => {
    expect(isDayOfMonth(value)).toBe(true);
  });

  it.each([
    ...NO_DAYS,
    ...NO_STRINGS,
    '',
    ' 1',
    '1 ',
    '1\n',
    '+1',
    '-1',
    '1.0',
    '1e1',
    '0x1',
    '١',
    '１',
    'last',
  ])('refuses %j', (value) => {
    expect(isDayOfMonth(value)).toBe(false);
  });
});

describe('isPaymentDay', () => {
  it.each([
    ...DAYS,
    'string',
    'last',
    '15th',
    'Last Friday',
    ' 15',
    '1,15',
    '-1',
    '+1',
    '1.0',
    '月末',
    'ａ',
    '🗓',
  ])('takes %s', (value) => {
    expect(isPaymentDay(value)).toBe(true);
  });

  it.each([...NO_DAYS, ...NO_STRINGS, '', ' ', '   ', '\u3000', '\u00a0'])('refuses %j', (value) => {
    expect(isPaymentDay(value)).toBe(false);
  });

  it.each([
    '1\n',
    'a\tb',
    'a\u0000',
    'a\u007f',
    'a\u0085',
    'a\u2028',
    'a\u2029',
    'a\u200b',
    'a\u202e',
    'a\ud800',
  ])('refuses %j, which is not printable', (value) => {
    expect(isPaymentDay(value)).toBe(false);
  });

  it('takes 16 characters and no more, however they are encoded', () => {
    expect(isPaymentDay('a'.repeat(16))).toBe(true);
    expect(isPaymentDay('a'.repeat(17))).toBe(false);
    expect(isPaymentDay('🗓'.repeat(16))).toBe(true);
    expect(isPaymentDay('🗓'.repeat(17))).toBe(false);
  });
});
