import { isEmail, type ValidationOptions } from 'class-validator';
import { fieldRule } from '../../validation/field-rules.ts';

// A line break could add a header to Octane's mail, and half a surrogate pair makes isEmail throw.
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/u;

/** What every address has, for the schema: no more than one, and no name with it. */
const ADDRESS_SHAPE = String.raw`^("([^"\\]|\\.)*"|[^ "@,;<>]+)@[^ "@,;<>]+\.[^ "@,;<>.]+$`;

/**
 * Whether the value is one email address of at most 254 characters, without a display name. Unlike class-validator's
 * `isEmail`, it takes neither control characters nor other unseen ones in a quoted local part.
 */
export const isEmailAddress = (value: unknown): boolean =>
  typeof value === 'string' && !UNSEEN.test(value) && isEmail(value);

export const IsEmailAddress = (options: ValidationOptions): PropertyDecorator =>
  fieldRule('isEmailAddress', isEmailAddress, options, {
    // Of the two formats for addresses, `email` knows none beyond ASCII. Many validators check neither.
    keywords: { format: 'idn-email', pattern: ADDRESS_SHAPE, maxLength: 254 },
  });
