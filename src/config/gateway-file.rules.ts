import { ValidateBy, ValidateIf } from 'class-validator';
import { isClaimPath } from './claim.ts';
import { CUSTNO } from './customer-number.ts';
import { SIGNATURE_ALGORITHMS } from './gateway-config.ts';

const SUPPORTED = SIGNATURE_ALGORITHMS.join(', ');
/** Asymmetric too, and therefore called by name, so that nobody looks for a typing error. */
const UNSUPPORTED_ALGORITHMS = ['EdDSA', 'Ed25519', 'Ed448', 'ES256K'];

const CLAIM_FAULT = 'must be the name of a claim, or a JSON Pointer, in which ~ is written as ~0 and / as ~1';

/** Says what is wrong with a value, without the value; undefined when nothing is. */
type Rule = (value: unknown) => string | undefined;

function check(name: string, rule: Rule): PropertyDecorator {
  return ValidateBy({
    name,
    validator: {
      validate: (value) => rule(value) === undefined,
      defaultMessage: (args) => rule(args?.value) ?? '',
    },
  });
}

/** The property may be left out. Unlike with IsOptional it may not be null, which YAML makes of a key without a value. */
export function IfPresent(): PropertyDecorator {
  return ValidateIf((_entry, value) => value !== undefined);
}

export const IsText = () => check('isText', textFault);
export const IsTextOrTexts = () => check('isTextOrTexts', textsFault);
export const IsClaim = () => check('isClaim', claimFault);
export const AreBrands = () => check('areBrands', brandsFault);
export const IsGroupno = () => check('isGroupno', groupnoFault);
export const IsVariableName = () => check('isVariableName', variableNameFault);
export const IsCount = () => check('isCount', countFault);
export const AreAlgorithms = () => check('areAlgorithms', algorithmsFault);
export const IsRateLimit = () => check('isRateLimit', rateLimitFault);
export const AreScopes = () => check('areScopes', scopesFault);

export function textFault(value: unknown): string | undefined {
  if (value === undefined) return 'is required';
  if (['number', 'bigint', 'boolean'].includes(typeof value) || value instanceof Date)
    return 'must be a string: put it in quotes';
  if (value === null || (typeof value === 'string' && value.trim() === '')) return 'must not be empty';
  return typeof value === 'string' ? undefined : 'must be a string';
}

function textsFault(value: unknown): string | undefined {
  if (!Array.isArray(value)) return textFault(value);
  if (value.length === 0) return 'must not be empty';
  return value.every((text) => textFault(text) === undefined)
    ? undefined
    : 'must be a list of strings (numbers and dates in quotes), none of them empty';
}

function claimFault(value: unknown): string | undefined {
  return textFault(value) ?? (isClaimPath(value as string) ? undefined : CLAIM_FAULT);
}

function brandsFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'must be a mapping from values of the claim to group numbers';
  const groups = Object.values(value);
  if (groups.length === 0) return 'must not be empty';
  return groups.every((groupno) => textFault(groupno) === undefined)
    ? undefined
    : 'must give a string for each value of the claim: put the number in quotes';
}

export function custnoFault(value: unknown): string | undefined {
  const fault = textFault(value);
  if (fault !== undefined) return fault;
  return CUSTNO.test(value as string) ? undefined : 'must have 1 to 10 digits without a leading zero';
}

function countFault(value: unknown): string | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 1
    ? undefined
    : 'must be a whole number of at least 1';
}

/** The number becomes a segment of the path to Octane, so nothing that means something in a path may stand in it. */
function groupnoFault(value: unknown): string | undefined {
  const fault = textFault(value);
  if (fault !== undefined) return fault;
  return /^[A-Za-z0-9_-]{1,32}$/.test(value as string)
    ? undefined
    : 'must be 1 to 32 letters, digits, hyphens or underscores';
}

function variableNameFault(value: unknown): string | undefined {
  const fault = textFault(value);
  if (fault !== undefined) return fault;
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(value as string)
    ? undefined
    : 'must be the name of an environment variable';
}

/** What an integer column of PostgreSQL holds, where the counters of the limits may live. */
function rateLimitFault(value: unknown): string | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 2_147_483_647
    ? undefined
    : 'must be a whole number from 1 to 2147483647';
}

function algorithmsFault(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `must be a list of ${SUPPORTED}`;
  if (value.length === 0) return 'must not be empty';
  const supported: readonly unknown[] = SIGNATURE_ALGORITHMS;
  const others: unknown[] = value.filter((algorithm) => !supported.includes(algorithm));
  if (others.length === 0) return undefined;
  if (others.some((algorithm) => typeof algorithm === 'string' && /^HS/i.test(algorithm))) {
    return 'must not hold a symmetric algorithm (HS…): whoever can check such a token can also make one';
  }
  const name = UNSUPPORTED_ALGORITHMS.find((algorithm) => others.includes(algorithm)) ?? 'one of them';
  return `${name} is not supported: use ${SUPPORTED}`;
}

function scopesFault(value: unknown): string | undefined {
  return Array.isArray(value) && value.every(isScope)
    ? undefined
    : 'must be a list of scopes, each without blanks';
}

/** RFC 6749 §3.3: printable ASCII without a blank, a quotation mark or a backslash. */
function isScope(scope: unknown): boolean {
  return typeof scope === 'string' && /^[!#-[\]-~]+$/.test(scope);
}
