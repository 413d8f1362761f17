import { generateKeyPairSync } from 'node:crypto';
import type { Issuer, Issuers } from './issuers.ts';
import { VerifiedTokens } from './verified-tokens.ts';

const { publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const issuer = {
  config: { issuer: 'https://id.example.com/', audience: ['api'], audienceClaim: 'aud' },
  keys: { candidates: async () => [key] },
} as unknown as Issuer;
const issuers = { find: () => issuer } as unknown as Issuers;
const claims = { iss: 'https://id.example.com/', sub: 'user-1', aud: 'api', exp: Date.now() / 1000 + 3600 };
const principal = {
  issuer: claims.iss,
  subject: claims.sub,
  clientId: undefined,
  scopes: [],
  jkt: undefined,
  claims,
};
const verified = { issuer, alg: 'ES256', kid: undefined, key, principal };

/** How many of these are known still. Asking is a use: the oldest are asked first. */
async function countKnown(tokens: VerifiedTokens, names: readonly string[]): Promise<number> {
  let known = 0;
  for (const name of names) known += (await tokens.principalOf(name)) ? 1 : 0;
  return known;
}

describe('verified tokens', () => {
  it('are not remembered without end', async () => {
    const tokens = new VerifiedTokens(issuers);
    const names = Array.from({ length: 45_000 }, (_, index) => `token-${index}`);
    for (const name of names) tokens.remember(name, verified);
    expect(await countKnown(tokens, names.slice(0, 25_000))).toBe(0);
    expect(await countKnown(tokens, names.slice(-10_000))).toBe(10_000);
  });

  it('take a bounded part of the memory, however long they are', async () => {
    const tokens = new VerifiedTokens(issuers);
    const names = Array.from({ length: 10_000 }, (_, index) => String(index).padStart(8 * 1024, '0'));
    for (const name of names) tokens.remember(name, verified);
    const known = await countKnown(tokens, names);
    expect(known).toBeGreaterThan(0);
    expect(known * 8 * 1024).toBeLessThanOrEqual(2 * 16 * 1024 * 1024);
  });

  it('stay known while they are in use', async () => {
    const tokens = new VerifiedTokens(issuers);
    tokens.remember('in use', verified);
    const uses = [];
    for (let turn = 0; turn < 20; turn += 1) {
      for (let other = 0; other < 5000; other += 1) tokens.remember(`other ${turn}-${other}`, verified);
      uses.push(await tokens.principalOf('in use'));
    }
    expect(uses).not.toContain(undefined);
  });

  it('are forgotten when the key or the issuer is another one', async () => {
    const { publicKey: otherKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const known = { find: (): Issuer => issuer };
    const tokens = new VerifiedTokens(known as unknown as Issuers);
    tokens.remember('token', { ...verified, key: otherKey });
    expect(await tokens.principalOf('token')).toBeUndefined();
    tokens.remember('token', verified);
    expect(await tokens.principalOf('token')).toMatchObject({ subject: 'user-1' });
    known.find = () => ({ ...issuer });
    expect(await tokens.principalOf('token')).toBeUndefined();
  });
});
