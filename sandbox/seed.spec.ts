import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { operations } from './operations.ts';
import { audience, clients, groupCredentials, groups, scopes } from './seed.ts';
import { usualIssuer } from './usual-ports.ts';

interface GatewayFile {
  issuers: { issuer: string; audience: string; jwksUri: string }[];
  callers: { clientId: string; issuer: string; customers: string }[];
  groups: { groupno: string; usernameEnv: string; passwordEnv: string }[];
}

it('is the world of config/gateway.yaml', async () => {
  const file = parse(await readFile('config/gateway.yaml', 'utf8')) as GatewayFile;
  expect(file.issuers).toEqual([{ issuer: usualIssuer, audience, jwksUri: `${usualIssuer}/jwks` }]);
  expect(file.callers.map(({ clientId, customers }) => [clientId, customers])).toEqual(
    clients.map(({ clientId, ownCustomer }) => [clientId, ownCustomer ? 'own' : 'any']),
  );
  expect(file.groups.map(({ groupno }) => groupno)).toEqual(groups.map(({ groupno }) => groupno));
  expect(file.groups.flatMap(({ usernameEnv, passwordEnv }) => [usernameEnv, passwordEnv])).toEqual(
    Object.keys(groupCredentials()),
  );
});

interface OperationsFile {
  operations: { name: string; octane?: string; scope?: string; effect?: string }[];
}

describe.each([
  ['open', (text: string) => text],
  [
    'open, and the commented out ones',
    (text: string) => text.replaceAll(/^  # ((?: {2})?(?:- )?\w+: )/gm, '  $1'),
  ],
])('of config/operations.yaml, %s', (_which, read) => {
  let entries: OperationsFile['operations'];
  beforeAll(async () => {
    const { operations: all } = parse(
      read(await readFile('config/operations.yaml', 'utf8')),
    ) as OperationsFile;
    // Whose path is not public, nobody can answer.
    entries = all.filter(({ name }) => name !== 'bounced-transactions');
  });

  it('every scope is in a token', () => {
    const needed = entries.flatMap(({ scope }) => scope ?? []);
    expect(scopes).toEqual(expect.arrayContaining(needed));
  });

  it('every operation is known by its name, where it says that it is', () => {
    const known = new Map(operations.map(({ name, route }) => [name, route]));
    expect(entries.filter(({ name }) => !known.has(name))).toEqual([]);
    for (const { name, octane } of entries) expect(octane ?? known.get(name)).toBe(known.get(name));
  });

  it('every one that only reads is one that only tells', () => {
    const telling = new Set(operations.filter(({ reads }) => reads).map(({ name }) => name));
    expect(
      entries.filter(({ effect }) => effect === 'read').map(({ name }) => telling.has(name)),
    ).not.toContain(false);
  });
});
