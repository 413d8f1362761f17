import { generateKeyPair, SignJWT } from 'jose';
import { KeyObject } from 'node:crypto';
import { SIGNATURE_ALGORITHMS } from '../config/gateway-file.ts';
import { canBeSignedBy } from './signature.ts';

describe.each(SIGNATURE_ALGORITHMS)('a signature of %s', (alg) => {
  let token: string;
  let key: KeyObject;
  let otherKey: KeyObject;
  beforeAll(async () => {
    const [pair, other] = await Promise.all([generateKeyPair(alg), generateKeyPair(alg)]);
    token = await new SignJWT({ sub: 'user-1' }).setProtectedHeader({ alg }).sign(pair.privateKey);
    key = KeyObject.from(pair.publicKey);
    otherKey = KeyObject.from(other.publicKey);
  });

  it('fits its token and its key', () => {
    expect(canBeSignedBy(key, alg, token)).toBe(true);
  });

  it('fits no other key, no other token and no other signature', () => {
    expect(canBeSignedBy(otherKey, alg, token)).toBe(false);
    expect(canBeSignedBy(key, alg, `x${token}`)).toBe(false);
    expect(canBeSignedBy(key, alg, `${token.slice(0, -12)}AAAAAAAAAAAA`)).toBe(false);
    expect(canBeSignedBy(key, alg, token.slice(0, token.lastIndexOf('.') + 1))).toBe(false);
  });
});
