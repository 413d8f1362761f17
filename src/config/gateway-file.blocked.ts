import type { Blocked } from './gateway-config.ts';
import { custnoFault, textFault } from './gateway-file.rules.ts';
import type { GatewayFileEntries } from './gateway-file.shape.ts';
import type { Faults } from './faults.ts';

/** Of a million entries that all lack something, a start need not name each. */
const MAX_FAULTS = 100;

type Entry = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => string | undefined;

/**
 * Reads `blocked`. By hand and not by class-validator, which would take a minute for a million entries.
 *
 * @param content undefined where the file has none
 */
export function readBlocked(
  content: unknown,
  { issuers, groups }: GatewayFileEntries,
  faults: Faults,
): Blocked {
  const lists = mappingOf(content ?? {}, 'blocked', ['subjects', 'customers'], faults);
  const known = {
    issuers: new Set(issuers.map(({ entry }) => entry.issuer)),
    groups: new Set(groups.map(({ entry }) => entry.groupno)),
  };
  return {
    subjects: listOf(lists['subjects'], 'blocked.subjects', faults, {
      issuer: (issuer) => textFault(issuer) ?? unless(known.issuers, issuer, 'no such issuer'),
      subject: textFault,
    }),
    customers: listOf(lists['customers'], 'blocked.customers', faults, {
      groupno: (groupno) => textFault(groupno) ?? unless(known.groups, groupno, 'no such group'),
      custno: custnoFault,
    }),
  };
}

/** @param checks of the property that the result is sorted by, and of the one whose values are in its sets */
function listOf(
  list: unknown,
  path: string,
  faults: Faults,
  checks: Readonly<Record<string, Check>>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  if (list === undefined) return found;
  if (!Array.isArray(list)) {
    faults.add(path, 'must be a list');
    return found;
  }
  const [by = '', member = ''] = Object.keys(checks);
  let faulty = 0;
  for (const [index, entry] of (list as unknown[]).entries()) {
    if (isGood(entry, checks)) {
      const members = found.get(entry[by]!) ?? new Set();
      found.set(entry[by]!, members.add(entry[member]!));
      continue;
    }
    addFaults(entry, `${path}[${index}]`, faults, checks);
    faulty += 1;
    if (faulty >= MAX_FAULTS) break;
  }
  return found;
}

function isGood(
  entry: unknown,
  checks: Readonly<Record<string, Check>>,
): entry is Readonly<Record<string, string>> {
  if (typeof entry !== 'object' || entry === null) return false;
  const names = Object.keys(entry);
  return (
    names.length === 2 &&
    names.every((name) => Object.hasOwn(checks, name) && checks[name]!((entry as Entry)[name]) === undefined)
  );
}

/** All that is wrong with an entry that is not good. */
function addFaults(
  value: unknown,
  place: string,
  faults: Faults,
  checks: Readonly<Record<string, Check>>,
): void {
  const entry = mappingOf(value, place, Object.keys(checks), faults);
  if (faults.has(place)) return;
  for (const [name, check] of Object.entries(checks)) {
    const fault = check(entry[name]);
    if (fault !== undefined) faults.add(`${place}.${name}`, fault);
  }
}

function mappingOf(value: unknown, path: string, names: readonly string[], faults: Faults): Entry {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    faults.add(path, 'must be a mapping');
    return {};
  }
  for (const name of Object.keys(value)) {
    if (!names.includes(name))
      faults.add(`${path}[${JSON.stringify(name.slice(0, 64))}]`, 'unknown property');
  }
  return value as Entry;
}

function unless(known: ReadonlySet<string>, value: unknown, wrong: string): string | undefined {
  return known.has(value as string) ? undefined : wrong;
}
