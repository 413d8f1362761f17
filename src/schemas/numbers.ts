/** What a number of JSON comes to: `digits` times ten to the power of `exponent`, without zeros at either end of the digits. */
interface Decimal {
  readonly isNegative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Any other number of JSON has at most 15 digits and a small exponent: a double gives those back as they are written. */
const MAY_BE_INEXACT = /\d(?:\.?\d){15}|\d[eE][+-]?\d{3}/;

export const isJsonNumber = (text: string): boolean => JSON_NUMBER.test(text);

/** @param text of a number of JSON, or what JavaScript writes for a finite one */
function decimalOf(text: string): Decimal {
  const [, sign, whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text)!;
  const all = (whole + fraction).replace(/^0+/, '');
  const digits = withoutZerosAtEnd(all);
  if (digits === '') return { isNegative: false, digits: '0', exponent: 0 };
  return {
    isNegative: sign === '-',
    digits,
    exponent: Number(exponent) - fraction.length + all.length - digits.length,
  };
}

function withoutZerosAtEnd(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}

/** Whether a double gives the number back with the value that is written: not 12345678901234567890, 1e400 or 1e-400. */
export function isExact(text: string): boolean {
  if (!MAY_BE_INEXACT.test(text)) return true;
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  const [written, kept] = [decimalOf(text), decimalOf(String(value))];
  return (
    written.isNegative === kept.isNegative &&
    written.digits === kept.digits &&
    written.exponent === kept.exponent
  );
}

export const isWhole = (text: string): boolean => decimalOf(text).exponent >= 0;

/** Whether a finite number, in its shortest decimal form, is a multiple of another one. Doubles would say no of 0.07 and 0.01. */
export function isMultipleOf(value: number, divisor: number): boolean {
  const [one, other] = [decimalOf(String(value)), decimalOf(String(divisor))];
  const exponent = Math.min(one.exponent, other.exponent);
  const scaled = (decimal: Decimal): bigint =>
    BigInt(decimal.digits) * 10n ** BigInt(decimal.exponent - exponent);
  return scaled(one) % scaled(other) === 0n;
}

/** A reviver of JSON.parse that is told how a number is written. */
type Reviver = (name: string, value: unknown, context: { readonly source?: string }) => unknown;

const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown;

/**
 * Parses JSON, and gives what `instead` makes of it for each number that no double holds.
 *
 * @throws SyntaxError where it is no JSON
 * @throws RangeError where it has such numbers and is nested too deeply
 */
export function parseJson(text: string, instead: (source: string) => unknown): unknown {
  if (!MAY_BE_INEXACT.test(text)) return JSON.parse(text);
  return parseWithSource(text, (_name, value, { source }) =>
    typeof value === 'number' && source !== undefined && !isExact(source) ? instead(source) : value,
  );
}

/** A number as it was written. JSON.stringify gives the very same text. */
export interface RawNumber {
  readonly rawJSON: string;
}

const json = JSON as unknown as {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
};

export const rawNumber = (text: string): RawNumber => json.rawJSON(text);
export const isRawNumber = (value: unknown): value is RawNumber => json.isRawJSON(value);
