import fc from 'fast-check';
import { RULE_LEVELS, type RuleLevel, type ViolationCode } from '../../src/validation/rule-levels.ts';

/** The object `directDebit` as an app sends it. */
export type Sent = Readonly<Record<string, unknown>>;
type Mutation = readonly [field: string, code: ViolationCode, mutate: (sent: Sent) => Sent];

/** The fields that an app may send, in the document's order. */
export const DIRECT_DEBIT_FIELDS = [
  'directDebitType',
  'ddNotificationFlag',
  'ddNotificationEmail',
  'ddPaymentDay',
  'ddSpecialPaymentPeriod',
  'ddSpecialPaymentMethod',
  'ddSpecialPaymentAmount',
  'ddSpecialDayOfWeek',
  'ddSpecialStartDate',
  'ddSpecialEndDate',
  'ddSpecialRequiredCount',
];

const email = fc.stringMatching(/^[a-z0-9]{1,20}(\.[a-z0-9_+-]{1,20})?@[a-z0-9]{1,20}\.(com|net\.au)$/);
const dayOfMonth = fc.integer({ min: 1, max: 31 }).map(String);
const amount = fc.integer({ min: 1, max: 999_999_999 }).map((cents) => cents / 100);

const epochMs = fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(2100, 0, 1) });
const offsetMinutes = fc.integer({ min: -14 * 60, max: 14 * 60 });
const decimals = fc.stringMatching(/^\d{0,20}$/);

function dateTime(ms: number, offset: number, digits: string): string {
  const local = new Date(ms + offset * 60_000).toISOString().slice(0, -1);
  const hours = String(Math.trunc(Math.abs(offset) / 60)).padStart(2, '0');
  const minutes = String(Math.abs(offset) % 60).padStart(2, '0');
  return `${local}${digits}${offset < 0 ? '-' : '+'}${hours}:${minutes}`;
}

const dates = fc
  .tuple(epochMs, fc.integer({ min: 1, max: 1e12 }), offsetMinutes, offsetMinutes, decimals, decimals)
  .map(([startMs, lengthMs, startOffset, endOffset, startDigits, endDigits]) => ({
    ddSpecialStartDate: dateTime(startMs, startOffset, startDigits),
    ddSpecialEndDate: dateTime(startMs + lengthMs, endOffset, endDigits),
  }));

/** Those of the fields that may be left out, where the level leaves them open. */
const optional = (level: RuleLevel) => (level === 'strict' ? 1 : 0.5);
const maybe = <T>(arbitrary: fc.Arbitrary<T>, probability: number) =>
  probability === 1 ? arbitrary : fc.option(arbitrary, { nil: undefined });

/** Any direct debit that the level lets through. */
export function validDirectDebit(level: RuleLevel): fc.Arbitrary<Sent> {
  const notification = fc.oneof(
    fc.record({ ddNotificationFlag: fc.constant('Y'), ddNotificationEmail: maybe(email, optional(level)) }),
    fc.record({ ddNotificationFlag: fc.constant('N'), ddNotificationEmail: maybe(email, 0.5) }),
  );
  const anyDay = fc.oneof(dayOfMonth, fc.constantFrom('EOM', '15th', 'last Friday', 'Último día'));
  const paymentDay = fc.record({ ddPaymentDay: maybe(level === 'strict' ? dayOfMonth : anyDay, 0.5) });
  const period = fc.oneof(
    fc.constant({ ddSpecialPaymentPeriod: 'mn' }),
    fc.record({
      ddSpecialPaymentPeriod: fc.constantFrom('wk', 'fn'),
      ddSpecialDayOfWeek: maybe(fc.integer({ min: 1, max: 7 }), optional(level)),
    }),
  );
  const end = fc.constantFrom('date', 'count', 'none');
  const special = fc
    .tuple(
      period,
      maybe(fc.constantFrom('ST', 'SO'), optional(level)),
      maybe(amount, optional(level)),
      dates,
      end,
      fc.integer({ min: 1, max: 2_147_483_647 }),
    )
    .map(([paid, ddSpecialPaymentMethod, ddSpecialPaymentAmount, range, endsBy, count]) => ({
      directDebitType: 'SPECIAL_DIRECT_DEBIT',
      ...paid,
      ddSpecialPaymentMethod,
      ddSpecialPaymentAmount,
      ddSpecialStartDate: range.ddSpecialStartDate,
      ddSpecialEndDate: endsBy === 'date' ? range.ddSpecialEndDate : undefined,
      ddSpecialRequiredCount: endsBy === 'count' ? count : undefined,
    }));
  const plain = fc.record({ directDebitType: fc.constantFrom('STANDARD_DIRECT_DEBIT', 'OFF') });
  return fc
    .tuple(fc.oneof(plain, special), notification, paymentDay)
    .chain((parts) => shuffledJson(Object.assign({}, ...parts) as Sent));
}

/** What an app would send of an object: its properties in any order, those that are undefined left out. */
function shuffledJson(sent: Sent): fc.Arbitrary<Sent> {
  const entries = Object.entries(sent).filter(([, value]) => value !== undefined);
  return fc
    .shuffledSubarray(entries, { minLength: entries.length })
    .map((shuffled) => JSON.parse(JSON.stringify(Object.fromEntries(shuffled))) as Sent);
}

