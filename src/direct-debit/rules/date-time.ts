import type { ValidationOptions } from 'class-validator';
import { fieldRule } from '../../validation/field-rules.ts';

const MAX_LENGTH = 64;
const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

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
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return undefined;
  const match = DATE_TIME.exec(value);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as SixNumbers;
  const [fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = match.slice(7);
  if (hour > 23 || minute > 59 || second > 60 || Number(offsetHour) > 23 || Number(offsetMinute) > 59) {
    return undefined;
  }

  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month - 1, day);
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined;

  const offset = (sign === '-' ? -1 : 1) * (Number(offsetHour) * 3600 + Number(offsetMinute) * 60);
  const epochSecond = midnight.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset;
  if (second === 60 && !startsHalfYear(epochSecond)) return undefined;
  return { second: second === 60 ? epochSecond - 0.5 : epochSecond, fraction: fraction.replace(/0+$/, '') };
}

type SixNumbers = [number, number, number, number, number, number];

function startsHalfYear(epochSecond: number): boolean {
  const date = new Date(epochSecond * 1000);
  return epochSecond % 86_400 === 0 && date.getUTCDate() === 1 && date.getUTCMonth() % 6 === 0;
}

export const isDateTime = (value: unknown): boolean => instantOf(value) !== undefined;

/** Whether `end` is at or after `start`, as instants; true as well unless both are date-times. */
export function isNotBefore(end: unknown, start: unknown): boolean {
  const endInstant = instantOf(end);
  const startInstant = instantOf(start);
  if (!endInstant || !startInstant) return true;
  if (endInstant.second !== startInstant.second) return endInstant.second > startInstant.second;
  return endInstant.fraction >= startInstant.fraction;
}

export const IsDateTime = (options: ValidationOptions): PropertyDecorator =>
  fieldRule('isDateTime', isDateTime, options);

export const IsNotBefore = (startField: string, options: ValidationOptions): PropertyDecorator =>
  fieldRule('isNotBefore', (end, object) => isNotBefore(end, object[startField]), options);
