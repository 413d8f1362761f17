import type { DirectDebitDto } from './dto/direct-debit.dto.ts';
import {
  DAYS_OF_WEEK,
  DIRECT_DEBIT_TYPES,
  END_TYPES,
  NOTIFICATION_FLAGS,
  PAYMENT_METHODS,
  PAYMENT_PERIODS,
} from './wire.ts';
import type { DirectDebit } from './wire.ts';
import type { NamedExample } from '../operations/operation.ts';
import type { FieldWords } from '../validation/body-schema.ts';
import { consecutive } from '../validation/json-schema.ts';
import type { JsonSchema } from '../validation/json-schema.ts';

const WORDS = {
  directDebitType: {
    meaning:
      'The kind of direct debit. OFF means none. Only SPECIAL_DIRECT_DEBIT has the ddSpecial… properties.',
    example: 'SPECIAL_DIRECT_DEBIT',
  },
  ddNotificationFlag: {
    meaning: 'Whether the customer is notified by email (Y) or not (N).',
    example: 'Y',
  },
  ddNotificationEmail: { meaning: 'The email address to notify.', example: 'jo.bloggs@example.com' },
  ddPaymentDay: {
    meaning: 'The day of payment, such as the day of the month. Octane documents only that it is text.',
    example: '15',
  },
  ddSpecialPaymentPeriod: {
    meaning: 'How often a payment is taken: every week (wk), every fortnight (fn) or every month (mn).',
    example: 'fn',
  },
  ddSpecialPaymentMethod: { meaning: "The payment method, as Octane's code.", example: 'ST' },
  ddSpecialPaymentAmount: { meaning: 'The amount of each payment, in dollars.', example: 49.95 },
  ddSpecialDayOfWeek: {
    meaning:
      'The day of the week of a weekly or fortnightly payment, 1 to 7. Octane does not document which day is 1.',
    example: 5,
  },
  ddSpecialStartDate: {
    meaning: 'When the payments start: an RFC 3339 date-time with an offset.',
    example: '2027-03-01T00:00:00+11:00',
  },
  ddSpecialEndDate: {
    meaning: 'When the payments end: an RFC 3339 date-time with an offset, at or after ddSpecialStartDate.',
    example: '2027-09-01T00:00:00+10:00',
  },
  ddSpecialRequiredCount: { meaning: 'The number of payments to take.', example: 12 },
} satisfies Record<Exclude<keyof DirectDebitDto, 'ddSpecialEndType' | 'ddSpecialCurrentCount'>, FieldWords>;

export const SET_DIRECT_DEBIT_WORDS = {
  description: 'The body of Set Customer Direct Debit.',
  fields: { directDebit: { meaning: 'The new direct debit.', schema: 'DirectDebitOrder' } },
};

export const DIRECT_DEBIT_ORDER_WORDS = {
  description:
    'The new direct debit. It replaces the old one as a whole. The description of each field lists its rules. Rules between fields are also conditions of this schema, if JSON Schema can express them.',
  fields: WORDS,
};

/** What Octane answers, with every field as its document has it. */
export const DIRECT_DEBIT_SCHEMA: JsonSchema = {
  type: 'object',
  description: 'The direct debit as Octane has it now. A property without a value is left out.',
  properties: {
    directDebitType: answered('directDebitType', { type: 'string', enum: DIRECT_DEBIT_TYPES }),
    ddNotificationFlag: answered('ddNotificationFlag', { type: 'string', enum: NOTIFICATION_FLAGS }),
    ddNotificationEmail: answered('ddNotificationEmail', { type: 'string' }),
    ddPaymentDay: answered('ddPaymentDay', { type: 'string' }),
    ddSpecialPaymentPeriod: answered('ddSpecialPaymentPeriod', { type: 'string', enum: PAYMENT_PERIODS }),
    ddSpecialPaymentMethod: answered('ddSpecialPaymentMethod', { type: 'string', enum: PAYMENT_METHODS }),
    ddSpecialPaymentAmount: answered('ddSpecialPaymentAmount', { type: 'number', format: 'double' }),
    ddSpecialDayOfWeek: answered('ddSpecialDayOfWeek', consecutive(DAYS_OF_WEEK)),
    ddSpecialEndType: {
      type: 'string',
      enum: END_TYPES,
      description:
        'How the payments end: after a count (EA), on a date (ED) or never (EN). Set by Octane alone.',
      examples: ['EA'],
    },
    ddSpecialStartDate: answered('ddSpecialStartDate', { type: 'string', format: 'date-time' }),
    ddSpecialEndDate: answered('ddSpecialEndDate', { type: 'string', format: 'date-time' }),
    ddSpecialRequiredCount: answered('ddSpecialRequiredCount', { type: 'integer' }),
    ddSpecialCurrentCount: {
      type: 'integer',
      description: 'How many payments have been taken. Set by Octane alone.',
      examples: [0],
    },
  } satisfies Record<keyof DirectDebit, JsonSchema>,
  required: ['directDebitType', 'ddNotificationFlag'],
  additionalProperties: false,
};

