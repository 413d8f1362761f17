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
  return expressionOf(source);
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
