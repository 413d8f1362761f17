import type { IssuerConfig } from '../config/gateway-file.ts';
import { Problem } from '../problems/problem.ts';
import { checkType, principalOf } from './claims.ts';

const CONFIG: IssuerConfig = {
  issuer: 'https://id.example.com/',
  audience: ['octane-bff', 'octane-bff-2'],
  keys: { kind: 'jwksUri', jwksUri: 'https://id.example.com/jwks' },
  algorithms: ['RS256'],
  requireAccessTokenType: false,
  requireSenderConstrained: false,
  clientIdClaim: undefined,
  audienceClaim: 'aud',
  maxTokenLifetimeSeconds: 86_400,
};
const NOW = 1_800_000_000;
const CLAIMS = { iss: CONFIG.issuer, aud: 'octane-bff', sub: 'user-1', exp: NOW + 600 };

function principal(claims: object, config: Partial<IssuerConfig> = {}) {
  return principalOf({ ...CLAIMS, ...claims }, { ...CONFIG, ...config }, NOW);
}

/** Why the action was refused as an invalid token; anything else that it threw, as it is. */
function refusal(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof Problem && error.code === 'invalid-token' ? error.extras.reason : error;
  }
}

describe('the claims of a verified token', () => {
  it('tell who it speaks for', () => {
    const claims = { ...CLAIMS, client_id: 'app', scope: 'a b', custno: '7' };
    expect(principal(claims)).toEqual({
      issuer: CONFIG.issuer,
      subject: 'user-1',
      clientId: 'app',
      scopes: ['a', 'b'],
      jkt: undefined,
      claims,
    });
  });

  it.each([
    ['exp', 'expired', -30, -29.9],
    ['nbf', 'not-yet-valid', 30.1, 30],
    ['iat', 'not-yet-valid', 30.1, 30],
  ])('%s is %s at %d s from now and good at %d s', (claim, reason, bad, good) => {
    expect(refusal(() => principal({ [claim]: NOW + bad }))).toBe(reason);
    expect(refusal(() => principal({ [claim]: NOW + good }))).toBeUndefined();
  });

  it.each([
    ['exp', 0, 'expired'],
    ['exp', -1, 'expired'],
    ['exp', undefined, 'claims'],
    ...['exp', 'nbf', 'iat'].flatMap((claim) =>
      [null, '1900000000', true, [NOW + 600], {}, Infinity, NaN].map((value) => [claim, value, 'claims']),
    ),
    ...[undefined, null, '', 7, ['user-1'], {}].map((value) => ['sub', value, 'claims']),
    ...[undefined, null, 7, [CONFIG.issuer], 'https://id.example.com'].map((value) => [
      'iss',
      value,
      'issuer',
    ]),
    ['aud', undefined, 'audience'],
    ['aud', '', 'audience'],
    ['aud', 'octane', 'audience'],
    ['aud', 'OCTANE-BFF', 'audience'],
    ['aud', 'octane-bff other', 'audience'],
    ['aud', [], 'audience'],
    ['aud', ['other'], 'audience'],
    ['aud', ['octane-bff', 7], 'claims'],
    ['aud', [['octane-bff']], 'claims'],
    ['aud', { 0: 'octane-bff' }, 'claims'],
    ['aud', null, 'claims'],
    ['aud', 7, 'claims'],
    ...['client_id', 'azp'].flatMap((claim) =>
      [null, 7, true, ['app'], {}].map((value) => [claim, value, 'claims']),
    ),
    ...['scope', 'scp'].flatMap((claim) =>
      [null, 7, true, {}, ['a', 7]].map((value) => [claim, value, 'claims']),
    ),
    ...[
      {},
      null,
      false,
      7,
      '',
      ['x'],
      { jkt: 7 },
      { jkt: null },
      { 'x5t#S256': 'x' },
      { jkt: 'x', kid: 'y' },
    ].map((value) => ['cnf', value, 'bound']),
  ] as [string, unknown, string][])('%s: %j is refused for %s', (claim, value, reason) => {
    expect(refusal(() => principal({ [claim]: value }))).toBe(reason);
  });

  it('may bind the token to a key, and must where the issuer says so', () => {
    const config = { requireSenderConstrained: true };
    expect(principal({ cnf: { jkt: 'x' } }, config).jkt).toBe('x');
    expect(refusal(() => principal({}, config))).toBe('unbound');
  });

  it.each([['octane-bff'], ['octane-bff-2'], [['other', 'octane-bff-2']], [['octane-bff', 'octane-bff']]])(
    'aud may be %j',
    (aud) => {
      expect(refusal(() => principal({ aud }))).toBeUndefined();
    },
  );

  it('may name the audience by another claim, and then aud does not count', () => {
    const config = { audienceClaim: 'resource' };
    expect(refusal(() => principal({ aud: 'other', resource: ['octane-bff'] }, config))).toBeUndefined();
    expect(refusal(() => principal({ resource: 'other' }, config))).toBe('audience');
    expect(refusal(() => principal({}, config))).toBe('audience');
  });

  it.each([
    ['client_id', { client_id: 'app' }, undefined, 'app'],
    ['azp without client_id', { azp: 'app' }, undefined, 'app'],
    ['client_id before azp', { client_id: 'app', azp: 'other' }, undefined, 'app'],
    ['an empty client_id rather than azp', { client_id: '', azp: 'other' }, undefined, ''],
    ['the configured claim', { appid: 'app', client_id: 'other' }, 'appid', 'app'],
    ['only the configured claim', { client_id: 'other', azp: 'other' }, 'appid', undefined],
    ['no claim', {}, undefined, undefined],
  ])('name the client by %s', (_, claims, clientIdClaim, clientId) => {
    expect(principal(claims, { clientIdClaim }).clientId).toBe(clientId);
  });

  it.each([
    [{}, []],
    [{ scope: '' }, []],
    [{ scope: 'a' }, ['a']],
    [{ scope: ' a  b ' }, ['a', 'b']],
    [{ scope: ['a', 'b'] }, ['a', 'b']],
    [{ scp: 'a b' }, ['a', 'b']],
    [{ scp: ['a', 'b'] }, ['a', 'b']],
    [{ scope: 'a', scp: ['b'] }, ['a', 'b']],
    [{ scope: 'a\tb' }, ['a\tb']],
    [{ scope: ['a b'] }, ['a b']],
  ])('%j grant the scopes %j', (claims, scopes) => {
    expect(principal(claims).scopes).toEqual(scopes);
  });
});

