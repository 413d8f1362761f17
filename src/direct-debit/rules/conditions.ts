import { butNot, hasAny, hasValueOf } from '../../validation/conditions.ts';

export const isSpecial = hasValueOf('directDebitType', 'SPECIAL_DIRECT_DEBIT');

/** Not the opposite of {@link isSpecial}: both are false while the type is missing or wrong. */
export const isStandardOrOff = hasValueOf('directDebitType', 'STANDARD_DIRECT_DEBIT', 'OFF');

export const wantsNotification = hasValueOf('ddNotificationFlag', 'Y');

export const isPaidMonthly = hasValueOf('ddSpecialPaymentPeriod', 'mn');

/** False with a type that takes no period at all: what goes with the period is then no fault of its own. */
export const isPaidByWeek = butNot(hasValueOf('ddSpecialPaymentPeriod', 'wk', 'fn'), isStandardOrOff);

export const hasEndDate = hasAny('ddSpecialEndDate');

export const hasRequiredCount = hasAny('ddSpecialRequiredCount');
