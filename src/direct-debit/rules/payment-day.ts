import type { ValidationOptions } from 'class-validator';
import { fieldRule } from '../../validation/field-rules.ts';

const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]{1,16}$/u;
const ALL_DIGITS = /^[0-9]+$/;
const DAY_OF_MONTH = /^(?:[1-9]|[12][0-9]|3[01])$/;

/** Whether the value is 1 to 31, as text without leading zeros. */
export const isDayOfMonth = (value: unknown): boolean =>
  typeof value === 'string' && DAY_OF_MONTH.test(value);

/** Whether the value is a text of 1 to 16 printable characters, not all blank, and a day of the month when all digits. */
export const isPaymentDay = (value: unknown): boolean =>
  typeof value === 'string' &&
  PRINTABLE.test(value) &&
  value.trim() !== '' &&
  (!ALL_DIGITS.test(value) || isDayOfMonth(value));

export const IsPaymentDay = (options: ValidationOptions): PropertyDecorator =>
  fieldRule('isPaymentDay', isPaymentDay, options);

export const IsDayOfMonth = (options: ValidationOptions): PropertyDecorator =>
  fieldRule('isDayOfMonth', isDayOfMonth, options);
