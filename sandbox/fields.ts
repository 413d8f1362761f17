/** A field of a body, and what Octane takes there. */
export interface Field {
  name: string;
  expected: string;
  holds: (value: unknown) => boolean;
  isRequired?: true;
}

/** What in `sent` breaks the fields. A field that is not documented is passed over. `above` stands before each name. */
export function fieldFaults(sent: Record<string, unknown>, fields: readonly Field[], above = ''): string[] {
  return fields.flatMap(({ name, expected, holds, isRequired }) => {
    if (!Object.hasOwn(sent, name)) return isRequired ? [`${above}${name} is required`] : [];
    return holds(sent[name]) ? [] : [`${above}${name} must be ${expected}`];
  });
}

export function required(field: Field): Field {
  return { ...field, isRequired: true };
}

export function oneOf(name: string, values: readonly unknown[]): Field {
  return { name, expected: `one of ${values.join(', ')}`, holds: (value) => values.includes(value) };
}

export function text(name: string): Field {
  return { name, expected: 'a string', holds: (value) => typeof value === 'string' };
}

export function number(name: string): Field {
  return { name, expected: 'a number', holds: Number.isFinite };
}

export function integer(name: string): Field {
  return { name, expected: 'an integer', holds: Number.isInteger };
}

export function boolean(name: string): Field {
  return { name, expected: 'true or false', holds: (value) => typeof value === 'boolean' };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
