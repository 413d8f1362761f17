import type { ValidationOptions } from 'class-validator';
import { fieldRule } from '../../validation/field-rules.ts';

/**
 * Whether a number can be written with `decimals` decimals: its shortest decimal form has no more. (class-validator's
 * `maxDecimalPlaces` throws on 1e-7.) True for what is not a finite number.
 */
export function hasAtMostDecimals(value: unknown, decimals: number): boolean {
  if (typeof value !== 'number' || !Number.isFinite(value)) return true;
  return Number(value.toFixed(decimals)) === value;
}

export const HasAtMostDecimals = (decimals: number, options: ValidationOptions): PropertyDecorator =>
  fieldRule('hasAtMostDecimals', (value) => hasAtMostDecimals(value, decimals), options);
