import { expectProblem } from './support/expect-problem.ts';
import { CREDENTIALS, TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import type { Answer, Call } from './support/gateway.ts';
import { TokenIssuer } from './support/token-issuer.ts';

const CUSTNO_CLAIM = 'https://example.com/customer-number';
const ROUTES = [
  ['direct-debit', 'direct-debit:write', { directDebit: VALID_DIRECT_DEBIT }],
  ['send-welcome-email', 'welcome-email:send', undefined],
] as const;

let gateway: TestGateway;
let secondIssuer: TokenIssuer;

beforeAll(async () => {
  secondIssuer = await TokenIssuer.start();
  gateway = await TestGateway.start({
    // What the rules do not know is dropped rather than refused, so that it could be read before.
    environment: { DIRECT_DEBIT_RULES: 'documented' },
    gatewayFile: (file) => {
      const [{ issuer, audience }] = file['issuers'];
      file['issuers'].push({ issuer: secondIssuer.issuer, audience, jwksUri: secondIssuer.jwksUri });
      file['callers'].push(
        { clientId: 'selfcare-app', issuer: secondIssuer.issuer, groupno: '2002', customers: 'any' },
        { clientId: 'only-at-second', issuer: secondIssuer.issuer, groupno: '2002', customers: 'any' },
        {
          clientId: 'nested',
          issuer,
          groupno: '1001',
          customers: 'own',
          custnoClaim: '/app_metadata/cust~1no',
        },
        {
          clientId: 'portal',
          issuer,
          customers: 'own',
          groupnoClaim: 'brand',
          groups: { acme: '1001', bolt: '2002' },
        },
        { clientId: 'other-claim', issuer, groupno: '1001', customers: 'own', custnoClaim: CUSTNO_CLAIM },
        {
          clientId: 'granted',
          issuer,
          groupno: '1001',
          customers: 'any',
          scopes: ['welcome-email:send', 'something:else'],
        },
      );
    },
  });
});
afterAll(() => Promise.all([gateway.stop(), secondIssuer.stop()]));
beforeEach(() => gateway.octane.reset());

type Claims = Record<string, unknown>;

/** Sends a welcome email for `custno` with a token of these claims. */
async function send(claims: Claims, custno = '700123', call: Partial<Call> = {}): Promise<Answer> {
  const token = await gateway.issuer.token({ claims });
  return gateway.sendWelcomeEmail({ token, path: `/v1/customers/${custno}/send-welcome-email`, ...call });
}

/** It reached Octane as a request of that group for that customer, with the credentials of the group. */
function expectForwarded(answer: Answer, groupno: '1001' | '2002', custno: string): void {
  expect({ status: answer.status, code: answer.json?.code }).toEqual({ status: answer.json ? 200 : 204 });
  expect(gateway.octane.hits).toHaveLength(1);
  const [hit] = gateway.octane.hits;
  expect(hit?.path).toMatch(new RegExp(`^/tiab/api/v1/group/${groupno}/customer/${custno}/`));
  const username = CREDENTIALS[`OCTANE_${groupno}_USERNAME`];
  const password = CREDENTIALS[`OCTANE_${groupno}_PASSWORD`];
  expect(hit?.headers.authorization).toBe(
    `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
  );
}

function expectRefused(answer: Answer, status: number, code: string): void {
  expectProblem(answer, status, code);
  expect(gateway.octane.hits).toHaveLength(0);
}

describe('the caller', () => {
  it.each([
    ['no client in the token', { client_id: undefined }],
    ['an empty client', { client_id: '' }],
    ['a client without an entry', { client_id: 'nobody' }],
    ['a client in other letters', { client_id: 'Selfcare-App' }],
    ['a client with a blank', { client_id: 'selfcare-app ' }],
    ['a client of another issuer', { client_id: 'only-at-second' }],
    ['a client named like part of an object', { client_id: '__proto__' }],
    ['a client under a claim that does not count', { client_id: undefined, appid: 'selfcare-app' }],
    ['a client_id without an entry beside an azp with one', { client_id: 'nobody', azp: 'selfcare-app' }],
    ['an issuer and a client run together', { client_id: '","selfcare-app' }],
  ])('is not known by %s', async (_, claims) => {
    const answer = await send(claims);
    expectRefused(answer, 403, 'caller-not-mapped');
    expect(answer.headers).not.toHaveProperty('www-authenticate');
  });

  it('is known by azp where there is no client_id', async () => {
    expectForwarded(await send({ client_id: undefined, azp: 'billing-service' }), '1001', '700123');
  });

  it.each(ROUTES)('is one of its issuer: the same client at two issuers, %s', async (route, _, body) => {
    const call = { path: `/v1/customers/700123/${route}`, body };
    expectForwarded(await gateway.call({ ...call, token: await gateway.issuer.token() }), '1001', '700123');
    gateway.octane.reset();
    expectForwarded(await gateway.call({ ...call, token: await secondIssuer.token() }), '2002', '700123');
  });

  it.each([
    ['billing-service', '1001'],
    ['other-group', '2002'],
  ] as const)('%s uses the credentials of its group %s', async (client_id, groupno) => {
    expectForwarded(await send({ client_id }), groupno, '700123');
  });
});

describe('the group of a brand', () => {
  const asBrand = (brand: unknown): Promise<Answer> => send({ client_id: 'portal', brand });

  it('is the one that the gateway file gives the claim', async () => {
    expectForwarded(await asBrand('acme'), '1001', '700123');
    gateway.octane.reset();
    expectForwarded(await asBrand('bolt'), '2002', '700123');
  });

  it.each([undefined, null, 'Acme', '1001', '', 'toString', '__proto__', ['acme'], { acme: 1 }, 1])(
    'is none where the claim is %j',
    async (brand) => expectRefused(await asBrand(brand), 403, 'caller-not-mapped'),
  );
});

describe('the group', () => {
  it.each<[string, Claims, Partial<Call>]>([
    ['a header', {}, { headers: { groupno: '2002', 'x-groupno': '2002', 'x-group': '2002', group: '2002' } }],
    ['a cookie', {}, { headers: { cookie: 'groupno=2002' } }],
    ['the query', {}, { path: '/v1/customers/700123/direct-debit?groupno=2002&group=2002' }],
    ['the body', {}, { body: { groupno: '2002', directDebit: { ...VALID_DIRECT_DEBIT, groupno: '2002' } } }],
    ['a claim', { groupno: '2002', group: '2002', groups: ['2002'] }, {}],
  ])('is never read from %s', async (_, claims, call) => {
    const token = await gateway.issuer.token({ claims });
    expectForwarded(await gateway.setDirectDebit(undefined, { token, ...call }), '1001', '700123');
    expect(gateway.octane.hits[0]?.body).not.toContain('2002');
  });

  it.each([
    '/v1/group/2002/customer/700123/direct-debit',
    '/v1/customers/2002/700123/direct-debit',
    '/v1/customers/700123/direct-debit/2002',
  ])('has no place in a path: %s', async (path) => {
    expectRefused(await gateway.setDirectDebit(undefined, { path }), 404, 'not-found');
  });
});

describe.each(ROUTES)('the scope of %s', (route, scope, body) => {
  const call = async (claims: Claims): Promise<Answer> =>
    gateway.call({
      path: `/v1/customers/700123/${route}`,
      token: await gateway.issuer.token({ claims }),
      body,
    });

  it.each<[string, Claims]>([
    ['scope', { scope }],
    ['scope among others', { scope: `openid ${scope} profile` }],
    ['scope as a list', { scope: ['openid', scope] }],
    ['scp', { scope: undefined, scp: scope }],
    ['scp as a list', { scope: undefined, scp: ['openid', scope] }],
    ['scp beside another scope', { scope: 'openid', scp: [scope] }],
  ])('may stand in %s', async (_, claims) => {
    expectForwarded(await call(claims), '1001', '700123');
  });

  it.each<[string, Claims]>([
    ['nowhere', { scope: undefined }],
    ['in an empty scope', { scope: '' }],
    ['in an empty list', { scope: [] }],
    ['in other letters', { scope: scope.toUpperCase() }],
    ['as part of another', { scope: `${scope}s x${scope}` }],
    ['behind a comma', { scope: `openid,${scope}` }],
    ['with others in one item of a list', { scope: [`openid ${scope}`] }],
    ['as a wildcard', { scope: '* direct-debit:* welcome-email:*' }],
    ['in another claim', { scope: 'openid', scopes: [scope], permissions: [scope], roles: [scope] }],
    ['in the scope of the other route', { scope: ROUTES.find(([other]) => other !== route)?.[1] }],
  ])('is missing when it stands %s', async (_, claims) => {
    const answer = await call(claims);
    expectRefused(answer, 403, 'insufficient-scope');
    expect(answer.headers['www-authenticate']).toBe(`Bearer error="insufficient_scope", scope="${scope}"`);
  });
});

describe('the scopes of the gateway file', () => {
  it('are granted beside those of the token', async () => {
    const granted = { client_id: 'granted', scope: 'direct-debit:write' };
    expectForwarded(await send(granted), '1001', '700123');
    gateway.octane.reset();
    const token = await gateway.issuer.token({ claims: granted });
    expectForwarded(await gateway.setDirectDebit(undefined, { token }), '1001', '700123');
  });

  it('are granted to a token without any', async () => {
    expectForwarded(await send({ client_id: 'granted', scope: undefined }), '1001', '700123');
  });

  it('are no others than these', async () => {
    const token = await gateway.issuer.token({ claims: { client_id: 'granted', scope: undefined } });
    expectRefused(await gateway.setDirectDebit(undefined, { token }), 403, 'insufficient-scope');
  });

  it('are granted to that caller alone', async () => {
    expectRefused(await send({ scope: undefined }), 403, 'insufficient-scope');
  });
});

describe('the customer of the token', () => {
  it.each([
    ['a string', '700123', '700123'],
    ['a number', 700123, '700123'],
    ['the least number', 1, '1'],
    ['ten digits', '9999999999', '9999999999'],
    ['ten digits as a number', 9_999_999_999, '9999999999'],
  ])('may be %s', async (_, claim, custno) => {
    expectForwarded(await send({ custno: claim }, custno), '1001', custno);
    gateway.octane.reset();
    expectForwarded(await send({ custno: claim }, 'me'), '1001', custno);
  });

  const UNUSABLE = [
    undefined,
    null,
    '',
    0,
    '0',
    '0700123',
    -700123,
    '-700123',
    '+700123',
    700123.5,
    '700123.0',
    '7e5',
    1e21,
    '12345678901',
    12_345_678_901,
    ' 700123',
    '700123\n',
    '7００１２３',
    'me',
    '700123/../700124',
    [],
    ['700123', 'me'],
    ['700123', null],
    ['700123', ['700123']],
    Array.from({ length: 101 }, (_, index) => 700_100 + index),
    { custno: '700123' },
    true,
  ];

  it.each(UNUSABLE)('cannot be %j', async (custno) => {
    expectRefused(await send({ custno }), 403, 'customer-not-permitted');
    expectRefused(await send({ custno }, 'me'), 403, 'customer-not-permitted');
  });

  it.each(UNUSABLE)('does not matter to a caller for any customer, but for "me": %j', async (custno) => {
    const claims = { client_id: 'billing-service', custno };
    expectRefused(await send(claims, 'me'), 403, 'customer-not-permitted');
    expectForwarded(await send(claims), '1001', '700123');
  });

  it.each([
    ['one', ['700123']],
    ['one of several', ['700124', 700_123]],
    ['the last of a hundred', Array.from({ length: 100 }, (_, index) => 700_024 + index)],
  ])('may be %s in a list', async (_, custno) => {
    expectForwarded(await send({ custno }), '1001', '700123');
    gateway.octane.reset();
    expectRefused(await send({ custno }, '700999'), 403, 'customer-not-permitted');
  });

  it('is "me" where a list has one number, however often', async () => {
    expectForwarded(await send({ custno: ['700123', 700_123] }, 'me'), '1001', '700123');
    gateway.octane.reset();
    const answer = await send({ custno: ['700123', '700124'] }, 'me');
    expectRefused(answer, 403, 'customer-not-permitted');
    expect(answer.json.detail).toContain('Put the number of one of them in the path');
  });

  it('may stand inside of a claim', async () => {
    const claims = (custno: unknown): Claims => ({
      client_id: 'nested',
      app_metadata: { 'cust/no': custno },
    });
    expectForwarded(await send(claims('700123')), '1001', '700123');
    gateway.octane.reset();
    expectRefused(await send({ client_id: 'nested', custno: '700123' }), 403, 'customer-not-permitted');
    for (const app_metadata of [undefined, null, 'x', [], { 'cust/no': {} }]) {
      expectRefused(await send({ client_id: 'nested', app_metadata }), 403, 'customer-not-permitted');
    }
  });

  it('stands in the claim that the gateway file names, and nowhere else', async () => {
    const claims = { client_id: 'other-claim', custno: '700124', [CUSTNO_CLAIM]: '700123' };
    expectForwarded(await send(claims), '1001', '700123');
    gateway.octane.reset();
    expectForwarded(await send(claims, 'me'), '1001', '700123');
    gateway.octane.reset();
    expectRefused(await send(claims, '700124'), 403, 'customer-not-permitted');
    expectRefused(await send({ client_id: 'other-claim', custno: '700123' }), 403, 'customer-not-permitted');
  });

  it.each<[string, Partial<Call>]>([
    ['the query', { path: '/v1/customers/700124/direct-debit?custno=700124' }],
    [
      'a header',
      { path: '/v1/customers/700124/direct-debit', headers: { custno: '700124', 'x-custno': '700124' } },
    ],
    [
      'the body',
      {
        path: '/v1/customers/700124/direct-debit',
        body: { custno: '700124', directDebit: VALID_DIRECT_DEBIT },
      },
    ],
  ])('is never read from %s', async (_, call) => {
    expectRefused(await gateway.setDirectDebit(undefined, call), 403, 'customer-not-permitted');
  });
});

describe('the customer of the path', () => {
  it.each(['700124', '7001230', '70012', '1'])('is for nobody else than %s', async (custno) => {
    expectRefused(await send({}, custno), 403, 'customer-not-permitted');
  });

  it.each(['700123', '700124', '1', '9999999999'])('is any for a caller for any: %s', async (custno) => {
    expectForwarded(await send({ client_id: 'billing-service' }, custno), '1001', custno);
  });

  it('"me" is the customer of the token for a caller for any, too', async () => {
    expectForwarded(await send({ client_id: 'billing-service', custno: '700199' }, 'me'), '1001', '700199');
  });

  it.each([
    '0',
    '00',
    '0700123',
    '12345678901',
    '1'.repeat(500),
    '-1',
    '+1',
    '1.0',
    '1e3',
    '0x1',
    'abc',
    '700123a',
    'ME',
    'Me',
    'mE',
    'me0',
    'me,700123',
    '700123,700124',
    '700123;x=1',
    '700123:1',
    '~',
    '*',
    ':custno',
    '%20700123',
    '700123%20',
    '700123%0A',
    '700123%00',
    '%37%30%30%31%32%33',
    '70012%33',
    '%6d%65',
    'm%65',
    '%2e%2e',
    '%2E',
    '..%2f..%2fgroup',
    '700123%2f..%2f700124',
    '700123%3f',
    '700123%23',
    '%EF%BC%97',
    '%D9%A7',
    '%252e',
  ])('is refused as %j', async (custno) => {
    for (const client_id of ['selfcare-app', 'billing-service']) {
      expectRefused(await send({ client_id }, custno), 400, 'invalid-request');
    }
  });

  it.each(['%', '%zz', '%c3%28', '%ff', '7%0'])(
    'is refused as %j, which decodes to nothing',
    async (custno) => {
      expectRefused(await send({}, custno), 400, 'invalid-request');
    },
  );
});
