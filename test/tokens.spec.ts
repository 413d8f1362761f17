import { createHash, generateKeyPairSync, KeyObject } from 'node:crypto';
import { expectProblem } from './support/expect-problem.ts';
import { forge, hmacSigner, part, signerOf, withStrayBit } from './support/forged-token.ts';
import type { Forgery } from './support/forged-token.ts';
import { TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { TokenIssuer, publicJwk } from './support/token-issuer.ts';

const STRICT = 'https://strict.example.com/';
const SEVERAL_KEYS = 'https://several-keys.example.com/';

let gateway: TestGateway;
/** The issuer of most tokens. */
let issuer: TokenIssuer;
/** As good as the first one, but no token of it came yet, so that its keys are not loaded: any look-up would be a fetch. */
let unused: TokenIssuer;
let otherIssuer: TokenIssuer;
/** No issuer of the gateway; it makes its keys as like those of `issuer` as it can. */
let attacker: TokenIssuer;
let severalKeys: TokenIssuer;

beforeAll(async () => {
  [unused, otherIssuer, attacker, severalKeys] = await Promise.all([
    TokenIssuer.start(),
    TokenIssuer.start('other-key'),
    TokenIssuer.start(),
    TokenIssuer.start(),
  ]);
  gateway = await TestGateway.start({
    gatewayFile: (file) => {
      const { jwksUri } = file['issuers'][0];
      const audience = 'octane-bff';
      file['issuers'].push(
        ...[unused, otherIssuer].map((each) => ({ issuer: each.issuer, audience, jwksUri: each.jwksUri })),
        {
          issuer: STRICT,
          jwksUri,
          audience: ['bff-1', 'bff-2'],
          requireAccessTokenType: true,
          clientIdClaim: 'appid',
          audienceClaim: 'resource',
          maxTokenLifetimeSeconds: 900,
        },
        { issuer: SEVERAL_KEYS, audience, jwksUri: severalKeys.jwksUri, algorithms: ['PS256', 'ES256'] },
      );
      const caller = { clientId: 'selfcare-app', groupno: '1001', customers: 'own' };
      for (const name of [unused.issuer, otherIssuer.issuer, STRICT, SEVERAL_KEYS]) {
        file['callers'].push({ ...caller, issuer: name });
      }
    },
  });
  issuer = gateway.issuer;
});
afterAll(() => Promise.all([gateway, unused, otherIssuer, attacker, severalKeys].map((each) => each.stop())));
beforeEach(() => gateway.octane.reset());

function send(
  authorization?: string | string[],
  path = '/v1/customers/700123/direct-debit',
): Promise<Answer> {
  const headers = authorization === undefined ? {} : { authorization };
  return gateway.call({ path, headers, body: { directDebit: VALID_DIRECT_DEBIT } });
}

async function expectAccepted(token: string, scheme = 'Bearer '): Promise<void> {
  const answer = await send(`${scheme}${token}`);
  expect({ status: answer.status, code: answer.json?.code }).toEqual({ status: 200 });
  expect(gateway.octane.hits).toHaveLength(1);
}

async function expectInvalid(token: string): Promise<void> {
  const answer = await send(`Bearer ${token}`);
  expectProblem(answer, 401, 'invalid-token');
  expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  expect(gateway.octane.hits).toHaveLength(0);
}

const now = (): number => Math.floor(Date.now() / 1000);
const publicKey = ({ key }: TokenIssuer): KeyObject => KeyObject.from(key.publicKey);
const pemOf = (from: TokenIssuer): string =>
  publicKey(from).export({ type: 'spki', format: 'pem' }) as string;

describe('no token', () => {
  it.each([
    ['no Authorization header', undefined],
    ['an empty header', ''],
    ['the scheme alone', 'Bearer'],
    ['the scheme alone, in lower case', 'bearer'],
    ['another scheme', 'Basic dXNlcjpwYXNz'],
    ['another scheme that begins alike', 'BearerToken abc'],
    ['a parameter of another scheme', 'Digest username="Bearer"'],
  ])('is %s', async (_, authorization) => {
    const answer = await send(authorization);
    expectProblem(answer, 401, 'authentication-required');
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('is a good one without its scheme', async () => {
    expectProblem(await send(await issuer.token()), 401, 'authentication-required');
  });

  it('is a good one in the query', async () => {
    const path = `/v1/customers/700123/direct-debit?access_token=${await issuer.token()}`;
    expectProblem(await send(undefined, path), 401, 'authentication-required');
  });

  it('is a good one in another header', async () => {
    const token = `Bearer ${await issuer.token()}`;
    const answer = await gateway.call({
      path: '/v1/customers/700123/direct-debit',
      headers: { 'x-authorization': token, 'proxy-authorization': token, cookie: `authorization=${token}` },
    });
    expectProblem(answer, 401, 'authentication-required');
  });
});

describe('two Authorization headers', () => {
  it.each([
    ['the same good token', (token: string) => [token, token]],
    ['a good token and Basic', (token: string) => [token, 'Basic dXNlcjpwYXNz']],
    ['Basic and a good token', (token: string) => ['Basic dXNlcjpwYXNz', token]],
    ['a good token and nothing', (token: string) => [token, '']],
    ['two bad tokens', () => ['Bearer x', 'Bearer y']],
  ])('are refused: %s', async (_, both) => {
    const answer = await send(both(`Bearer ${await issuer.token()}`));
    expectProblem(answer, 400, 'invalid-request');
    expect(gateway.octane.hits).toHaveLength(0);
  });
});

describe('a good token', () => {
  it.each(['Bearer ', 'bearer ', 'BEARER ', 'bEaReR ', 'Bearer    '])(
    'is accepted after %j',
    async (scheme) => {
      await expectAccepted(await issuer.token(), scheme);
    },
  );

  it.each([
    ['without kid, as one key alone fits', { header: { kid: undefined } }],
    ['without typ', { header: { typ: undefined } }],
    ['with typ JWT', { header: { typ: 'JWT' } }],
    ['without nbf and iat', { claims: { iat: undefined } }],
    ['with our audience in a list', { claims: { aud: ['https://other.example.com', 'octane-bff'] } }],
    ['with claims that nobody knows', { claims: { groups: ['x'], ünicode: '✓' } }],
    ['with scopes in a list', { claims: { scope: ['direct-debit:write'] } }],
    ['with azp instead of client_id', { claims: { client_id: undefined, azp: 'selfcare-app' } }],
    ['expired by less than the skew', () => ({ claims: { exp: now() - 25 } })],
    ['valid from less than the skew', () => ({ claims: { nbf: now() + 25, iat: now() + 25 } })],
    ['with fractions of seconds', () => ({ claims: { exp: now() + 0.5, nbf: now() - 0.5 } })],
    ['for a day', () => ({ claims: { exp: now() + 86_400 } })],
    ['for the rest of a day', () => ({ claims: { iat: now() - 86_000, exp: now() + 400 } })],
    ['for a day, without iat', () => ({ claims: { iat: undefined, exp: now() + 86_400 } })],
    ['with the type in full', { header: { typ: 'application/at+jwt' } }],
  ] as [string, Forgery | (() => Forgery)][])('is accepted %s', async (_, content) => {
    await expectAccepted(forge(issuer, typeof content === 'function' ? content() : content));
  });

  it('is accepted with 8 KiB, and one character more is too many', async () => {
    await expectAccepted(tokenOfLength(8192));
    gateway.octane.reset();
    await expectInvalid(tokenOfLength(8193));
  });

  function tokenOfLength(length: number): string {
    for (const kid of ['', 'k', 'ke']) {
      const missing = length - forge(issuer, { claims: { kid, pad: '' } }).length;
      for (let padding = Math.floor(missing * 0.75) - 2; padding <= missing * 0.75 + 2; padding++) {
        const token = forge(issuer, { header: { pad: kid }, claims: { pad: 'x'.repeat(padding) } });
        if (token.length === length) return token;
      }
    }
    throw new Error(`no token of ${length} characters`);
  }
});

describe('a token that costs nothing to refuse', () => {
  /** All of them would be good, but for the one thing that their name tells. */
  const FORGERIES: [string, (from: TokenIssuer) => string][] = [
    ...['none', 'None', 'NONE', 'nOnE', ' none', 'none\u0000'].flatMap((alg): typeof FORGERIES => [
      [
        `alg ${JSON.stringify(alg)} and no signature`,
        (from) => forge(from, { header: { alg }, sign: () => '' }),
      ],
      [`alg ${JSON.stringify(alg)} and a good signature`, (from) => forge(from, { header: { alg } })],
    ]),
    ['alg HS256 with the public key (PEM) as secret', (from) => confusion(from, pemOf(from))],
    ['alg HS256 with the public key (PEM, trimmed) as secret', (from) => confusion(from, pemOf(from).trim())],
    [
      'alg HS256 with the public key (DER) as secret',
      (from) => confusion(from, publicKey(from).export({ type: 'spki', format: 'der' })),
    ],
    [
      'alg HS256 with the public key (JWK) as secret',
      (from) => confusion(from, JSON.stringify(publicKey(from).export({ format: 'jwk' }))),
    ],
    ['alg HS256 with an empty secret', (from) => confusion(from, '')],
    [
      'alg HS512 with the public key as secret',
      (from) => forge(from, { header: { alg: 'HS512' }, sign: hmacSigner(pemOf(from), 'sha512') }),
    ],
    ...['RS384', 'RS512', 'PS256'].map((alg): (typeof FORGERIES)[0] => [
      `${alg}, which its issuer does not use`,
      (from) => forge(from, { header: { alg }, sign: signerOf(from.key, alg) }),
    ]),
    ...[
      'rs256',
      'RS256 ',
      'EdDSA',
      'RSA-OAEP',
      'A128KW',
      '',
      null,
      256,
      true,
      ['RS256'],
      { alg: 'RS256' },
      undefined,
    ].map((alg): (typeof FORGERIES)[0] => [
      `alg ${JSON.stringify(alg)}`,
      (from) => forge(from, { header: { alg } }),
    ]),
    ...[['exp'], ['b64'], [], null, 'exp', {}].map((crit): (typeof FORGERIES)[0] => [
      `crit ${JSON.stringify(crit)}`,
      (from) => forge(from, { header: { crit, exp: now() + 600 } }),
    ]),
    ...[true, false, null].map((b64): (typeof FORGERIES)[0] => [
      `b64 ${b64}`,
      (from) => forge(from, { header: { b64 } }),
    ]),
    ['an unencoded payload (RFC 7797)', (from) => forge(from, { header: { b64: false, crit: ['b64'] } })],
    ...[null, 1, true, ['key-1'], { kid: 'key-1' }].map((kid): (typeof FORGERIES)[0] => [
      `kid ${JSON.stringify(kid)}`,
      (from) => forge(from, { header: { kid } }),
    ]),
    ...[undefined, null, 1, true, {}].map((iss): (typeof FORGERIES)[0] => [
      `iss ${JSON.stringify(iss)}`,
      (from) => forge(from, { claims: { iss } }),
    ]),
    ['an iss in a list', (from) => forge(from, { claims: { iss: [from.issuer] } })],
    ['an unknown issuer', (from) => forge(from, { claims: { iss: 'https://unknown.example.com/' } })],
    [
      'an issuer without its slash',
      (from) => forge(from, { claims: { iss: from.issuer.replace(/\/$/, '') } }),
    ],
    ['an issuer in capitals', (from) => forge(from, { claims: { iss: from.issuer.toUpperCase() } })],
    ['an issuer with a blank', (from) => forge(from, { claims: { iss: `${from.issuer} ` } })],
    ['an issuer with a path', (from) => forge(from, { claims: { iss: `${from.issuer}x` } })],
    ['the URL of the keys as issuer', (from) => forge(from, { claims: { iss: from.jwksUri } })],
    ['__proto__ as issuer', (from) => forge(from, { claims: { iss: '__proto__' } })],
    ['more than 8 KiB', (from) => forge(from, { claims: { pad: 'x'.repeat(8192) } })],
    ['one part', (from) => partsOf(from)[0]],
    ['two parts', (from) => partsOf(from).slice(0, 2).join('.')],
    ['four parts', (from) => [...partsOf(from), 'AAAA'].join('.')],
    ['a dot in front', (from) => `.${partsOf(from).join('.')}`],
    ['a dot behind', (from) => `${partsOf(from).join('.')}.`],
    ['an empty header', (from) => ['', ...partsOf(from).slice(1)].join('.')],
    ['empty claims', (from) => [partsOf(from)[0], '', partsOf(from)[2]].join('.')],
    ['an empty signature', (from) => forge(from, { sign: () => '' })],
    ['dots alone', () => '..'],
    [
      'the five parts of a JWE',
      (from) => [part({ alg: 'RSA-OAEP', enc: 'A256GCM', kid: 'key-1' }), ...partsOf(from), 'AAAA'].join('.'),
    ],
    [
      'the JSON form of a JWS',
      (from) => JSON.stringify({ protected: partsOf(from)[0], payload: partsOf(from)[1] }),
    ],
    ['quotation marks', (from) => `"${partsOf(from).join('.')}"`],
    ['a blank inside', (from) => partsOf(from).join(' .')],
    ['a second token behind a comma', (from) => `${partsOf(from).join('.')}, ${partsOf(from).join('.')}`],
    ['padding', (from) => `${partsOf(from).join('.')}==`],
    [
      'the alphabet of plain base64',
      (from) =>
        forge(from, { claims: { pad: '~~~???' } })
          .replaceAll('-', '+')
          .replaceAll('_', '/'),
    ],
    [
      'a stray bit in its signature',
      (from) =>
        partsOf(from)
          .with(2, withStrayBit(partsOf(from)[2]))
          .join('.'),
    ],
    ['a stray bit in its claims', (from) => strayIn(from, 'claims')],
    ['a stray bit in its header', (from) => strayIn(from, 'header')],
    ...['header', 'claims'].flatMap((where) =>
      ['', 'x', '"x"', 'null', '[]', '7', '{"iss":', '\uFEFF{}'].map((text): (typeof FORGERIES)[0] => [
        `${where} that are ${JSON.stringify(text)}`,
        (from) => forge(from, { [where]: text }),
      ]),
    ),
    [
      'claims that are no UTF-8',
      (from) =>
        forge(from, { claims: Buffer.from(JSON.stringify(from.claims({ custno: '\u00ff' })), 'latin1') }),
    ],
  ];

  it.each(FORGERIES)('%s', async (_, forgery) => {
    await expectInvalid(forgery(unused));
    expect(unused.fetches).toEqual([]);
  });

  it('unlike a good one, for which the keys are fetched', async () => {
    await expectAccepted(forge(unused, {}));
    expect(unused.fetches).toEqual(['/jwks']);
  });

  function confusion(from: TokenIssuer, secret: string | Buffer): string {
    return forge(from, { header: { alg: 'HS256' }, sign: hmacSigner(secret) });
  }

  function partsOf(from: TokenIssuer): [string, string, string] {
    return forge(from, {}).split('.') as [string, string, string];
  }

  /** The signature is good for the characters as they stand, so that only the spelling is wrong. */
  function strayIn(from: TokenIssuer, where: 'header' | 'claims'): string {
    const parts = ['', 'x'].flatMap((pad) => {
      const header = part(from.header({ header: { pad } }));
      const claims = part(from.claims({ pad }));
      const stray = where === 'header' ? header : claims;
      if (stray.length % 4 === 0) return [];
      return [where === 'header' ? [withStrayBit(header), claims] : [header, withStrayBit(claims)]];
    });
    const input = parts[0]?.join('.') ?? '';
    return `${input}.${part(signerOf(from.key)(input))}`;
  }
});

describe('a token with a pointer to a key', () => {
  const POINTERS: [string, () => Promise<Record<string, unknown>>][] = [
    ['jku', async () => ({ jku: attacker.jwksUri })],
    ['x5u', async () => ({ x5u: `${attacker.issuer}certificate.pem` })],
    ['jwk', async () => ({ jwk: await publicJwk(attacker.key) })],
    [
      'x5c',
      async () => ({ x5c: [publicKey(attacker).export({ type: 'spki', format: 'der' }).toString('base64')] }),
    ],
    [
      'all of them and a kid that is a URL',
      async () => ({
        kid: attacker.jwksUri,
        jku: attacker.jwksUri,
        x5u: attacker.jwksUri,
        jwk: await publicJwk(attacker.key),
      }),
    ],
  ];

  it.each(POINTERS)('is not helped by %s', async (_, pointer) => {
    await expectInvalid(forge(issuer, { header: await pointer(), sign: signerOf(attacker.key) }));
    expect(attacker.fetches).toEqual([]);
  });

  it.each(POINTERS)('is not asked for it by %s when its signature is good', async (_, pointer) => {
    await expectAccepted(forge(issuer, { header: { ...(await pointer()), kid: 'key-1' } }));
    expect(attacker.fetches).toEqual([]);
  });

  it.each([
    ['the issuer', () => ({ claims: { iss: attacker.issuer } })],
    ['the URL of the keys', () => ({ claims: { iss: attacker.issuer, jwks_uri: attacker.jwksUri } })],
  ])('is not asked for it by %s in its claims', async (_, content) => {
    await expectInvalid(forge(attacker, content()));
    expect(attacker.fetches).toEqual([]);
  });
});

describe('a token with the wrong signature', () => {
  it.each([
    ['by the key of another issuer', () => forge(issuer, { sign: signerOf(otherIssuer.key) })],
    [
      'by the key of another issuer that it names',
      () => forge(issuer, { header: { kid: 'other-key' }, sign: signerOf(otherIssuer.key) }),
    ],
    ['by the key of the first issuer', () => forge(otherIssuer, { sign: signerOf(issuer.key) })],
    [
      'by the key of the first issuer, which it names',
      () => forge(otherIssuer, { header: { kid: 'key-1' }, sign: signerOf(issuer.key) }),
    ],
    [
      'by the key of another issuer, without a kid',
      () => forge(issuer, { header: { kid: undefined }, sign: signerOf(otherIssuer.key) }),
    ],
    ['by a key that has the same kid', () => forge(issuer, { sign: signerOf(attacker.key) })],
    ['of another token', () => spliced({ claims: { custno: '700124' } }, {})],
    ['of another header', () => spliced({ header: { typ: 'JWT' } }, {})],
    ['of zeros', () => forge(issuer, { sign: () => Buffer.alloc(256) })],
    ['of one byte', () => forge(issuer, { sign: () => Buffer.alloc(1) })],
    ['with one bit flipped', () => forge(issuer, { sign: (input) => flip(signerOf(issuer.key)(input)) })],
    ['cut off', () => forge(issuer, { sign: (input) => signerOf(issuer.key)(input).subarray(0, -3) })],
    ['by another algorithm', () => forge(issuer, { sign: signerOf(issuer.key, 'PS256') })],
    ['by another digest', () => forge(issuer, { sign: signerOf(issuer.key, 'RS512') })],
    ['with a secret', () => forge(issuer, { sign: hmacSigner(pemOf(issuer)) })],
  ])('%s', async (_, token) => {
    await expectInvalid(token());
  });

  /** The first token with the signature of the second. */
  function spliced(first: Forgery, second: Forgery): string {
    const [header, claims] = forge(issuer, first).split('.');
    return [header, claims, forge(issuer, second).split('.')[2]].join('.');
  }

  function flip(signature: Buffer | string): Buffer {
    const bytes = Buffer.from(signature);
    bytes[100]! ^= 1;
    return bytes;
  }
});

describe('a kid', () => {
  it.each([
    '../../../../../../dev/null',
    '/proc/self/environ',
    'file:///etc/passwd',
    "' OR '1'='1",
    "key-1'; DROP TABLE keys; --",
    'key-1\u0000',
    'key-1\n',
    ' key-1',
    'KEY-1',
    'key-%31',
    'key-*',
    '',
    'other-key',
    '__proto__',
    'constructor',
    '0',
    '✓',
    'k'.repeat(5000),
  ])('%j is no key', async (kid) => {
    await expectInvalid(forge(issuer, { header: { kid } }));
  });

  it('that is unknown makes the gateway ask once, however many come', async () => {
    const before = issuer.fetches.length;
    for (const kid of ['a', 'b', 'c', 'd']) await expectInvalid(forge(issuer, { header: { kid } }));
    expect(issuer.fetches.length - before).toBeLessThanOrEqual(1);
  });
});

describe('a token with wrong claims', () => {
  const WRONG_TYPES = {
    aud: [undefined, null, 7, true, {}, [], [7], ['octane-bff', null], ''],
    exp: [undefined, null, String(now() + 600), true, [now() + 600], {}],
    sub: [undefined, null, 7, true, ['user-1'], {}, ''],
    nbf: [null, '0', true, [0], {}],
    iat: [null, '0', true, [0], {}],
    scope: [null, 7, true, {}, [7], ['direct-debit:write', null]],
    scp: [null, 7, {}],
    client_id: [null, 7, true, ['selfcare-app'], {}],
  };

  it.each(
    Object.entries(WRONG_TYPES).flatMap(([claim, values]) => values.map((value) => [claim, value] as const)),
  )('%s: %j', async (claim, value) => {
    await expectInvalid(forge(issuer, { claims: { [claim]: value } }));
  });

  it('exp: beyond all numbers', async () => {
    const claims = JSON.stringify(issuer.claims()).replace(/"exp":\d+/, '"exp":1e999');
    await expectInvalid(forge(issuer, { claims }));
  });

  it('the last of two that have one name counts', async () => {
    const claims = JSON.stringify(issuer.claims());
    await expectInvalid(forge(issuer, { claims: claims.replace(/}$/, ',"exp":1}') }));
    await expectInvalid(forge(issuer, { claims: claims.replace(/}$/, ',"aud":"other"}') }));
  });

  it.each([
    ['another audience', { aud: 'octane' }],
    ['our audience in capitals', { aud: 'OCTANE-BFF' }],
    ['our audience among others in one string', { aud: 'octane-bff other' }],
    ['a list without our audience', { aud: ['octane', 'bff'] }],
    ['our audience under another name', { aud: 'octane', resource: 'octane-bff' }],
    ['expired', () => ({ exp: now() - 35 })],
    ['expired in 1970', { exp: 0 }],
    ['expired before 1970', { exp: -1 }],
    ['expired, in milliseconds of the past', () => ({ exp: -Date.now() })],
    ['not yet valid', () => ({ nbf: now() + 40 })],
    ['issued in the future', () => ({ iat: now() + 40 })],
    ['good until the year 287396', { exp: 9_007_199_254_740 }],
    ['good for ever', { exp: 1e300 }],
    ['good for ever, without iat', { iat: undefined, exp: 1e300 }],
    ['good for ever, issued before all time', { iat: -1e300, exp: 1e300 }],
    ['good for more than a day', () => ({ exp: now() + 86_460 })],
    ['good for more than a day, without iat', () => ({ iat: undefined, exp: now() + 86_460 })],
    ['good for milliseconds taken for seconds', () => ({ exp: Date.now() + 600_000 })],
    ['issued after all time', { iat: 1e300, exp: 1e300 }],
    ['good after all time', { nbf: 1e300 }],
    ['of an ID token: at_hash', { at_hash: '77QmUPtjPfzWtF2AnpK9RQ' }],
    ['of an ID token: c_hash', { c_hash: 'LDktKdoQak3Pk0cnXxCltA' }],
    ['of an ID token: c_hash that is null', { c_hash: null }],
    ['of a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
    ['of a logout token: events that are empty', { events: {} }],
    ['bound to a certificate', { cnf: { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' } }],
    ['bound to nothing', { cnf: {} }],
    ['bound to null', { cnf: null }],
  ] as [string, Record<string, unknown> | (() => Record<string, unknown>)][])('%s', async (_, claims) => {
    await expectInvalid(forge(issuer, { claims: typeof claims === 'function' ? claims() : claims }));
  });
});

describe('a token of another type', () => {
  it.each(['id+jwt', 'logout+jwt', 'secevent+jwt', 'dpop+jwt', 'JOSE', '', null, 7, ['JWT'], { typ: 'JWT' }])(
    'is refused: %j',
    async (typ) => {
      await expectInvalid(forge(issuer, { header: { typ } }));
    },
  );
});

describe('what an honest app learns of its token', () => {
  it.each<[string, () => string]>([
    ['has expired', () => forge(issuer, { claims: { exp: 1 } })],
    ['is not valid yet', () => forge(issuer, { claims: { nbf: now() + 600 } })],
    ['is valid for longer than this API accepts', () => forge(issuer, { claims: { exp: now() + 99_999 } })],
    ['is meant for another audience', () => forge(issuer, { claims: { aud: 'other' } })],
    ['is not a signed JWT', () => 'opaque'],
    ['was not accepted', () => forge(issuer, { sign: signerOf(attacker.key) })],
  ])('is that it %s', async (reason, token) => {
    const answer = await send(`Bearer ${token()}`);
    expectProblem(answer, 401, 'invalid-token');
    expect(answer.json.detail).toContain(`The access token ${reason}`);
  });
});

describe('an issuer with rules of its own', () => {
  const GOOD = {
    header: { typ: 'at+jwt' },
    claims: { iss: STRICT, aud: undefined, resource: 'bff-2', client_id: undefined, appid: 'selfcare-app' },
  };

  it.each([
    ['the type at+jwt', {}],
    ['the type in full', { header: { typ: 'application/at+jwt' } }],
    ['the type in capitals', { header: { typ: 'AT+JWT' } }],
    ['another of its audiences, in a list', { claims: { resource: ['other', 'bff-1'] } }],
    ['an aud that does not count', { claims: { aud: 7 } }],
    ['a client_id that does not count', { claims: { client_id: 'nobody' } }],
  ] as [string, Overrides][])('accepts %s', async (_, changes) => {
    await expectAccepted(strictToken(changes));
  });

  it.each([
    ['no type', { header: { typ: undefined } }],
    ['the type JWT', { header: { typ: 'JWT' } }],
    ['the type of an ID token', { header: { typ: 'id+jwt' } }],
    ['a type that is no string', { header: { typ: ['at+jwt'] } }],
    ['its audience under aud', { claims: { aud: 'bff-1', resource: undefined } }],
    ['the audience of another issuer', { claims: { resource: 'octane-bff' } }],
    ['a client of the wrong type', { claims: { appid: ['selfcare-app'] } }],
    ['a lifetime beyond its own', { claims: { exp: now() + 960 } }],
  ] as [string, Overrides][])('refuses %s', async (_, changes) => {
    await expectInvalid(strictToken(changes));
  });

  it('does not know a client by client_id', async () => {
    const token = strictToken({
      claims: { appid: undefined, client_id: 'selfcare-app', azp: 'selfcare-app' },
    });
    expectProblem(await send(`Bearer ${token}`), 403, 'caller-not-mapped');
    expect(gateway.octane.hits).toHaveLength(0);
  });

  interface Overrides {
    readonly header?: Record<string, unknown>;
    readonly claims?: Record<string, unknown>;
  }

  function strictToken({ header, claims }: Overrides): string {
    return forge(issuer, { header: { ...GOOD.header, ...header }, claims: { ...GOOD.claims, ...claims } });
  }
});

describe('the keys of an issuer', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const [sharedRsa, otherP256] = [
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ];
  const lowExponent = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
  const PAIRS = { rsa, sharedRsa, weakRsa, lowExponent, p256, otherP256, p384 };

  beforeAll(() => {
    const jwk = (kid: string, pair: { publicKey: KeyObject }, members = {}) => ({
      ...pair.publicKey.export({ format: 'jwk' }),
      kid,
      ...members,
    });
    severalKeys.keySet = [
      jwk('for PS256', rsa, { alg: 'PS256', use: 'sig' }),
      jwk('for anything', rsa),
      jwk('for RS256', rsa, { alg: 'RS256' }),
      jwk('for encryption', rsa, { use: 'enc' }),
      jwk('for key wrapping', rsa, { key_ops: ['wrapKey', 'encrypt'] }),
      jwk('weak', weakRsa),
      jwk('with exponent 3', lowExponent),
      jwk('with exponent 1', rsa, { e: 'AQ' }),
      { kty: 'RSA', kid: 'broken', n: '!', e: 'AQAB' },
      jwk('for signing', rsa, { key_ops: ['sign', 'verify'] }),
      jwk('shared', rsa, { use: 'enc' }),
      jwk('shared', p384),
      jwk('shared', rsa),
      jwk('shared', sharedRsa),
      jwk('on P-256', p256),
      jwk('on P-384', p384),
    ] as typeof severalKeys.keySet;
  });

  function signed(alg: string, kid: string | undefined, pair: keyof typeof PAIRS): string {
    return forge(issuer, {
      header: { alg, kid },
      claims: { iss: SEVERAL_KEYS },
      sign: signerOf(PAIRS[pair].privateKey, alg),
    });
  }

  it.each([
    ['PS256', 'for PS256', 'rsa'],
    ['PS256', 'for anything', 'rsa'],
    ['PS256', 'for signing', 'rsa'],
    ['PS256', 'shared', 'rsa'],
    ['PS256', 'shared', 'sharedRsa'],
    ['ES256', 'on P-256', 'p256'],
    ['ES256', undefined, 'p256'],
  ] as const)('verify %s by the key %j', async (alg, kid, pair) => {
    await expectAccepted(signed(alg, kid, pair));
  });

  it.each([
    ['an algorithm that the issuer does not use', 'RS256', 'for anything', 'rsa'],
    ['an algorithm that the issuer does not use, though the key does', 'RS256', 'for RS256', 'rsa'],
    ['a key for another algorithm', 'PS256', 'for RS256', 'rsa'],
    ['a key for encryption', 'PS256', 'for encryption', 'rsa'],
    ['a key for other operations', 'PS256', 'for key wrapping', 'rsa'],
    ['a key of 1024 bits', 'PS256', 'weak', 'weakRsa'],
    ['a key with the exponent 3', 'PS256', 'with exponent 3', 'lowExponent'],
    ['none of several keys of one name', 'PS256', 'shared', 'lowExponent'],
    ['none of several keys of one name by its kind', 'ES256', 'shared', 'p256'],
    ['another key on the same curve', 'ES256', 'on P-256', 'otherP256'],
    ['a key on another curve', 'ES256', 'on P-384', 'p384'],
    ['a key of another kind', 'ES256', 'for anything', 'p256'],
    ['no kid where two keys fit', 'PS256', undefined, 'rsa'],
    ['another key than it names', 'PS256', 'for PS256', 'weakRsa'],
  ] as const)('refuse %s', async (_, alg, kid, pair) => {
    await expectInvalid(signed(alg, kid, pair));
  });

  it('refuse what anybody can make for the exponent 1: the padded digest itself', async () => {
    const sign = (input: string): Buffer => {
      const digestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex');
      const tail = Buffer.concat([digestInfo, createHash('sha256').update(input).digest()]);
      return Buffer.concat([
        Buffer.from([0, 1]),
        Buffer.alloc(256 - 3 - tail.length, 255),
        Buffer.alloc(1),
        tail,
      ]);
    };
    issuer.keySet.push(...severalKeys.keySet.filter(({ kid }) => kid === 'with exponent 1'));
    await expectInvalid(forge(issuer, { header: { kid: 'with exponent 1' }, sign }));
    issuer.keySet.pop();
  });

  it('refuse an ECDSA signature of zeros', async () => {
    const header = { alg: 'ES256', kid: 'on P-256' };
    await expectInvalid(
      forge(issuer, { header, claims: { iss: SEVERAL_KEYS }, sign: () => Buffer.alloc(64) }),
    );
  });
});
