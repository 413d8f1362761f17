import { expectProblem } from './support/expect-problem.ts';
import type { Answer, TestGateway } from './support/gateway.ts';
import { forge } from './support/forged-token.ts';
import type { Forgery } from './support/forged-token.ts';
import {
  clockToSetForward,
  expectLimited,
  members,
  MINUTE_MS,
  newApp,
  send,
  startGateway,
  statuses,
  times,
} from './support/limits.ts';
import type { TokenIssuer } from './support/token-issuer.ts';

const { after } = clockToSetForward();

describe('bad tokens', () => {
  const LIMIT = { AUTH_FAILURE_RATE_LIMIT: '3' };
  let gateway: TestGateway;
  let behindProxy: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway(LIMIT);
    behindProxy = await startGateway({ ...LIMIT, TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' }, gateway);
  });
  afterAll(async () => {
    await behindProxy.stop();
    await gateway.stop();
  });
  beforeEach(async () => {
    gateway.octane.reset();
    await after(MINUTE_MS);
  });

  const path = '/v1/customers/700123/send-welcome-email';
  const bad = (at: TestGateway, forwardedFor?: string | string[]): Promise<Answer> =>
    at.call({
      path,
      token: 'x.y.z',
      headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor },
    });
  /** The statuses of bad tokens in a row, one from each address. */
  const badFrom = async (addresses: readonly (string | string[])[]): Promise<number[]> => {
    const answers: number[] = [];
    for (const address of addresses) answers.push((await bad(behindProxy, address)).status);
    return answers;
  };

  it('past the limit get 429 instead of 401', async () => {
    for (const remaining of [2, 1, 0]) {
      const answer = await bad(gateway);
      expectProblem(answer, 401, 'invalid-token');
      expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
      expect(members(answer, 'ratelimit-policy')).toEqual({ 'auth-failure': { q: 3, w: 60 } });
      expect(members(answer, 'ratelimit')).toEqual({ 'auth-failure': { r: remaining, t: 60 } });
    }
    const refused = await bad(gateway);
    expectLimited(refused, 'auth-failure');
    await after(Number(refused.headers['retry-after']) * 1000);
    expectProblem(await bad(gateway), 401, 'invalid-token');
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it.each<[string, (issuer: TokenIssuer) => string]>([
    ['is not a JWT', () => 'opaque'],
    ['has no known issuer', (issuer) => forge(issuer, { claims: { iss: 'https://unknown.example.com/' } })],
    ['has an algorithm that its issuer does not use', (issuer) => forge(issuer, { header: { alg: 'none' } })],
    ['names a key that nobody knows', (issuer) => forge(issuer, { header: { kid: 'unknown' } })],
    ['has a forged signature', (issuer) => forge(issuer, { sign: () => Buffer.alloc(256) })],
    [
      'has a forged signature and has expired',
      (issuer) => forge(issuer, { claims: { exp: 1 }, sign: () => Buffer.alloc(256) }),
    ],
    [
      'has a forged signature and another audience',
      (issuer) => forge(issuer, { claims: { aud: 'other' }, sign: () => Buffer.alloc(256) }),
    ],
    [
      'says that it is an ID token',
      (issuer) => forge(issuer, { header: { typ: 'id+jwt' }, sign: () => Buffer.alloc(256) }),
    ],
  ])('count where one %s', async (_, token) => {
    const answers = await times(4, () => gateway.call({ path, token: token(gateway.issuer) }));
    expect(statuses(answers)).toEqual({ 401: 3, 429: 1 });
  });

  it.each<[string, Forgery]>([
    ['has expired', { claims: { exp: 1 } }],
    ['is not valid yet', { claims: { nbf: Date.now() / 1000 + 1e9 } }],
    ['lives too long', { claims: { exp: 1e300 } }],
    ['is meant for another audience', { claims: { aud: 'another' } }],
    ['names nobody', { claims: { sub: undefined } }],
    ['is bound to a certificate', { claims: { cnf: { 'x5t#S256': 'x' } } }],
    ['is an ID token', { claims: { at_hash: 'x' } }],
    ['is of another type', { header: { typ: 'id+jwt' } }],
  ])(
    'that the issuer signed never count, and get their 401 past the limit too: one that %s',
    async (_, content) => {
      const token = forge(gateway.issuer, content);
      const genuine = await times(10, () => gateway.call({ path, token }));
      expect(statuses([...genuine, ...(await times(4, () => bad(gateway)))])).toEqual({ 401: 13, 429: 1 });
      const answer = await gateway.call({ path, token });
      expectProblem(answer, 401, 'invalid-token');
      expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
      expect(members(answer, 'ratelimit')).toEqual({});
    },
  );

  it('do not keep an app from learning that its remembered token has expired', async () => {
    const app = newApp();
    const soon = Math.floor(Date.now() / 1000) + 60;
    const token = await gateway.issuer.token({ claims: { client_id: app.clientId, exp: soon } });
    expect((await gateway.call({ path, token })).status).toBe(204);
    await after(2 * MINUTE_MS);
    await times(4, () => bad(gateway));
    expect(statuses(await times(5, () => gateway.call({ path, token })))).toEqual({ 401: 5 });
    expectLimited(await bad(gateway), 'auth-failure');
  });

  it('never stand in the way of a good one, nor of one that is missing', async () => {
    await times(5, () => bad(gateway));
    const good = await send(gateway, newApp());
    expect(good.status).toBe(204);
    expect(members(good, 'ratelimit')).not.toHaveProperty('auth-failure');
    for (const headers of [{}, { authorization: 'Basic eDp5' }, { authorization: 'Bearer ' }]) {
      const missing = await gateway.call({ path, headers });
      expectProblem(missing, 401, 'authentication-required');
      expect(members(missing, 'ratelimit')).toEqual({});
    }
    expectLimited(await bad(gateway), 'auth-failure');
  });

  it('that are missing do not count', async () => {
    await times(10, () => gateway.call({ path }));
    expect(statuses(await times(4, () => bad(gateway)))).toEqual({ 401: 3, 429: 1 });
  });

  it('of a known caller who may not do something do not count', async () => {
    const token = await gateway.issuer.token({ claims: { client_id: 'nobody' } });
    await times(5, () => gateway.call({ path, token }));
    expect((await bad(gateway)).status).toBe(401);
  });

  it('count for the peer, whatever it says of itself', async () => {
    const answers = await times(4, (index) => bad(gateway, `198.51.100.${index}`));
    expect(statuses(answers)).toEqual({ 401: 3, 429: 1 });
  });

  it('count for the address that a trusted proxy names', async () => {
    expect(await badFrom(Array<string>(4).fill('198.51.100.1'))).toEqual([401, 401, 401, 429]);
    expect(await badFrom(['198.51.100.2'])).toEqual([401]);
  });

  it('count for the last address that no trusted proxy vouches for', async () => {
    expect(
      await badFrom([
        '192.0.2.1, 198.51.100.3',
        '192.0.2.2, 198.51.100.3',
        '198.51.100.3, 10.1.2.3',
        ['192.0.2.3', '198.51.100.3, 10.9.9.9'],
      ]),
    ).toEqual([401, 401, 401, 429]);
  });

  it('count for a whole IPv6 network', async () => {
    expect(
      await badFrom(['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', '2001:DB8:1:2:3:4:5:6', '2001:db8:1:2::']),
    ).toEqual([401, 401, 401, 429]);
    expect(await badFrom(['2001:db8:1:3::1', '2001:db8::1:2:3:4:5', '::1'])).toEqual([401, 401, 401]);
  });

  it('count for an IPv4 address, also when it is written as IPv6', async () => {
    expect(
      await badFrom(['::ffff:198.51.100.4', '198.51.100.4', '::FFFF:198.51.100.4', '198.51.100.4']),
    ).toEqual([401, 401, 401, 429]);
    expect(await badFrom(['::ffff:198.51.100.5'])).toEqual([401]);
  });

  it('count for an address, whatever its port, and whatever its brackets', async () => {
    expect(
      await badFrom(['198.51.100.6:1234', '198.51.100.6:50001', '198.51.100.6', '198.51.100.6:2']),
    ).toEqual([401, 401, 401, 429]);
    expect(await badFrom(['198.51.100.7:1234'])).toEqual([401]);
    expect(
      await badFrom(['[2001:db8:9::1]:443', '[2001:db8:9::2]', '2001:db8:9::3', '[2001:db8:9::4]:7']),
    ).toEqual([401, 401, 401, 429]);
    expect(
      await badFrom([
        '203.0.113.1, 198.51.100.8:1, 10.1.2.3:8080',
        '203.0.113.2, 198.51.100.8:2, 10.9.9.9:8081',
        ['203.0.113.3', '198.51.100.8:3', '10.9.9.9:1'],
        '198.51.100.8',
      ]),
    ).toEqual([401, 401, 401, 429]);
  });

  it('count for the address that a trusted proxy names in Forwarded, unless there is X-Forwarded-For', async () => {
    const from = async (headers: Record<string, string | string[]>): Promise<number> =>
      (await behindProxy.call({ path, token: 'x.y.z', headers })).status;
    const answers: number[] = [];
    for (const forwarded of [
      'for=198.51.100.10',
      'For="198.51.100.10:4711";proto=https',
      ['for=203.0.113.1', 'for=198.51.100.10, for="10.1.2.3:80";by=10.1.2.4'],
      'for=198.51.100.10',
    ]) {
      answers.push(await from({ forwarded }));
    }
    expect(answers).toEqual([401, 401, 401, 429]);
    expect(await from({ forwarded: 'for=198.51.100.11' })).toBe(401);
    // What the client of a proxy that only knows X-Forwarded-For says of itself.
    const spoofs = ['for=203.0.113.4', 'for=203.0.113.5', 'for=203.0.113.6', 'for=203.0.113.7'];
    const spoofed: number[] = [];
    for (const forwarded of spoofs) {
      spoofed.push(await from({ forwarded, 'x-forwarded-for': '198.51.100.12' }));
    }
    expect(spoofed).toEqual([401, 401, 401, 429]);
  });

  it('count for the proxy when it passes on what is no address', async () => {
    expect(await badFrom(['unknown', '_hidden', 'x'.repeat(5000), '198.51.100.256'])).toEqual([
      401, 401, 401, 429,
    ]);
  });
});
