import { growthOf } from './backtracking.ts';

/** The longest text, by the power of its length as which the time grows. None for a fourth power or more. */
const MAX_LENGTHS: Readonly<Record<number, number>> = { 1: Infinity, 2: 2000, 3: 256 };

export interface Pattern {
  test(text: string): boolean;
  /** The longest text that it can be asked about, where its time grows faster than the text. */
  readonly maxLength?: number;
}

const compiled = new Map<string, Pattern>();

/** @throws Error where it is no expression, or one that may take an exponential time */
export function compilePattern(source: string): Pattern {
  let pattern = compiled.get(source);
  if (!pattern) compiled.set(source, (pattern = newPattern(source)));
  return pattern;
}

function newPattern(source: string): Pattern {
  const expression = expressionOf(source);
  const growth = growthOf(expression);
  const maxLength = MAX_LENGTHS[growth];
  if (maxLength === undefined) throw new Error('this pattern may take a time that grows out of bounds');
  return maxLength === Infinity ? expression : { test: (text) => expression.test(text), maxLength };
}

function expressionOf(source: string): RegExp {
  try {
    return new RegExp(source, 'u');
  } catch {
    // An expression only without Unicode mode: `[\w-.]`, `\-`.
    try {
      return new RegExp(source);
    } catch {
      throw new Error('not a regular expression');
    }
  }
}