function answered(field: keyof typeof WORDS, schema: JsonSchema): JsonSchema {
  const { meaning, example } = WORDS[field];
  return { ...schema, description: meaning, examples: [example] };
}

const FORTNIGHTLY = {
  directDebitType: 'SPECIAL_DIRECT_DEBIT',
  ddNotificationFlag: 'Y',
  ddNotificationEmail: 'jo.bloggs@example.com',
  ddSpecialPaymentPeriod: 'fn',
  ddSpecialPaymentMethod: 'ST',
  ddSpecialPaymentAmount: 49.95,
  ddSpecialDayOfWeek: 5,
  ddSpecialStartDate: '2027-03-01T00:00:00+11:00',
  ddSpecialRequiredCount: 12,
};
const MONTHLY = {
  directDebitType: 'SPECIAL_DIRECT_DEBIT',
  ddNotificationFlag: 'N',
  ddPaymentDay: '15',
  ddSpecialPaymentPeriod: 'mn',
  ddSpecialPaymentMethod: 'SO',
  ddSpecialPaymentAmount: 120,
  ddSpecialStartDate: '2027-03-01T00:00:00+11:00',
  ddSpecialEndDate: '2028-02-29T00:00:00+11:00',
};
const STANDARD = {
  directDebitType: 'STANDARD_DIRECT_DEBIT',
  ddNotificationFlag: 'Y',
  ddNotificationEmail: 'jo.bloggs@example.com',
  ddPaymentDay: '15',
};
const OFF = { directDebitType: 'OFF', ddNotificationFlag: 'N' };

/** Requests that every level lets through, and what Octane answers to them. */
const EXAMPLE_PAIRS = {
  standard: { summary: 'A standard direct debit, on the 15th', order: STANDARD, answer: STANDARD },
  fortnightly: {
    summary: 'Twelve payments, one a fortnight',
    order: FORTNIGHTLY,
    answer: { ...FORTNIGHTLY, ddSpecialEndType: 'EA', ddSpecialCurrentCount: 0 },
  },
  monthly: {
    summary: 'Payments every month, until a date',
    order: MONTHLY,
    answer: { ...MONTHLY, ddSpecialEndType: 'ED', ddSpecialCurrentCount: 0 },
  },
  off: { summary: 'Switch the direct debit off', order: OFF, answer: OFF },
};

/** Both sides of each pair, by its name. */
export const EXAMPLES = { requests: side('order'), answers: side('answer') };

function side(which: 'order' | 'answer'): Record<string, NamedExample> {
  return Object.fromEntries(
    Object.entries(EXAMPLE_PAIRS).map(([name, pair]) => [
      name,
      { summary: pair.summary, value: { directDebit: pair[which] } },
    ]),
  );
}

/** A body that every level refuses. */
export const REFUSED_DIRECT_DEBIT = {
  directDebit: {
    directDebitType: 'SPECIAL_DIRECT_DEBIT',
    ddNotificationFlag: 'yes',
    ddNotificationEmail: 'jo.bloggs at example.com',
    ddSpecialPaymentPeriod: 'mn',
    ddSpecialDayOfWeek: 8,
    ddSpecialStartDate: '2027-06-01T00:00:00+10:00',
    ddSpecialEndDate: '2027-01-01T00:00:00+11:00',
  },
};
