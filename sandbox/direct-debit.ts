/** A direct debit as Octane documents it: only the documented properties, in the documented order. */
export type DirectDebit = Record<string, string | number>;

const dateTime =
  /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

interface Field {
  name: string;
  expected: string;
  holds: (value: unknown) => boolean;
  required?: true;
}

const fields: Field[] = [
  {
    ...oneOf('directDebitType', ['STANDARD_DIRECT_DEBIT', 'SPECIAL_DIRECT_DEBIT', 'OFF']),
    required: true,
  },
  { ...oneOf('ddNotificationFlag', ['Y', 'N']), required: true },
  { name: 'ddNotificationEmail', expected: 'a string', holds: isString },
  { name: 'ddPaymentDay', expected: 'a string', holds: isString },
  oneOf('ddSpecialPaymentPeriod', ['wk', 'fn', 'mn']),
  oneOf('ddSpecialPaymentMethod', ['ST', 'SO']),
  { name: 'ddSpecialPaymentAmount', expected: 'a number', holds: Number.isFinite },
  oneOf('ddSpecialDayOfWeek', [1, 2, 3, 4, 5, 6, 7]),
  { name: 'ddSpecialStartDate', expected: 'an RFC 3339 date-time', holds: isDateTime },
  { name: 'ddSpecialEndDate', expected: 'an RFC 3339 date-time', holds: isDateTime },
  { name: 'ddSpecialRequiredCount', expected: 'an integer', holds: Number.isInteger },
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

/** What in a request's body breaks the documented schema; empty when nothing does. */
export function schemaFaults(body: unknown): string[] {
  if (!isObject(body)) return ['the body must be a JSON object'];
  const sent = body['directDebit'];
  if (!isObject(sent)) return ['directDebit must be an object'];
  return fields.flatMap(({ name, expected, holds, required }) => {
    if (!Object.hasOwn(sent, name)) return required ? [`directDebit.${name} is required`] : [];
    return holds(sent[name]) ? [] : [`directDebit.${name} must be ${expected}`];
  });
}

/**
 * What Octane keeps of a body without schema faults: the documented properties, and, for a special direct debit, the two
 * read-only ones. Where both a count and an end date are sent, the count decides, as in the documented example.
 */
export function stored(body: unknown): DirectDebit {
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

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function endType(sent: DirectDebit): string {
  if (sent['ddSpecialRequiredCount'] !== undefined) return 'EA';
  return sent['ddSpecialEndDate'] === undefined ? 'EN' : 'ED';
}

function oneOf(name: string, values: unknown[]): Field {
  return { name, expected: `one of ${values.join(', ')}`, holds: (value) => values.includes(value) };
}

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

function isDateTime(value: unknown): boolean {
  const date = typeof value === 'string' && dateTime.exec(value)?.[1];
  if (!date) return false;
  const midnight = new Date(`${date}T00:00:00Z`);
  // Date takes 31 February for 3 March.
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date);
}
