import type { Faults } from './faults.ts';
import type { CallerEntry } from './gateway-file.dto.ts';
import type { GatewayFileEntries, Located } from './gateway-file.shape.ts';

/** Checks what the entries say of each other: that nothing stands twice and that what a caller names is there. */
export function checkReferences({ issuers, callers, groups }: GatewayFileEntries, faults: Faults): void {
  const issuerNames = refuseRepeated(issuers, ['issuer'], faults);
  const groupNumbers = refuseRepeated(groups, ['groupno'], faults);
  refuseRepeated(callers, ['clientId', 'issuer'], faults);
  for (const { path, entry } of callers) {
    refuseUnknown(`${path}.issuer`, keyOf(entry, ['issuer']), issuerNames, 'no such issuer', faults);
    checkGroups({ path, entry }, groupNumbers, faults);
  }
}

/** A caller has one group, or a claim that chooses one of several. */
function checkGroups(
  { path, entry }: Located<CallerEntry>,
  groupNumbers: ReadonlySet<string>,
  faults: Faults,
): void {
  const { groupno, groupnoClaim, groups } = entry;
  const refuse = (property: string, wrong: string): void => {
    if (!faults.has(`${path}.${property}`)) faults.add(`${path}.${property}`, wrong);
  };
  if (groupno !== undefined) {
    refuseUnknown(`${path}.groupno`, keyOf(entry, ['groupno']), groupNumbers, 'no such group', faults);
    if (groupnoClaim !== undefined) refuse('groupnoClaim', 'stands beside groupno: keep one of them');
    else if (groups !== undefined) refuse('groups', 'stands beside groupno: keep one of them');
    return;
  }
  if (groupnoClaim === undefined && groups === undefined)
    return refuse('groupno', 'is required, unless groupnoClaim and groups are set');
  if (groupnoClaim === undefined) return refuse('groupnoClaim', 'is required beside groups');
  if (groups === undefined) return refuse('groups', 'is required beside groupnoClaim');
  if (faults.has(`${path}.groups`)) return;
  for (const [value, number] of Object.entries(groups)) {
    refuseUnknown(
      `${path}.groups[${JSON.stringify(value.slice(0, 64))}]`,
      JSON.stringify([number]),
      groupNumbers,
      'no such group',
      faults,
    );
  }
}

/** Gives the keys that are there. A key is the named properties together; the fault stands at the first of them. */
function refuseRepeated<T extends object>(
  entries: readonly Located<T>[],
  properties: readonly (keyof T & string)[],
  faults: Faults,
): ReadonlySet<string> {
  const firstPaths = new Map<string, string>();
  for (const { path, entry } of entries) {
    if (properties.some((property) => faults.has(`${path}.${property}`))) continue;
    const key = keyOf(entry, properties);
    const firstPath = firstPaths.get(key);
    if (firstPath === undefined) firstPaths.set(key, path);
    else faults.add(`${path}.${properties[0]}`, `${firstPath} has the same ${properties.join(' and ')}`);
  }
  return new Set(firstPaths.keys());
}

function refuseUnknown(
  place: string,
  key: string,
  known: ReadonlySet<string>,
  wrong: string,
  faults: Faults,
): void {
  // Where nothing is known, its list is the fault, and repeating it for every caller would hide that.
  if (known.size > 0 && !known.has(key) && !faults.has(place)) faults.add(place, wrong);
}

function keyOf<T extends object>(entry: T, properties: readonly (keyof T)[]): string {
  return JSON.stringify(properties.map((property) => entry[property]));
}
