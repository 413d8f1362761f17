import {
  hasEndDate,
  hasRequiredCount,
  isPaidByWeek,
  isPaidMonthly,
  isSpecial,
  isStandardOrOff,
  wantsNotification,
} from './conditions.ts';

const NEITHER_TYPE = [undefined, null, 1, 'special_direct_debit', ['OFF'], {}];

describe('conditions of a direct debit', () => {
  it('knows the types apart, and takes no other for either', () => {
    expect(isSpecial({ directDebitType: 'SPECIAL_DIRECT_DEBIT' })).toBe(true);
    expect(isStandardOrOff({ directDebitType: 'SPECIAL_DIRECT_DEBIT' })).toBe(false);
    for (const directDebitType of ['STANDARD_DIRECT_DEBIT', 'OFF']) {
      expect(isSpecial({ directDebitType })).toBe(false);
      expect(isStandardOrOff({ directDebitType })).toBe(true);
    }
    for (const directDebitType of NEITHER_TYPE) {
      expect(isSpecial({ directDebitType })).toBe(false);
      expect(isStandardOrOff({ directDebitType })).toBe(false);
    }
  });

  it('wants a notification with Y alone', () => {
    expect(wantsNotification({ ddNotificationFlag: 'Y' })).toBe(true);
    for (const ddNotificationFlag of ['N', 'y', undefined, null, true]) {
      expect(wantsNotification({ ddNotificationFlag })).toBe(false);
    }
  });

  it('is paid by the week with wk and fn, unless the type takes no period', () => {
    for (const ddSpecialPaymentPeriod of ['wk', 'fn']) {
      expect(isPaidMonthly({ ddSpecialPaymentPeriod })).toBe(false);
      for (const directDebitType of ['SPECIAL_DIRECT_DEBIT', ...NEITHER_TYPE]) {
        expect(isPaidByWeek({ directDebitType, ddSpecialPaymentPeriod })).toBe(true);
      }
      for (const directDebitType of ['STANDARD_DIRECT_DEBIT', 'OFF']) {
        expect(isPaidByWeek({ directDebitType, ddSpecialPaymentPeriod })).toBe(false);
      }
    }
    expect(isPaidMonthly({ ddSpecialPaymentPeriod: 'mn' })).toBe(true);
    for (const ddSpecialPaymentPeriod of ['mn', 'WK', undefined, null, 1]) {
      expect(isPaidByWeek({ directDebitType: 'SPECIAL_DIRECT_DEBIT', ddSpecialPaymentPeriod })).toBe(false);
    }
  });

  it('has an end whatever its value, apart from null', () => {
    for (const value of ['2019-08-24T14:15:22Z', 0, '', false]) {
      expect(hasEndDate({ ddSpecialEndDate: value })).toBe(true);
      expect(hasRequiredCount({ ddSpecialRequiredCount: value })).toBe(true);
    }
    for (const value of [undefined, null]) {
      expect(hasEndDate({ ddSpecialEndDate: value })).toBe(false);
      expect(hasRequiredCount({ ddSpecialRequiredCount: value })).toBe(false);
    }
  });
});
