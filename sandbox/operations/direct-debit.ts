import { json } from '../answer.ts';
import { fieldFaults, integer, isObject, number, oneOf, required, text } from '../fields.ts';
import type { Field } from '../fields.ts';
import { refused } from '../operation.ts';
import type { Operation } from '../operation.ts';

/** A direct debit as Octane documents it: only the documented properties, in the documented order. */
export type DirectDebit = Record<string, string | number>;

const dateTime =
  /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

const fields: Field[] = [
  required(oneOf('directDebitType', ['STANDARD_DIRECT_DEBIT', 'SPECIAL_DIRECT_DEBIT', 'OFF'])),
  required(oneOf('ddNotificationFlag', ['Y', 'N'])),
  text('ddNotificationEmail'),
  text('ddPaymentDay'),
  oneOf('ddSpecialPaymentPeriod', ['wk', 'fn', 'mn']),
  oneOf('ddSpecialPaymentMethod', ['ST', 'SO']),
  number('ddSpecialPaymentAmount'),
  oneOf('ddSpecialDayOfWeek', [1, 2, 3, 4, 5, 6, 7]),
  { name: 'ddSpecialStartDate', expected: 'an RFC 3339 date-time', holds: isDateTime },
  { name: 'ddSpecialEndDate', expected: 'an RFC 3339 date-time', holds: isDateTime },
  integer('ddSpecialRequiredCount'),
];

const answerOrder = [
  'directDebitType',
  'ddNotificationFlag',
  'ddNotificationEmail',
  'ddPaymentDay',
  'ddSpecialPaymentPeriod',
  'ddSpecialPaymentMethod',
  'ddSpecialPaymentAmount',
  'ddSpecialDayOfWeek',
  'ddSpecialEndType',
  'ddSpecialStartDate',
  'ddSpecialEndDate',
  'ddSpecialRequiredCount',
  'ddSpecialCurrentCount',
];

export const directDebit: Operation = {
  name: 'direct-debit',
  route: 'POST /v1/group/{groupno}/customer/{custno}/direct-debit',
  decide: ({ group: { groupno }, custno, body, records }) => {
    const errors = schemaFaults(body);
    if (errors.length > 0) return refused(errors);
    const kept = stored(body);
    return {
      answer: json(200, { directDebit: kept }),
      change: (at) => records.setDirectDebit({ at, groupno, custno, directDebit: kept }),
    };
  },
};

/** What in a request's body breaks the documented schema; empty when nothing does. */
function schemaFaults(body: unknown): string[] {
  if (!isObject(body)) return ['the body must be a JSON object'];
  const sent = body['directDebit'];
  return isObject(sent) ? fieldFaults(sent, fields, 'directDebit.') : ['directDebit must be an object'];
}

/**
 * What Octane keeps of a body without schema faults: the documented properties, and, for a special direct debit, the two
 * read-only ones. Where both a count and an end date are sent, the count decides, as in the documented example.
 */
function stored(body: unknown): DirectDebit {
  const sent = (body as { directDebit: DirectDebit }).directDebit;
  const kept = new Map<string, string | number | undefined>(fields.map(({ name }) => [name, sent[name]]));
  if (sent['directDebitType'] === 'SPECIAL_DIRECT_DEBIT') {
    kept.set('ddSpecialEndType', endType(sent));
    kept.set('ddSpecialCurrentCount', 0);
  }
  return Object.fromEntries(
    answerOrder.flatMap((name) => {
      const value = kept.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function endType(sent: DirectDebit): string {
  if (sent['ddSpecialRequiredCount'] !== undefined) return 'EA';
  return sent['ddSpecialEndDate'] === undefined ? 'EN' : 'ED';
}

function isDateTime(value: unknown): boolean {
  const date = typeof value === 'string' && dateTime.exec(value)?.[1];
  if (!date) return false;
  const midnight = new Date(`${date}T00:00:00Z`);
  // Date takes 31 February for 3 March.
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date);
}
