/** The shapes of Octane's REST API, from its document "Set Customer Direct Debit" (modified 2024-10-15). */

export const DIRECT_DEBIT_TYPES = ['STANDARD_DIRECT_DEBIT', 'SPECIAL_DIRECT_DEBIT', 'OFF'] as const;
export const NOTIFICATION_FLAGS = ['Y', 'N'] as const;
export const PAYMENT_PERIODS = ['wk', 'fn', 'mn'] as const;
export const PAYMENT_METHODS = ['ST', 'SO'] as const;
export const DAYS_OF_WEEK = [1, 2, 3, 4, 5, 6, 7] as const;
export const END_TYPES = ['EA', 'ED', 'EN'] as const;

/** What Octane takes; dates are RFC 3339 date-times, the amount is in dollars. */
export interface DirectDebitOrder {
  directDebitType: (typeof DIRECT_DEBIT_TYPES)[number];
  ddNotificationFlag: (typeof NOTIFICATION_FLAGS)[number];
  ddNotificationEmail?: string;
  ddPaymentDay?: string;
  ddSpecialPaymentPeriod?: (typeof PAYMENT_PERIODS)[number];
  ddSpecialPaymentMethod?: (typeof PAYMENT_METHODS)[number];
  ddSpecialPaymentAmount?: number;
  ddSpecialDayOfWeek?: (typeof DAYS_OF_WEEK)[number];
  ddSpecialStartDate?: string;
  ddSpecialEndDate?: string;
  ddSpecialRequiredCount?: number;
}

/** What Octane answers: the order as it stands now, with what only Octane sets. */
export interface DirectDebit extends DirectDebitOrder {
  /** EA: after a count of payments; ED: on a date; EN: never. */
  ddSpecialEndType?: (typeof END_TYPES)[number];
  ddSpecialCurrentCount?: number;
}

export interface DirectDebitAnswer {
  directDebit: DirectDebit;
}

type Test = (value: unknown) => boolean;

const oneOf =
  (values: readonly unknown[]): Test =>
  (value) =>
    values.includes(value);
const isString: Test = (value) => typeof value === 'string';
const isDate: Test = (value) => typeof value === 'string' && value !== '';

/** The documented fields of an answer, in the document's order. */
const ANSWER_FIELDS = Object.entries<Test>({
  directDebitType: oneOf(DIRECT_DEBIT_TYPES),
  ddNotificationFlag: oneOf(NOTIFICATION_FLAGS),
  ddNotificationEmail: isString,
  ddPaymentDay: isString,
  ddSpecialPaymentPeriod: oneOf(PAYMENT_PERIODS),
  ddSpecialPaymentMethod: oneOf(PAYMENT_METHODS),
  ddSpecialPaymentAmount: Number.isFinite,
  ddSpecialDayOfWeek: oneOf(DAYS_OF_WEEK),
  ddSpecialEndType: oneOf(END_TYPES),
  ddSpecialStartDate: isDate,
  ddSpecialEndDate: isDate,
  ddSpecialRequiredCount: Number.isInteger,
  ddSpecialCurrentCount: Number.isInteger,
} satisfies Record<keyof DirectDebit, Test>);

const REQUIRED_FIELDS: readonly string[] = [
  'directDebitType',
  'ddNotificationFlag',
] satisfies (keyof DirectDebit)[];

/**
 * Reads the body of a 200: only documented fields are kept. An optional field that is not set is left out: it is null there,
 * or an empty text or 0 where its type does not allow that value.
 *
 * @returns undefined where it is not the documented object
 */
export function readDirectDebitAnswer(body: string): DirectDebitAnswer | undefined {
  const sent = objectIn(parse(body), 'directDebit');
  if (!sent) return undefined;
  const directDebit: Record<string, unknown> = {};
  for (const [field, fits] of ANSWER_FIELDS) {
    const value = Object.hasOwn(sent, field) ? (sent[field] ?? undefined) : undefined;
    if (value === undefined) continue;
    if (fits(value)) directDebit[field] = value;
    else if (REQUIRED_FIELDS.includes(field) || (value !== '' && value !== 0)) return undefined;
  }
  const isWhole = REQUIRED_FIELDS.every((field) => field in directDebit);
  return isWhole ? { directDebit: directDebit as unknown as DirectDebit } : undefined;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function objectIn(value: unknown, property: string): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, property)) return undefined;
  const inner = (value as Record<string, unknown>)[property];
  return typeof inner === 'object' && inner !== null && !Array.isArray(inner)
    ? (inner as Record<string, unknown>)
    : undefined;
}
