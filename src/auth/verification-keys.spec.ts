import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { VerificationKeys } from './verification-keys.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
const ed25519 = generateKeyPairSync('ed25519');

const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBkjCCATegAwIBAgIUAbegcLP77JXKBwxTiYlNZ3XJayMwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSaXNzdWVyLmV4YW1wbGUuY29tMCAXDTI2MTEyMTIyNDAxMVoY
DzIxMjYxMDI4MjI0MDExWjAdMRswGQYDVQQDDBJpc3N1ZXIuZXhhbXBsZS5jb20w
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARTWz45BPkeAUK4HU47319B/DxGib1i
1rlKC7AuqPNo3ioOmagM0z0K5Gdwvg0YbmOESrc1T+90KcUG/zP6RJv+o1MwUTAd
BgNVHQ4EFgQUeyRebTwu7EAqrQ1fvBy24FTNoUYwHwYDVR0jBBgwFoAUeyRebTwu
7EAqrQ1fvBy24FTNoUYwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBG
AiEAgsJtwtqooNngahamWb0YIcw2NS96S9u0dG2Ol7lhLSsCIQC5RWuOsrEm26Z9
ZZgpbGxjOI7HEpSDMQ/I4Kf8KzAYtQ==
-----END CERTIFICATE-----
`;

interface Pair {
  readonly publicKey: KeyObject;
}

function jwk({ publicKey }: Pair, members: object = {}): JsonWebKey {
  return { ...publicKey.export({ format: 'jwk' }), ...members };
}

function pem({ publicKey }: Pair): string {
  return publicKey.export({ type: 'spki', format: 'pem' }) as string;
}

async function findAll(keys: unknown[], alg: string, kid?: string): Promise<JsonWebKey[]> {
  const found = (await VerificationKeys.fromKeySet({ keys })).candidates(alg, kid);
  return found.map((key) => key.export({ format: 'jwk' }));
}

/** The only key that may have made the signature. */
async function find(keys: unknown[], alg: string, kid?: string): Promise<JsonWebKey | undefined> {
  const found = await findAll(keys, alg, kid);
  expect(found.length).toBeLessThan(2);
  return found[0];
}

describe('the keys of a JWK Set', () => {
  describe('by algorithm', () => {
    const KEYS = { rsa, 'P-256': p256, 'P-384': p384, 'P-521': p521, secp256k1, ed25519 };
    const FITTING: Record<string, keyof typeof KEYS> = {
      RS256: 'rsa',
      RS384: 'rsa',
      RS512: 'rsa',
      PS256: 'rsa',
      PS384: 'rsa',
      PS512: 'rsa',
      ES256: 'P-256',
      ES384: 'P-384',
      ES512: 'P-521',
    };
    const everyPair = Object.keys(FITTING).flatMap((alg) =>
      Object.entries(KEYS).map(([kind, pair]) => [alg, kind, pair] as const),
    );
    it.each(everyPair)('%s with a key of the kind %s', async (alg, kind, pair) => {
      const found = await find([jwk(pair, { kid: 'a' })], alg, 'a');
      expect(found).toEqual(FITTING[alg] === kind ? jwk(pair) : undefined);
    });
  });

  describe('with a kid', () => {
    it('is the key of that name among others', async () => {
      const keys = [jwk(otherRsa, { kid: 'a' }), jwk(rsa, { kid: 'b' }), jwk(p256, { kid: 'c' })];
      expect(await find(keys, 'RS256', 'b')).toEqual(jwk(rsa));
    });

    it('is the key that fits the algorithm where two kinds share a name', async () => {
      const keys = [jwk(p256, { kid: 'a' }), jwk(rsa, { kid: 'a' })];
      expect(await find(keys, 'RS256', 'a')).toEqual(jwk(rsa));
      expect(await find(keys, 'ES256', 'a')).toEqual(jwk(p256));
    });

    it('is each of two keys that are alike in all but the value', async () => {
      const keys = [jwk(rsa, { kid: 'a' }), jwk(p256, { kid: 'a' }), jwk(otherRsa, { kid: 'a' })];
      expect(await findAll(keys, 'RS256', 'a')).toEqual([jwk(rsa), jwk(otherRsa)]);
    });

    it.each(['b', 'A', '', 'a ', '__proto__', 'constructor', '../a'])('is no key for %j', async (kid) => {
      expect(await find([jwk(rsa, { kid: 'a' })], 'RS256', kid)).toBeUndefined();
    });

    it.each([undefined, null, '', 1, ['a'], { a: 1 }])('is no key whose own kid is %j', async (kid) => {
      expect(await find([jwk(rsa, { kid })], 'RS256', 'a')).toBeUndefined();
      expect(await find([jwk(rsa, { kid })], 'RS256', '1')).toBeUndefined();
    });
  });

  describe('without a kid', () => {
    it('is the only key', async () => {
      expect(await find([jwk(rsa, { kid: 'a' })], 'RS256')).toEqual(jwk(rsa));
    });

    it('is the only key that fits the algorithm', async () => {
      const keys = [jwk(p256), jwk(rsa, { kid: 'a' }), jwk(otherRsa, { kid: 'b', alg: 'PS256' })];
      expect(await find(keys, 'RS256')).toEqual(jwk(rsa));
    });

    it('is none where two fit', async () => {
      expect(await find([jwk(rsa, { kid: 'a' }), jwk(otherRsa, { kid: 'b' })], 'RS256')).toBeUndefined();
    });

    it('is none where one key stands in the set twice', async () => {
      expect(await find([jwk(rsa, { kid: 'a' }), jwk(rsa, { kid: 'b' })], 'RS256')).toBeUndefined();
    });
  });

  it.each([
    ['another algorithm', { alg: 'RS512' }],
    ['an algorithm of encryption', { alg: 'RSA-OAEP' }],
    ['the use enc', { use: 'enc' }],
    ['a use that is no string', { use: ['sig'] }],
    ['the operation encrypt', { key_ops: ['encrypt'] }],
    ['the operations encrypt and wrapKey', { key_ops: ['encrypt', 'wrapKey'] }],
    ['encryption by its use, whatever its operations', { use: 'enc', key_ops: ['verify'] }],
    ['no operation', { key_ops: [] }],
    ['operations that are no list', { key_ops: 'verify' }],
    ['an algorithm that is no string', { alg: 256 }],
  ])('leave out a key for %s', async (_, members) => {
    expect(await find([jwk(rsa, { kid: 'a', ...members })], 'RS256', 'a')).toBeUndefined();
    expect(await find([jwk(rsa, members)], 'RS256')).toBeUndefined();
  });

  it.each([
    ['the same algorithm', { alg: 'RS256' }],
    ['the use sig', { use: 'sig' }],
    ['the operation verify', { key_ops: ['verify'] }],
    ['the operations verify and sign', { key_ops: ['verify', 'sign'] }],
    ['the operations sign and verify', { use: 'sig', key_ops: ['sign', 'verify'], alg: 'RS256' }],
    ['the operation of its private half', { key_ops: ['sign'] }],
    ['use and operation', { use: 'sig', key_ops: ['verify'], alg: 'RS256' }],
    ['members that nobody knows', { x5t: 'abc', exp: 12, 'com.example': {} }],
  ])('keep a key with %s', async (_, members) => {
    expect(await find([jwk(rsa, { kid: 'a', ...members })], 'RS256', 'a')).toEqual(jwk(rsa));
  });

  it.each<[string, unknown]>([
    ['an RSA key of 1024 bits', jwk(weakRsa, { kid: 'a' })],
    ...['AQ', 'Aw', 'EQ', 'AQAA', 'AP8', ''].map(
      (e) => [`an RSA key with the exponent ${e}`, { ...jwk(rsa), e, kid: 'a' }] as [string, unknown],
    ),
    ['an RSA key without a modulus', { ...jwk(rsa), n: '', kid: 'a' }],
    ['an EC key off its curve', { ...jwk(p256), x: jwk(p256).y, kid: 'a' }],
    ['an EC key of another length', { ...jwk(p256), x: 'AQ', kid: 'a' }],
    ['a key whose kind does not fit its algorithm', jwk(p256, { kid: 'a', alg: 'RS256' })],
    ['a private key', { ...rsa.privateKey.export({ format: 'jwk' }), kid: 'a' }],
    ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0', kid: 'a', alg: 'RS256' }],
    ['a key of an unknown kind', { kty: 'XYZ', kid: 'a' }],
    ['a key without its numbers', { kty: 'RSA', kid: 'a' }],
    ['a key with broken numbers', { ...jwk(rsa), n: '!', kid: 'a' }],
    ['only a certificate', { kty: 'RSA', x5c: [CERTIFICATE.replaceAll(/-.*-|\n/g, '')], kid: 'a' }],
    ['null', null],
    ['a number', 7],
    ['a list', []],
  ])('leave out %s and keep its neighbour', async (_, key) => {
    const keys = [key, jwk(otherRsa, { kid: 'b' })];
    expect(await find(keys, 'RS256', 'a')).toBeUndefined();
    expect(await find(keys, 'RS256', 'b')).toEqual(jwk(otherRsa));
  });

  it('are none in an empty set', async () => {
    expect(await find([], 'RS256', 'a')).toBeUndefined();
  });

  it('are at most 100', async () => {
    const keys = Array.from({ length: 101 }, (_, index) => jwk(p256, { kid: `key-${index}` }));
    expect(await find(keys, 'ES256', 'key-99')).toEqual(jwk(p256));
    expect(await find(keys, 'ES256', 'key-100')).toBeUndefined();
  });

  it.each([[undefined], [null], [7], ['keys'], [[]], [{}], [{ keys: {} }], [{ keys: null }]])(
    'cannot be read from %j',
    async (keySet) => {
      await expect(VerificationKeys.fromKeySet(keySet)).rejects.toThrow('not a JWK Set');
    },
  );
});

describe('the key of a PEM file', () => {
  it.each([
    ['an RSA key', 'RS256', pem(rsa)],
    ['an RSA key', 'PS512', pem(rsa)],
    ['a P-256 key', 'ES256', pem(p256)],
    ['a certificate', 'ES256', CERTIFICATE],
  ])('is %s, whatever the kid, for %s', (_, alg, text) => {
    const keys = VerificationKeys.fromPem(text);
    for (const kid of [undefined, 'a', '']) {
      const found = keys.candidates(alg, kid);
      expect(found.map((key) => key.equals(createPublicKey(text)))).toEqual([true]);
    }
  });

  it.each([
    ['an RSA key', 'ES256', pem(rsa)],
    ['a P-256 key', 'ES384', pem(p256)],
    ['a P-256 key', 'RS256', pem(p256)],
    ['an RSA key of 1024 bits', 'RS256', pem(weakRsa)],
    ['an Ed25519 key', 'RS256', pem(ed25519)],
  ])('is not %s for %s', (_, alg, text) => {
    expect(VerificationKeys.fromPem(text).candidates(alg, undefined)).toEqual([]);
  });
});
