import type { Faults } from './faults.ts';
import type { GatewayFileEntries, Located } from './gateway-file.shape.ts';

/** Checks what the entries say of each other: that nothing stands twice and that what a caller names is there. */
export function checkReferences({ issuers, callers, groups }: GatewayFileEntries, faults: Faults): void {
  const issuerNames = refuseRepeated(issuers, ['issuer'], faults);
  const groupNumbers = refuseRepeated(groups, ['groupno'], faults);
  refuseRepeated(callers, ['clientId', 'issuer'], faults);
  for (const { path, entry } of callers) {
    refuseUnknown(`${path}.issuer`, keyOf(entry, ['issuer']), issuerNames, 'no such issuer', faults);
    refuseUnknown(`${path}.groupno`, keyOf(entry, ['groupno']), groupNumbers, 'no such group', faults);
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