const set = (field: string, value: unknown) => (sent: Sent) => ({ ...sent, [field]: value });
const remove = (field: string) => (sent: Sent) =>
  Object.fromEntries(Object.entries(sent).filter(([name]) => name !== field));

/** What no body survives, at a level and at those after it. */
const MUTATIONS: Readonly<Record<RuleLevel, (sent: Sent) => readonly Mutation[]>> = {
  documented: () => [
    ...['directDebitType', 'ddNotificationFlag'].map((field): Mutation => [field, 'required', remove(field)]),
    ...DIRECT_DEBIT_FIELDS.map((field): Mutation => [field, 'null', set(field, null)]),
    ...['ddSpecialEndType', 'ddSpecialCurrentCount'].flatMap((field): Mutation[] => [
      [field, 'read_only', set(field, null)],
      [field, 'read_only', set(field, 'EA')],
    ]),
    ['directDebitType', 'enum', set('directDebitType', 'SPECIAL')],
    ['ddNotificationFlag', 'enum', set('ddNotificationFlag', true)],
    ['ddNotificationEmail', 'type', set('ddNotificationEmail', ['jo@example.com'])],
    ['ddPaymentDay', 'type', set('ddPaymentDay', 15)],
    ['ddSpecialPaymentPeriod', 'enum', set('ddSpecialPaymentPeriod', 'dd')],
    ['ddSpecialPaymentMethod', 'enum', set('ddSpecialPaymentMethod', 1)],
    ['ddSpecialPaymentAmount', 'type', set('ddSpecialPaymentAmount', '10.00')],
    ['ddSpecialPaymentAmount', 'type', set('ddSpecialPaymentAmount', Infinity)],
    ['ddSpecialDayOfWeek', 'enum', set('ddSpecialDayOfWeek', '1')],
    ['ddSpecialStartDate', 'format', set('ddSpecialStartDate', '2027-02-29T00:00:00Z')],
    ['ddSpecialEndDate', 'format', set('ddSpecialEndDate', '2027-01-01')],
    ['ddSpecialRequiredCount', 'type', set('ddSpecialRequiredCount', 1.5)],
  ],
  standard: (sent) => {
    const everyType: Mutation[] = [
      ['x', 'unknown_property', set('x', null)],
      ['toString', 'unknown_property', set('toString', 1)],
      ['ddNotificationEmail', 'format', set('ddNotificationEmail', 'jo@example.com, al@example.com')],
      ['ddPaymentDay', 'format', set('ddPaymentDay', '032')],
    ];
    if (sent['directDebitType'] !== 'SPECIAL_DIRECT_DEBIT') {
      return [...everyType, ['ddSpecialPaymentAmount', 'not_applicable', set('ddSpecialPaymentAmount', 10)]];
    }
    return [
      ...everyType,
      ['ddSpecialPaymentPeriod', 'not_applicable', set('directDebitType', 'OFF')],
      ['ddSpecialPaymentPeriod', 'required', remove('ddSpecialPaymentPeriod')],
      ['ddSpecialPaymentAmount', 'range', set('ddSpecialPaymentAmount', 0)],
      ['ddSpecialPaymentAmount', 'range', set('ddSpecialPaymentAmount', 10_000_000)],
      ['ddSpecialPaymentAmount', 'precision', set('ddSpecialPaymentAmount', 0.005)],
      [
        'ddSpecialRequiredCount',
        sent['ddSpecialEndDate'] === undefined ? 'range' : 'mutually_exclusive',
        set('ddSpecialRequiredCount', 0),
      ],
      [
        'ddSpecialEndDate',
        sent['ddSpecialRequiredCount'] === undefined ? 'date_order' : 'mutually_exclusive',
        set('ddSpecialEndDate', '1969-12-30T00:00:00Z'),
      ],
      [
        'ddSpecialDayOfWeek',
        'not_applicable',
        (valid) => ({ ...valid, ddSpecialPaymentPeriod: 'mn', ddSpecialDayOfWeek: 1 }),
      ],
    ];
  },
  strict: (sent) => {
    const required = DIRECT_DEBIT_FIELDS.slice(4).filter(
      (field) => sent[field] !== undefined && !field.startsWith('ddSpecialEnd') && !field.endsWith('Count'),
    );
    return [
      ['ddPaymentDay', 'format', set('ddPaymentDay', 'EOM')],
      ...required.map((field): Mutation => [field, 'required', remove(field)]),
      ...(sent['ddNotificationFlag'] === 'Y'
        ? [['ddNotificationEmail', 'required', remove('ddNotificationEmail')] satisfies Mutation]
        : []),
    ];
  },
};

const levelsUpTo = (level: RuleLevel) => RULE_LEVELS.slice(0, RULE_LEVELS.indexOf(level) + 1);

/** A valid direct debit with one change that the level refuses, and the field and code that it must be refused with. */
export function brokenDirectDebit(
  level: RuleLevel,
): fc.Arbitrary<{ field: string; code: ViolationCode; directDebit: Sent }> {
  return validDirectDebit(level).chain((directDebit) =>
    fc
      .constantFrom(...levelsUpTo(level).flatMap((earlier) => MUTATIONS[earlier](directDebit)))
      .map(([field, code, mutate]) => ({ field, code, directDebit: mutate(directDebit) })),
  );
}
