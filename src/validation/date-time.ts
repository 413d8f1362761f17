export const MAX_DATE_TIME_LENGTH = 64;
const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;
const DAYS_OF_MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS_OF_400_YEARS = 146_097;

/** A point on the UTC time scale, of any precision; ordered by `second`, then `fraction`. */
export interface Instant {
  /** Seconds since 1970-01-01T00:00:00Z. A leap second has no number of its own: it is half before the next one. */
  readonly second: number;
  /** The decimals of the second without trailing zeros; as text they sort as they do as a number. */
  readonly fraction: string;
}

/**
 * The instant of an RFC 3339 `date-time`: real calendar days of the years 0000 to 9999, an offset, and second 60 only
 * where UTC can have a leap second, at the end of June or December. Longer than 64 characters is no date-time.
 */
export function instantOf(value: unknown): Instant | undefined {
  if (typeof value !== 'string' || value.length > MAX_DATE_TIME_LENGTH) return undefined;
  const match = DATE_TIME.exec(value);
  if (!match) return undefined;
  const number = (group: number): number => Number(match[group] ?? 0);
  const [hour, minute, second] = [number(4), number(5), number(6)];
  const [offsetHour, offsetMinute] = [number(9), number(10)];
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return undefined;

  const day = epochDay(number(1), number(2), number(3));
  if (day === undefined) return undefined;
  const offset = (match[8] === '-' ? -1 : 1) * (offsetHour * 3600 + offsetMinute * 60);
  const epochSecond = day * 86_400 + hour * 3600 + minute * 60 + second - offset;
  if (second === 60 && !startsHalfYear(epochSecond)) return undefined;
  const fraction = match[7]?.replace(/0+$/, '') ?? '';
  return { second: second === 60 ? epochSecond - 0.5 : epochSecond, fraction };
}

/** Days since 1970-01-01, or undefined where the calendar has no such day. */
function epochDay(year: number, month: number, day: number): number | undefined {
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && isLeapYear ? 29 : (DAYS_OF_MONTHS[month - 1] ?? 0);
  if (day < 1 || day > days) return undefined;
  // Date.UTC takes the years 0 to 99 for 1900 to 1999; after 400 years the calendar begins again.
  return Date.UTC(year + 400, month - 1, day) / 86_400_000 - DAYS_OF_400_YEARS;
}

function startsHalfYear(epochSecond: number): boolean {
  const date = new Date(epochSecond * 1000);
  return epochSecond % 86_400 === 0 && date.getUTCDate() === 1 && date.getUTCMonth() % 6 === 0;
}

export const isDateTime = (value: unknown): boolean => instantOf(value) !== undefined;
