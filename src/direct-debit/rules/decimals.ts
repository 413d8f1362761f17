import type { ValidationOptions } from 'class-validator';
import { fieldRule } from '../../validation/field-rules.ts';

/**
 * Whether a number needs no more than `decimals` decimals in its shortest decimal form. (class-validator's
 * `maxDecimalPlaces` throws on 1e-7.) True for what is not a number.
 */
export function hasAtMostDecimals(value: unknown, decimals: number): boolean {
  if (typeof value !== 'number') return true;
  const [mantissa, exponent = '0'] = String(value).split('e');
  const mantissaDecimals = mantissa!.split('.')[1]?.length ?? 0;
  return mantissaDecimals - Number(exponent) <= decimals;
}

export const HasAtMostDecimals = (decimals: number, options: ValidationOptions): PropertyDecorator =>
  fieldRule('hasAtMostDecimals', (value) => hasAtMostDecimals(value, decimals), options);
