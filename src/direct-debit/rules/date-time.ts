import type { ValidationOptions } from 'class-validator';
import { instantOf, isDateTime, MAX_DATE_TIME_LENGTH } from '../../validation/date-time.ts';
import { fieldRule } from '../../validation/field-rules.ts';

/** Whether `end` is at or after `start`, as instants; true as well unless both are date-times. */
export function isNotBefore(end: unknown, start: unknown): boolean {
  const endInstant = instantOf(end);
  const startInstant = instantOf(start);
  if (!endInstant || !startInstant) return true;
  if (endInstant.second !== startInstant.second) return endInstant.second > startInstant.second;
  return endInstant.fraction >= startInstant.fraction;
}

export const IsDateTime = (options: ValidationOptions): PropertyDecorator =>
  fieldRule('isDateTime', isDateTime, options, {
    keywords: { type: 'string', format: 'date-time', maxLength: MAX_DATE_TIME_LENGTH },
  });

export const IsNotBefore = (startField: string, options: ValidationOptions): PropertyDecorator =>
  fieldRule('isNotBefore', (end, object) => isNotBefore(end, object[startField]), options);
