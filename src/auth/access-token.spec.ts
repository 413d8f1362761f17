import fc from 'fast-check';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problems/problem.ts';
import { accessToken, readUnverified } from './access-token.ts';

const BASE64URL_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** A request as Node reads it: it keeps only the first Authorization header in `headers`. */
function requestWith(...authorizations: string[]): FastifyRequest {
  const [authorization] = authorizations;
  const rawHeaders = [
    'Host',
    'authorization',
    ...authorizations.flatMap((value) => ['AUTHORIZATION', value]),
  ];
  return {
    raw: { headers: authorization === undefined ? {} : { authorization }, rawHeaders },
  } as FastifyRequest;
}

/** The code of the refusal; anything else that was thrown, as it is. */
function refusal(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof Problem ? error.code : error;
  }
}

describe('the access token of a request', () => {
  it.each([
    ['Bearer a.b.c', 'a.b.c'],
    ['bearer a.b.c', 'a.b.c'],
    ['BEARER a.b.c', 'a.b.c'],
    ['bEaReR    a.b.c', 'a.b.c'],
    ['Bearer -_0.Az.-_', '-_0.Az.-_'],
    [`Bearer a.${'b'.repeat(8188)}.c`, `a.${'b'.repeat(8188)}.c`],
  ])('stands in %j', (authorization, token) => {
    expect(accessToken(requestWith(authorization))).toEqual({ scheme: 'Bearer', token });
  });

  it('may come with a proof', () => {
    expect(accessToken(requestWith('dPoP  a.b.c'))).toEqual({ scheme: 'DPoP', token: 'a.b.c' });
  });

  it.each([
    [],
    [''],
    ['Bearer'],
    ['bearer'],
    ['DPoP'],
    ['DPoP '],
    ['DPoPa.b.c'],
    ['Basic dTpw'],
    ['Bearera.b.c'],
    ['Bearer\ta.b.c'],
    ['a.b.c'],
    ['Token a.b.c'],
  ])('is missing in %j', (...authorizations) => {
    expect(refusal(() => accessToken(requestWith(...authorizations)))).toBe('authentication-required');
  });

  it.each([
    'Bearer a',
    'Bearer a.b',
    'Bearer a.b.',
    'Bearer .b.c',
    'Bearer a..c',
    'Bearer a.b.c.d',
    'Bearer a.b.c.d.e',
    'Bearer "a.b.c"',
    'Bearer a.b.c, Bearer a.b.c',
    'Bearer a.b.c d',
    'Bearer \ta.b.c',
    'Bearer a.b.c\u00a0',
    'Bearer a.b.c=',
    'Bearer a.b.+/',
    'Bearer a.b.é',
    `Bearer a.${'b'.repeat(8189)}.c`,
  ])('is malformed in %j', (authorization) => {
    expect(refusal(() => accessToken(requestWith(authorization)))).toBe('invalid-token');
  });

  it.each([
    ['Bearer a.b.c', 'Bearer a.b.c'],
    ['Bearer a.b.c', 'Basic dTpw'],
    ['Basic dTpw', 'Bearer a.b.c'],
    ['', ''],
  ])('must not come in two headers: %j, %j', (...authorizations) => {
    expect(refusal(() => accessToken(requestWith(...authorizations)))).toBe('invalid-request');
  });
});

describe('an unverified token', () => {
  const encode = (value: unknown) =>
    Buffer.from(
      typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value),
    ).toString('base64url');
  const HEADER = { alg: 'RS256', kid: 'a' };
  const CLAIMS = { iss: 'https://id.example.com/', sub: 'é' };
  const token = (header: unknown, claims: unknown, signature = 'AAAA') =>
    `${encode(header)}.${encode(claims)}.${signature}`;

  it('is read into its header and claims', () => {
    expect(readUnverified(token(HEADER, CLAIMS))).toEqual({ header: HEADER, claims: CLAIMS });
  });

  it.each([
    ['a header without alg', token({ kid: 'a' }, CLAIMS)],
    ['an alg that is no string', token({ alg: ['RS256'] }, CLAIMS)],
    ['crit', token({ ...HEADER, crit: ['exp'] }, CLAIMS)],
    ['an empty crit', token({ ...HEADER, crit: [] }, CLAIMS)],
    ['crit null', token({ ...HEADER, crit: null }, CLAIMS)],
    ['b64 false', token({ ...HEADER, b64: false }, CLAIMS)],
    ['b64 true', token({ ...HEADER, b64: true }, CLAIMS)],
    ['a kid that is null', token({ ...HEADER, kid: null }, CLAIMS)],
    ['a kid that is a number', token({ ...HEADER, kid: 1 }, CLAIMS)],
    ['a kid that is a list', token({ ...HEADER, kid: ['a'] }, CLAIMS)],
    ['claims without iss', token(HEADER, { sub: 'x' })],
    ['an iss that is no string', token(HEADER, { iss: [CLAIMS.iss] })],
    ...[
      '',
      'x',
      '"x"',
      'null',
      '[]',
      '7',
      `${JSON.stringify(CLAIMS)}x`,
      `\uFEFF${JSON.stringify(CLAIMS)}`,
    ].flatMap((text) => [
      [`the header ${text}`, token(text, CLAIMS)],
      [`the claims ${text}`, token(HEADER, text)],
    ]),
    ['claims that are no UTF-8', token(HEADER, Buffer.from('{"iss":"\xff"}', 'latin1'))],
    ['a header that is no UTF-8', token(Buffer.from('{"alg":"RS256","x":"\xc0\x80"}', 'latin1'), CLAIMS)],
    ['a header with a stray last bit', `${strayBit(HEADER)}.${encode(CLAIMS)}.AAAA`],
    ['claims with a stray last bit', `${encode(HEADER)}.${strayBit(CLAIMS)}.AAAA`],
    ['a signature with a stray last bit', token(HEADER, CLAIMS, 'AB')],
    ['a signature of one character', token(HEADER, CLAIMS, 'A')],
    ['a header in plain base64 with padding', token(HEADER, CLAIMS).replace('.', '=.')],
  ])('is refused with %s', (_, text) => {
    expect(refusal(() => readUnverified(text))).toBe('invalid-token');
  });

  it('has one spelling: that of an encoder', () => {
    const lastCharacters = fc.constantFrom(...BASE64URL_ALPHABET.split(''));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 5 }), lastCharacters, (bytes, last) => {
        const signature = Buffer.from(bytes).toString('base64url').slice(0, -1) + last;
        const isCanonical = Buffer.from(signature, 'base64url').toString('base64url') === signature;
        const read = () => readUnverified(token(HEADER, CLAIMS, signature));
        expect(refusal(read)).toBe(isCanonical ? undefined : 'invalid-token');
      }),
      { numRuns: 1000 },
    );
  });

  /** The same bytes to a lenient decoder, in other characters: the last one has bits that stand for nothing. */
  function strayBit(content: object): string {
    const part =
      ['', 'x'].map((pad) => encode({ ...content, pad })).find(({ length }) => length % 4 !== 0) ?? '';
    const stray = part.slice(0, -1) + BASE64URL_ALPHABET[BASE64URL_ALPHABET.indexOf(part.at(-1) ?? '') + 1];
    expect(Buffer.from(stray, 'base64url')).toEqual(Buffer.from(part, 'base64url'));
    return stray;
  }
});
