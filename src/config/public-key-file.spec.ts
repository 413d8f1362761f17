import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { InvalidValue } from './configuration-error.ts';
import { parsePublicKeys } from './public-key-file.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const lowExponent = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed25519 = generateKeyPairSync('ed25519');

const spki = { type: 'spki', format: 'pem' } as const;
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
const jwk = { format: 'jwk' } as const;

const pems = (...keys: KeyObject[]): string => keys.map((key) => key.export(spki)).join('');

// Self-signed, made for this test: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=issuer.example.com
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

const parse = (text: string | Buffer): unknown => parsePublicKeys(String(text));

describe('a public key file', () => {
  it.each([
    ['an RSA key', rsa.publicKey.export(spki)],
    ['an RSA key in PKCS #1', rsa.publicKey.export({ type: 'pkcs1', format: 'pem' })],
    ['an EC key', ec.publicKey.export(spki)],
    ['a certificate', CERTIFICATE],
  ])('may hold %s', (_, pem) => {
    expect(parse(pem)).toEqual({ kind: 'pem', pem });
  });

  it('may hold a JWK Set, of which keys of an unknown kind stay', () => {
    const keys = [
      { ...rsa.publicKey.export(jwk), kid: 'a', use: 'sig' },
      { ...ec.publicKey.export(jwk), kid: 'b', alg: 'ES256' },
      { kty: 'AKP', kid: 'c' },
    ];
    expect(parse(`\n${JSON.stringify({ keys })}`)).toEqual({ kind: 'jwks', jwks: { keys } });
  });

  it.each<[string, string | Buffer, string]>([
    ['nothing', '', 'PEM public key, a PEM certificate or a JWK Set'],
    ['another text', 'canary', 'PEM public key, a PEM certificate or a JWK Set'],
    ['a broken PEM', '-----BEGIN PUBLIC KEY-----\ncanary\n-----END PUBLIC KEY-----', 'PEM public key'],
    ['two keys', pems(rsa.publicKey, rsa.publicKey), 'several PEM keys'],
    ['two keys of different kinds', pems(rsa.publicKey, ec.publicKey), 'several PEM keys'],
    [
      'a key of a kind that is not used behind another',
      pems(rsa.publicKey, ed25519.publicKey),
      'several PEM',
    ],
    [
      'a chain of certificates',
      `# issuer\n${CERTIFICATE}# its authority\n${CERTIFICATE}`,
      'several PEM keys',
    ],
    ['a certificate and a key', CERTIFICATE + pems(ec.publicKey), 'several PEM keys'],
    ['an RSA key of 1024 bits', pems(weakRsa.publicKey), 'at least 2048 bits'],
    ['an RSA key with the exponent 3', pems(lowExponent.publicKey), 'an exponent of at least 65537'],
    ['an Ed25519 key', ed25519.publicKey.export(spki), 'EC key, or an RSA key'],
    ['a private key', rsa.privateKey.export(pkcs8), 'holds a private key'],
    ['a private EC key', ec.privateKey.export({ type: 'sec1', format: 'pem' }), 'holds a private key'],
    [
      'an encrypted private key',
      rsa.privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'x' }),
      'holds a private key',
    ],
    [
      'both keys',
      String(rsa.publicKey.export(spki)) + String(rsa.privateKey.export(pkcs8)),
      'holds a private key',
    ],
    ['broken JSON', '{"keys": [canary]}', 'a JSON object with a list of keys'],
    ['JSON without keys', '{"canary": 1}', 'a JSON object with a list of keys'],
    ['keys that are no objects', '{"keys": [null, "canary"]}', 'a JSON object with a list of keys'],
    ['no key', '{"keys": []}', 'EC key, or an RSA key'],
    [
      'only keys of another kind',
      JSON.stringify({ keys: [ed25519.publicKey.export(jwk)] }),
      'EC key, or an RSA key',
    ],
    ['only a weak key', JSON.stringify({ keys: [weakRsa.publicKey.export(jwk)] }), 'at least 2048 bits'],
    [
      'only a key with the exponent 1',
      JSON.stringify({ keys: [{ ...rsa.publicKey.export(jwk), e: 'AQ' }] }),
      'an exponent of at least 65537',
    ],
    ['only a broken key', JSON.stringify({ keys: [{ kty: 'RSA', n: 'canary' }] }), 'EC key, or an RSA key'],
    ['a private JWK', JSON.stringify({ keys: [rsa.privateKey.export(jwk)] }), 'holds a private key'],
    [
      'a symmetric JWK',
      JSON.stringify({ keys: [rsa.publicKey.export(jwk), { kty: 'oct', k: 'canary' }] }),
      'holds a symmetric key',
    ],
  ])('may not hold %s', (_, text, wrong) => {
    expect(() => parse(text)).toThrow(InvalidValue);
    expect(() => parse(text)).toThrow(wrong);
    expect(() => parse(text)).not.toThrow('canary');
  });
});
