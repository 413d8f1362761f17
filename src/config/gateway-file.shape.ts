import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import type { Faults } from './faults.ts';
import { CallerEntry, GroupEntry, IssuerEntry } from './gateway-file.dto.ts';

/** An entry of a list with its path, such as `callers[2]`. */
export interface Located<T> {
  readonly path: string;
  readonly entry: T;
}

/** The file's three lists. A property of an entry has its declared type only if `faults` knows nothing of its path. */
export interface GatewayFileEntries {
  readonly issuers: readonly Located<IssuerEntry>[];
  readonly callers: readonly Located<CallerEntry>[];
  readonly groups: readonly Located<GroupEntry>[];
}

const LISTS = ['issuers', 'callers', 'groups'];
const PROPERTIES = new Set([...LISTS, 'blocked']);

/** Checks everything that one property alone can have wrong: types, required and unknown properties, empty lists. */
export function checkShape(content: unknown, place: string, faults: Faults): GatewayFileEntries {
  if (!isMapping(content)) {
    faults.add(place, `must hold a mapping with ${LISTS.join(', ')}`);
    return { issuers: [], callers: [], groups: [] };
  }
  for (const property of Object.keys(content)) {
    if (!PROPERTIES.has(property)) faults.add(pathOf('', property), 'unknown property');
  }
  return {
    issuers: entriesOf(content['issuers'], 'issuers', IssuerEntry, faults),
    callers: entriesOf(content['callers'], 'callers', CallerEntry, faults),
    groups: entriesOf(content['groups'], 'groups', GroupEntry, faults),
  };
}

function entriesOf<T extends object>(
  list: unknown,
  path: string,
  Entry: new () => T,
  faults: Faults,
): Located<T>[] {
  if (!Array.isArray(list) || list.length === 0) {
    faults.add(path, list === undefined ? 'is required' : 'must be a list of at least one entry');
    return [];
  }
  return list.flatMap((value: unknown, index) => {
    const located = entryOf(value, `${path}[${index}]`, Entry, faults);
    return located ? [located] : [];
  });
}

// Each entry is validated on its own: nested validation lets an entry that is null through, and a list in the place of an entry.
function entryOf<T extends object>(
  value: unknown,
  path: string,
  Entry: new () => T,
  faults: Faults,
): Located<T> | undefined {
  if (!isMapping(value)) {
    faults.add(path, 'must be a mapping');
    return undefined;
  }
  // class-validator takes the names that every object inherits, such as hasOwnProperty, for known ones.
  const [inherited, properties] = partition(Object.entries(value), ([name]) => name in Object.prototype);
  for (const [property] of inherited) faults.add(pathOf(path, property), 'unknown property');
  const entry = plainToInstance(Entry, Object.fromEntries(properties));
  for (const { property, constraints = {} } of validateSync(entry, {
    whitelist: true,
    forbidNonWhitelisted: true,
    stopAtFirstError: true,
  })) {
    const unknown = 'whitelistValidation' in constraints;
    faults.add(pathOf(path, property), unknown ? 'unknown property' : Object.values(constraints).join('; '));
  }
  return { path, entry };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function partition<T>(items: readonly T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}

function pathOf(parent: string, property: string): string {
  if (!/^\w+$/.test(property)) return `${parent}[${JSON.stringify(property.slice(0, 64))}]`;
  return parent === '' ? property : `${parent}.${property}`;
}
