import type { ValidationOptions } from 'class-validator';
import { fieldRule } from '../../validation/field-rules.ts';

const DAY_OF_MONTH = '[1-9]|[12][0-9]|3[01]';
const IS_DAY_OF_MONTH = new RegExp(`^(?:${DAY_OF_MONTH})$`);
/** Either a day of the month, or printable, not all blank and not all digits. */
const IS_PAYMENT_DAY = new RegExp(
  `^(?:${DAY_OF_MONTH}|(?=.*\\S)(?![0-9]+$)[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Zs}]{1,16})$`,
  'u',
);

/** Whether the value is 1 to 31, as text without leading zeros. */
export const isDayOfMonth = (value: unknown): boolean =>
  typeof value === 'string' && IS_DAY_OF_MONTH.test(value);

/** Whether the value is a text of 1 to 16 printable characters, not all blank, and a day of the month when all digits. */
export const isPaymentDay = (value: unknown): boolean =>
  typeof value === 'string' && IS_PAYMENT_DAY.test(value);

export const IsPaymentDay = (options: ValidationOptions): PropertyDecorator =>
  fieldRule('isPaymentDay', isPaymentDay, options, { keywords: { pattern: IS_PAYMENT_DAY.source } });

export const IsDayOfMonth = (options: ValidationOptions): PropertyDecorator =>
  fieldRule('isDayOfMonth', isDayOfMonth, options, { keywords: { pattern: IS_DAY_OF_MONTH.source } });
