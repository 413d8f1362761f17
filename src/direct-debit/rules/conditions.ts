/** What a rule of one field may ask of the others. They may hold anything: their own rules are checked apart. */
export interface SentDirectDebit {
  readonly directDebitType?: unknown;
  readonly ddNotificationFlag?: unknown;
  readonly ddSpecialPaymentPeriod?: unknown;
  readonly ddSpecialEndDate?: unknown;
  readonly ddSpecialRequiredCount?: unknown;
}

export const isSpecial = ({ directDebitType }: SentDirectDebit): boolean =>
  directDebitType === 'SPECIAL_DIRECT_DEBIT';

/** Not the opposite of {@link isSpecial}: both are false while the type is missing or wrong. */
export const isStandardOrOff = ({ directDebitType }: SentDirectDebit): boolean =>
  directDebitType === 'STANDARD_DIRECT_DEBIT' || directDebitType === 'OFF';

export const wantsNotification = ({ ddNotificationFlag }: SentDirectDebit): boolean =>
  ddNotificationFlag === 'Y';

export const isPaidMonthly = ({ ddSpecialPaymentPeriod }: SentDirectDebit): boolean =>
  ddSpecialPaymentPeriod === 'mn';

/** False with a type that takes no period at all: what goes with the period is then no fault of its own. */
export const isPaidByWeek = (sent: SentDirectDebit): boolean =>
  (sent.ddSpecialPaymentPeriod === 'wk' || sent.ddSpecialPaymentPeriod === 'fn') && !isStandardOrOff(sent);

export const hasEndDate = ({ ddSpecialEndDate }: SentDirectDebit): boolean =>
  ddSpecialEndDate !== undefined && ddSpecialEndDate !== null;

export const hasRequiredCount = ({ ddSpecialRequiredCount }: SentDirectDebit): boolean =>
  ddSpecialRequiredCount !== undefined && ddSpecialRequiredCount !== null;
