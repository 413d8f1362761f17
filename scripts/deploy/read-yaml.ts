import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/** Says what is wrong, and where. */
export type Complain = (fault: string) => void;

/** What a YAML or JSON file holds, document by document. A key that stands twice is a fault, and so is all that is not YAML. */
export function readYaml(path: string, complain: Complain): unknown[] {
  return parseAllDocuments(readFileSync(path, 'utf8'), { merge: true }).flatMap((document) => {
    for (const { message } of [...document.errors, ...document.warnings]) complain(`${path}: ${message}`);
    return document.errors.length > 0 ? [] : [document.toJS() as unknown];
  });
}

/** One document that is a mapping. */
export function readMapping(path: string, complain: Complain): Mapping {
  const [mapping] = readYaml(path, complain);
  if (isMapping(mapping)) return mapping;
  complain(`${path}: is not a mapping`);
  return {};
}

export type Mapping = Record<string, unknown>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of keys and indexes, undefined where there is none. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Mapping)[key] : undefined),
    value,
  );
}

/** The members of a list, none where there is no list. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `10s`, `2m` or `500ms` in milliseconds. */
export function milliseconds(duration: unknown): number {
  const [, count, unit = ''] = /^(\d+)(ms|s|m)$/.exec(String(duration)) ?? [];
  return Number(count) * ({ ms: 1, s: 1000, m: 60_000 }[unit] ?? NaN);
}
