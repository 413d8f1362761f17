import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { audience, clients, groupCredentials, groups } from './seed.ts';
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