describe('the lifetime of a token', () => {
  it.each([
    ['a day', { iat: NOW - 60, exp: NOW - 60 + 86_400 }, undefined],
    ['more than a day', { iat: NOW - 60, exp: NOW - 60 + 86_401 }, 'lifetime'],
    ['a day without iat', { exp: NOW + 86_400 }, undefined],
    ['a day without iat, by a clock that is ahead', { exp: NOW + 86_430 }, undefined],
    ['more than a day without iat', { exp: NOW + 86_431 }, 'lifetime'],
    ['fractions', { iat: NOW - 0.5, exp: NOW + 86_399.5 }, undefined],
    ['until the year 287396', { iat: NOW, exp: 9_007_199_254_740 }, 'lifetime'],
    ['milliseconds for seconds', { iat: NOW, exp: (NOW + 600) * 1000 }, 'lifetime'],
    ['no end', { iat: NOW, exp: 1e300 }, 'lifetime'],
    ['no end, and no iat', { exp: Number.MAX_VALUE }, 'lifetime'],
    ['a beginning before all time', { iat: -1e300, exp: NOW + 600 }, 'lifetime'],
    ['a beginning before all time and no end', { iat: -1e308, exp: 1e308 }, 'lifetime'],
    ['a beginning after all time', { iat: 1e300, exp: 1e300 }, 'not-yet-valid'],
    ['use after all time', { nbf: 1e300 }, 'not-yet-valid'],
    ['a beginning before 1970', { iat: -1, exp: NOW + 600 }, 'lifetime'],
  ])('of %s', (_, claims, reason) => {
    expect(refusal(() => principal(claims))).toBe(reason);
  });

  it('is as long as the issuer may make it, and no longer', () => {
    const config = { maxTokenLifetimeSeconds: 300 };
    expect(refusal(() => principal({ iat: NOW, exp: NOW + 300 }, config))).toBeUndefined();
    expect(refusal(() => principal({ iat: NOW, exp: NOW + 301 }, config))).toBe('lifetime');
  });
});

describe('the type of a token', () => {
  const required = { ...CONFIG, requireAccessTokenType: true };
  const check = (typ: unknown, config: IssuerConfig, claims = {}) =>
    refusal(() => checkType(typ, { ...CLAIMS, ...claims }, config));

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])('is good as %j', (typ) => {
    expect(check(typ, required)).toBeUndefined();
    expect(check(typ, CONFIG)).toBeUndefined();
  });

  it.each([undefined, 'JWT', 'jwt', 'application/jwt'])(
    'is good as %j where at+jwt is not required',
    (typ) => {
      expect(check(typ, required)).toBe('type');
      expect(check(typ, CONFIG)).toBeUndefined();
    },
  );

  it.each([
    null,
    '',
    'at+jwt ',
    'at+jwt;x',
    'xat+jwt',
    'id+jwt',
    'logout+jwt',
    'secevent+jwt',
    'dpop+jwt',
    'JWE',
    'text/jwt',
    'application/',
    'JWT, at+jwt',
    ['at+jwt'],
    { typ: 'JWT' },
    7,
    true,
  ])('is refused as %j', (typ) => {
    expect(check(typ, required)).toBe('type');
    expect(check(typ, CONFIG)).toBe('type');
  });

  it.each(
    ['at_hash', 'c_hash', 'events'].flatMap((claim) =>
      ['77QmUPtjPfzWtF2AnpK9RQ', '', null, {}, false].map((value) => [claim, value] as const),
    ),
  )('is another one with %s: %j', (claim, value) => {
    expect(check('at+jwt', required, { [claim]: value })).toBe('type');
    expect(check('JWT', CONFIG, { [claim]: value })).toBe('type');
    expect(check(undefined, CONFIG, { [claim]: value })).toBe('type');
  });
});
