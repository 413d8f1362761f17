import { isDeepStrictEqual } from 'node:util';
import type { Blocked, GatewayConfig } from './gateway-config.ts';

/** What a line of the log can bear. */
const MAX_NAMES = 100;

/** Issuers, callers and groups by their names, at most a hundred of each kind of change. Of a secret only that it changed. */
export interface ConfigChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export function changesBetween(before: GatewayConfig, after: GatewayConfig): ConfigChanges {
  const [old, now] = [entriesOf(before), entriesOf(after)];
  const [oldSecrets, secrets] = [secretsOf(before), secretsOf(after)];
  const isChanged = <T>(earlier: ReadonlyMap<string, T>, name: string, entry: T): boolean =>
    earlier.has(name) && !isDeepStrictEqual(earlier.get(name), entry);
  return {
    added: listed([
      ...[...now.keys()].filter((name) => !old.has(name)),
      ...blocksMissing(before.blocked, after.blocked),
    ]),
    changed: listed([
      ...[...now].filter(([name, entry]) => isChanged(old, name, entry)).map(([name]) => name),
      ...[...secrets].filter(([name, secret]) => isChanged(oldSecrets, name, secret)).map(([name]) => name),
      ...(after.octaneTls.isSameAs(before.octaneTls) ? [] : ['certificates for Octane']),
    ]),
    removed: listed([
      ...[...old.keys()].filter((name) => !now.has(name)),
      ...blocksMissing(after.blocked, before.blocked),
    ]),
  };
}

/** How many blocks of `here` are missing `there`: a person is not named. */
function blocksMissing(there: Blocked, here: Blocked): string[] {
  const kinds = [
    ['blocked subject', missing(there.subjects, here.subjects)],
    ['blocked customer', missing(there.customers, here.customers)],
  ] as const;
  return kinds.flatMap(([kind, count]) => (count === 0 ? [] : [`${count} ${kind}${count === 1 ? '' : 's'}`]));
}

function missing(there: Blocked['subjects'], here: Blocked['subjects']): number {
  let count = 0;
  for (const [by, members] of here) {
    const others = there.get(by);
    for (const member of members) if (!others?.has(member)) count += 1;
  }
  return count;
}

/** A group has nothing but its secrets, which do not stand here. */
function entriesOf({ issuers, callers, groups }: GatewayConfig): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>([
    ...issuers.map((entry) => [`issuer ${entry.issuer}`, entry] as const),
    ...callers.map((entry) => [`caller ${entry.clientId} of ${entry.issuer}`, entry] as const),
    ...groups.map(({ groupno }) => [`group ${groupno}`, groupno] as const),
  ]);
}

function secretsOf({ groups }: GatewayConfig): ReadonlyMap<string, string> {
  return new Map(groups.map((group) => [`secret of group ${group.groupno}`, group.basicAuthorization()]));
}

function listed(names: readonly string[]): readonly string[] {
  return names.length <= MAX_NAMES
    ? names
    : [...names.slice(0, MAX_NAMES), `${names.length - MAX_NAMES} more`];
}
