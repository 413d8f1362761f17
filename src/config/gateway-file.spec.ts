import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { inspect } from 'node:util';
import { stringify } from 'yaml';
import { ConfigurationError } from './configuration-error.ts';
import { FileReadings } from './file-readings.ts';
import { type GatewayConfig, GroupConfig, loadGatewayFile } from './gateway-file.ts';

type Entry = Record<string, unknown>;

const ISSUER = {
  issuer: 'https://id.example.com/',
  audience: 'octane-bff',
  jwksUri: 'https://id.example.com/jwks',
};
const CALLER = { clientId: 'selfcare-app', issuer: ISSUER.issuer, groupno: '1001', customers: 'own' };
const GROUP = { groupno: '1001', usernameEnv: 'OCTANE_USERNAME', passwordEnv: 'OCTANE_PASSWORD' };
const SECRETS: Record<string, string> = {
  OCTANE_USERNAME: 'canary-username',
  OCTANE_PASSWORD: 'canary-password',
};

const BAD_CLAIM = 'must be the name of a claim, or a JSON Pointer, in which ~ is written as ~0 and / as ~1';

let folder: string;
/** Of the last load. */
let files: FileReadings;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function loadText(text: string | Uint8Array, secrets = SECRETS, allowInsecureHttp = false): GatewayConfig {
  const gatewayFile = write('gateway.yaml', text);
  files = new FileReadings();
  const readSecret = (variable: string) => secrets[variable];
  return loadGatewayFile({ gatewayFile, allowInsecureHttp, readSecret }, files);
}

function load(
  { issuers = [ISSUER], callers = [CALLER], groups = [GROUP], ...rest }: Entry,
  ...more: [secrets?: Record<string, string>, allowInsecureHttp?: boolean]
): GatewayConfig {
  return loadText(stringify({ issuers, callers, groups, ...rest }), ...more);
}

/** The faults of a load; none when it succeeds. Whatever the test wrote as a canary must not be among them. */
function faultsOf(action: () => unknown): readonly string[] {
  const faults = thrownBy(action)?.faults ?? [];
  expect(faults.join('\n')).not.toMatch(/canary/i);
  expect(faults.filter((fault) => fault.includes('\n'))).toEqual([]);
  return faults;
}

function thrownBy(action: () => unknown): ConfigurationError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
}

function faultsOfUri(jwksUri: string, allowInsecureHttp = false): readonly string[] {
  return faultsOf(() => load({ issuers: [{ ...ISSUER, jwksUri }] }, SECRETS, allowInsecureHttp));
}

describe('a gateway file that is right', () => {
  it('gives issuers, callers and groups, with the defaults filled in', () => {
    const { groups, octaneTls, blocked, ...config } = load({});
    expect(blocked).toEqual({ subjects: new Map(), customers: new Map() });
    expect(octaneTls.options()).toEqual({});
    expect(config).toEqual({
      issuers: [
        {
          issuer: 'https://id.example.com/',
          audience: ['octane-bff'],
          keys: { kind: 'jwksUri', jwksUri: 'https://id.example.com/jwks' },
          algorithms: ['RS256'],
          requireAccessTokenType: false,
          requireSenderConstrained: false,
          clientIdClaim: undefined,
          audienceClaim: 'aud',
          maxTokenLifetimeSeconds: 86_400,
        },
      ],
      callers: [
        { ...CALLER, groupno: { only: '1001' }, custnoClaim: 'custno', scopes: [], directory: 'token' },
      ],
    });
    expect(files.paths).toEqual([join(folder, 'gateway.yaml')]);
    expect(groups.map(({ groupno }) => groupno)).toEqual(['1001']);
    expect(groups[0]?.basicAuthorization()).toBe(`Basic ${btoa('canary-username:canary-password')}`);
  });

  it('may set every property', () => {
    const issuer = {
      ...ISSUER,
      audience: ['a', 'b'],
      algorithms: ['PS512', 'ES256'],
      requireAccessTokenType: true,
      requireSenderConstrained: true,
      clientIdClaim: 'appid',
      audienceClaim: 'client_id',
      maxTokenLifetimeSeconds: 1,
    };
    const caller = {
      ...CALLER,
      customers: 'any',
      custnoClaim: 'https://example.com/custno',
      scopes: ['a:b', 'c'],
      rateLimit: 1200,
      directory: 'links',
    };
    const { issuers, callers } = load({ issuers: [issuer], callers: [caller] });
    const { jwksUri, ...rest } = issuer;
    expect(issuers).toEqual([{ ...rest, keys: { kind: 'jwksUri', jwksUri } }]);
    expect(callers).toEqual([{ ...caller, groupno: { only: '1001' } }]);
  });

  it('may let a claim choose the group of a caller', () => {
    const brands = { groupno: undefined, groupnoClaim: '/app/brand', groups: { acme: '1001', bolt: '1001' } };
    const { callers } = load({ callers: [{ ...CALLER, ...brands }] });
    expect(callers[0]?.groupno).toEqual({ claim: '/app/brand', groups: { acme: '1001', bolt: '1001' } });
  });

  it('may block subjects of an issuer and customers of a group', () => {
    const { blocked } = load({
      blocked: {
        subjects: [
          { issuer: ISSUER.issuer, subject: 'mallory' },
          { issuer: ISSUER.issuer, subject: 'trudy' },
        ],
        customers: [{ groupno: '1001', custno: '700123' }],
      },
    });
    expect(blocked.subjects).toEqual(new Map([[ISSUER.issuer, new Set(['mallory', 'trudy'])]]));
    expect(blocked.customers).toEqual(new Map([['1001', new Set(['700123'])]]));
    expect(load({ blocked: null }).blocked.subjects.size).toBe(0);
  });

  it('takes the issuer as it is, without normalising it', () => {
    const issuer = 'HTTPS://ID.example.com:443/a/../b';
    const config = load({ issuers: [{ ...ISSUER, issuer }], callers: [{ ...CALLER, issuer }] });
    expect(config.issuers[0]?.issuer).toBe(issuer);
  });

  it('may name one client of two issuers, and issuers and groups that no caller uses', () => {
    const issuers = [ISSUER, { ...ISSUER, issuer: 'other' }, { ...ISSUER, issuer: 'unused' }];
    const callers = [CALLER, { ...CALLER, issuer: 'other' }];
    expect(load({ issuers, callers, groups: [GROUP, { ...GROUP, groupno: '2002' }] }).callers).toHaveLength(
      2,
    );
  });

  it('may use anchors and aliases', () => {
    const issuer = '&id https://id.example.com/';
    const text = stringify({
      issuers: [{ ...ISSUER, issuer: 'X' }],
      callers: [{ ...CALLER, issuer: 'Y' }],
      groups: [GROUP],
    });
    const config = loadText(
      text.replace('issuer: X', `issuer: ${issuer}`).replace('issuer: Y', 'issuer: *id'),
    );
    expect(config.callers[0]?.issuer).toBe('https://id.example.com/');
  });

  it('is frozen to its depths', () => {
    const config = load({});
    const { issuers, callers, groups } = config;
    const [issuer, caller, group] = [issuers[0], callers[0], groups[0]];
    const lists = [issuers, callers, groups, issuer?.audience, issuer?.algorithms, caller?.scopes];
    for (const value of [config, issuer, issuer?.keys, caller, group, ...lists]) {
      expect(Object.isFrozen(value)).toBe(true);
    }
  });

  it('is found relative to the working directory', () => {
    const gatewayFile = relative(
      process.cwd(),
      write('gateway.yaml', stringify({ issuers: [ISSUER], callers: [CALLER], groups: [GROUP] })),
    );
    files = new FileReadings();
    loadGatewayFile({ gatewayFile, allowInsecureHttp: false, readSecret: () => 'x' }, files);
    expect(files.paths).toEqual([join(folder, 'gateway.yaml')]);
  });
});

describe('the credentials of a group', () => {
  it.each<[string, (group: GroupConfig) => string]>([
    ['JSON.stringify', (group) => JSON.stringify({ group })],
    ['util.inspect', (group) => inspect(group, { showHidden: true, depth: 9, getters: true })],
    ['a copy', (group) => inspect(Object.assign({}, group))],
    ['a structured clone', (group) => inspect(structuredClone(group))],
  ])('do not show in %s', (_, print) => {
    expect(print(new GroupConfig('1001', 'canary', 'canary'))).not.toContain('canary');
  });

  it('are encoded as UTF-8', () => {
    const authorization = new GroupConfig('1001', 'jörg', 'pä:ss').basicAuthorization();
    expect(Buffer.from(authorization.slice('Basic '.length), 'base64').toString('utf8')).toBe('jörg:pä:ss');
  });
});

describe('secrets in files', () => {
  const group = { groupno: '1001', usernameFile: 'username', passwordFile: 'secrets/password' };

  function loadSecrets(username: string | Uint8Array, password: string | Uint8Array): GatewayConfig {
    mkdirSync(join(folder, 'secrets'));
    write('username', username);
    write('secrets/password', password);
    return load({ groups: [group] });
  }

  it('are read relative to the folder of the gateway file, and their paths are listed', () => {
    const config = loadSecrets('user', 'pass');
    expect(config.groups[0]?.basicAuthorization()).toBe(`Basic ${btoa('user:pass')}`);
    expect(files.paths).toEqual(
      ['gateway.yaml', 'username', 'secrets/password'].map((name) => join(folder, name)),
    );
  });

  it.each([
    ['user', 'pass\n', 'user:pass'],
    ['user\r\n', 'pass\n\n', 'user:pass\n'],
    ['user\n', 'pass\r\n\r\n', 'user:pass\r\n'],
    [' user ', 'pass\r', ' user :pass\r'],
    ['user', 'a:b\nc', 'user:a:b\nc'],
  ])('lose one newline at their end: %j, %j', (username, password, credentials) => {
    const config = loadSecrets(username, password);
    expect(config.groups[0]?.basicAuthorization()).toBe(`Basic ${btoa(credentials)}`);
  });

  it.each<[string, string | Uint8Array, string | Uint8Array, string]>([
    ['an empty file', '', 'canary', 'groups[0].usernameFile: the file is empty'],
    ['a newline alone', 'user', '\r\n', 'groups[0].passwordFile: the file is empty'],
    [
      'a username with a colon',
      'can:canary',
      'canary',
      'groups[0].usernameFile: the username must not contain a colon (RFC 7617)',
    ],
    ['another encoding', 'user', Uint8Array.of(0xe9), 'groups[0].passwordFile: the file is not UTF-8 text'],
  ])('refuse %s', (_, username, password, fault) => {
    expect(faultsOf(() => loadSecrets(username, password))).toEqual([fault]);
  });

  it('refuse a file that cannot be read', () => {
    const groups = [{ groupno: '1001', usernameFile: 'canary', passwordFile: '.' }];
    expect(faultsOf(() => load({ groups }))).toEqual([
      'groups[0].usernameFile: the file cannot be read (there is no such file)',
      'groups[0].passwordFile: the file cannot be read (it is a directory)',
    ]);
  });
});

describe('keys in a file', () => {
  it('are read relative to the folder of the gateway file, and its path is listed', () => {
    const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
      type: 'spki',
      format: 'pem',
    });
    write('issuer.pem', pem);
    const config = load({ issuers: [{ ...ISSUER, jwksUri: undefined, publicKeyFile: 'issuer.pem' }] });
    expect(config.issuers[0]?.keys).toEqual({ kind: 'pem', pem });
    expect(files.paths).toContain(join(folder, 'issuer.pem'));
  });
});

describe('the URL of a key set', () => {
  it.each(['https://id/keys?p=policy', 'http://localhost:4002/jwks', 'http://127.0.0.2/', 'http://[::1]:1/'])(
    'may be %s',
    (jwksUri) => {
      expect(load({ issuers: [{ ...ISSUER, jwksUri }] }).issuers[0]?.keys).toEqual({
        kind: 'jwksUri',
        jwksUri,
      });
    },
  );

  it.each([
    'canary',
    'http://canary/jwks',
    'https://user:canary@id/jwks',
    'https://id/jwks#canary',
    'file:///canary',
  ])('may not be %s', (jwksUri) => {
    expect(faultsOfUri(jwksUri)).toEqual([expect.stringMatching(/^issuers\[0\]\.jwksUri: must .+/)]);
  });

  it('may be http when the operator vouches for the network, but never with credentials', () => {
    expect(faultsOfUri('http://id/jwks', true)).toEqual([]);
    expect(faultsOfUri('http://user:canary@id/jwks', true)).toHaveLength(1);
  });
});

describe('a gateway file that is wrong', () => {
  it.each<[string, Entry, string]>([
    // The whole file
    ['no issuers', { issuers: [] }, 'issuers: must be a list of at least one entry'],
    ['no callers', { callers: null }, 'callers: must be a list of at least one entry'],
    ['groups that are no list', { groups: { canary: 1 } }, 'groups: must be a list of at least one entry'],
    ['an unknown list', { tenants: ['canary'] }, 'tenants: unknown property'],
    ['an entry that is null', { issuers: [ISSUER, null] }, 'issuers[1]: must be a mapping'],
    ['an entry that is text', { callers: [CALLER, 'canary'] }, 'callers[1]: must be a mapping'],
    ['an entry that is a list', { groups: [GROUP, [GROUP]] }, 'groups[1]: must be a mapping'],
    // Claims and brands
    [
      'a bad pointer',
      { callers: [{ ...CALLER, custnoClaim: '/a~2' }] },
      `callers[0].custnoClaim: ${BAD_CLAIM}`,
    ],
    [
      'a bad pointer',
      { issuers: [{ ...ISSUER, audienceClaim: '/~' }] },
      `issuers[0].audienceClaim: ${BAD_CLAIM}`,
    ],
    [
      'a bad pointer',
      { issuers: [{ ...ISSUER, clientIdClaim: '/~' }] },
      `issuers[0].clientIdClaim: ${BAD_CLAIM}`,
    ],
    [
      'no group',
      { callers: [{ ...CALLER, groupno: undefined }] },
      'callers[0].groupno: is required, unless groupnoClaim and groups are set',
    ],
    [
      'a group and a claim',
      { callers: [{ ...CALLER, groupnoClaim: 'brand', groups: { canary: '1001' } }] },
      'callers[0].groupnoClaim: stands beside groupno: keep one of them',
    ],
    [
      'a group and brands',
      { callers: [{ ...CALLER, groups: { canary: '1001' } }] },
      'callers[0].groups: stands beside groupno: keep one of them',
    ],
    [
      'a claim without brands',
      { callers: [{ ...CALLER, groupno: undefined, groupnoClaim: 'brand' }] },
      'callers[0].groups: is required beside groupnoClaim',
    ],
    [
      'brands without a claim',
      { callers: [{ ...CALLER, groupno: undefined, groups: { canary: '1001' } }] },
      'callers[0].groupnoClaim: is required beside groups',
    ],
    [
      'no brand',
      { callers: [{ ...CALLER, groupno: undefined, groupnoClaim: 'brand', groups: {} }] },
      'callers[0].groups: must not be empty',
    ],
    [
      'a brand of a group that is not there',
      { callers: [{ ...CALLER, groupno: undefined, groupnoClaim: 'brand', groups: { acme: '1002' } }] },
      'callers[0].groups["acme"]: no such group',
    ],
    [
      'a brand with a number',
      { callers: [{ ...CALLER, groupno: undefined, groupnoClaim: 'brand', groups: { acme: 1001 } }] },
      'callers[0].groups: must give a string for each value of the claim: put the number in quotes',
    ],
    // Blocks
    ['blocks that are a list', { blocked: [] }, 'blocked: must be a mapping'],
    ['an unknown kind of block', { blocked: { users: [] } }, 'blocked["users"]: unknown property'],
    ['blocks that are text', { blocked: { subjects: 'canary' } }, 'blocked.subjects: must be a list'],
    [
      'a block of an unknown issuer',
      { blocked: { subjects: [{ issuer: 'canary', subject: 'x' }] } },
      'blocked.subjects[0].issuer: no such issuer',
    ],
    [
      'a block of nobody',
      { blocked: { subjects: [{ issuer: ISSUER.issuer }] } },
      'blocked.subjects[0].subject: is required',
    ],
    [
      'a block of an unknown group',
      { blocked: { customers: [{ groupno: '1002', custno: '700123' }] } },
      'blocked.customers[0].groupno: no such group',
    ],
    [
      'a block of a number without quotes',
      { blocked: { customers: [{ groupno: '1001', custno: 700_123 }] } },
      'blocked.customers[0].custno: must be a string: put it in quotes',
    ],
    [
      'a block of no customer number',
      { blocked: { customers: [{ groupno: '1001', custno: 'canary' }] } },
      'blocked.customers[0].custno: must have 1 to 10 digits without a leading zero',
    ],
    [
      'a block with more',
      { blocked: { customers: [{ groupno: '1001', custno: '1', why: 'canary' }] } },
      'blocked.customers[0]["why"]: unknown property',
    ],
    // Unknown properties
    [
      'an unknown property',
      { issuers: [{ ...ISSUER, jwksUrl: 'canary' }] },
      'issuers[0].jwksUrl: unknown property',
    ],
    ['another', { callers: [{ ...CALLER, scope: ['canary'] }] }, 'callers[0].scope: unknown property'],
    ['and another', { groups: [{ ...GROUP, password: 'canary' }] }, 'groups[0].password: unknown property'],
    ['a nested one', { callers: [{ ...CALLER, x: { canary: 1 } }] }, 'callers[0].x: unknown property'],
    [
      'an inherited name',
      { callers: [{ ...CALLER, hasOwnProperty: 1 }] },
      'callers[0].hasOwnProperty: unknown property',
    ],
    ['a constructor', { groups: [{ ...GROUP, constructor: 1 }] }, 'groups[0].constructor: unknown property'],
    [
      'a name with a line in it',
      { callers: [{ ...CALLER, 'a\nb': 1 }] },
      'callers[0]["a\\nb"]: unknown property',
    ],
    // Issuers
    ['no issuer', { issuers: [{ ...ISSUER, issuer: undefined }, ISSUER] }, 'issuers[0].issuer: is required'],
    [
      'an empty issuer',
      { issuers: [{ ...ISSUER, issuer: '' }, ISSUER] },
      'issuers[0].issuer: must not be empty',
    ],
    ['no audience', { issuers: [{ ...ISSUER, audience: undefined }] }, 'issuers[0].audience: is required'],
    [
      'an empty audience',
      { issuers: [{ ...ISSUER, audience: '' }] },
      'issuers[0].audience: must not be empty',
    ],
    [
      'an empty list of them',
      { issuers: [{ ...ISSUER, audience: [] }] },
      'issuers[0].audience: must not be empty',
    ],
    [
      'an empty one in the list',
      { issuers: [{ ...ISSUER, audience: ['canary', ''] }] },
      'issuers[0].audience: must be a list of strings (numbers and dates in quotes), none of them empty',
    ],
    [
      'no algorithm',
      { issuers: [{ ...ISSUER, algorithms: [] }] },
      'issuers[0].algorithms: must not be empty',
    ],
    [
      'a key without a value',
      { issuers: [{ ...ISSUER, clientIdClaim: null }] },
      'issuers[0].clientIdClaim: must not be empty',
    ],
    [
      'an empty claim',
      { issuers: [{ ...ISSUER, audienceClaim: '' }] },
      'issuers[0].audienceClaim: must not be empty',
    ],
    [
      'a flag that is text',
      { issuers: [{ ...ISSUER, requireAccessTokenType: 'canary' }] },
      'issuers[0].requireAccessTokenType: must be true or false',
    ],
    ...[0, -1, 1.5, 1e300, '86400', null, true].map((seconds): [string, Entry, string] => [
      `a lifetime of ${JSON.stringify(seconds)}`,
      { issuers: [{ ...ISSUER, maxTokenLifetimeSeconds: seconds }] },
      'issuers[0].maxTokenLifetimeSeconds: must be a whole number of at least 1',
    ]),
    [
      'two sources of keys',
      { issuers: [{ ...ISSUER, publicKeyFile: 'canary' }] },
      'issuers[0].publicKeyFile: is a second source beside jwksUri: keep one of them',
    ],
    [
      'no source of keys',
      { issuers: [{ ...ISSUER, jwksUri: undefined }] },
      'issuers[0].jwksUri: is required, or publicKeyFile',
    ],
    [
      'a key file that is not there',
      { issuers: [{ ...ISSUER, jwksUri: undefined, publicKeyFile: 'canary' }] },
      'issuers[0].publicKeyFile: the file cannot be read (there is no such file)',
    ],
    ['one issuer twice', { issuers: [ISSUER, ISSUER] }, 'issuers[1].issuer: issuers[0] has the same issuer'],
    // Callers
    ['no client', { callers: [{ ...CALLER, clientId: undefined }] }, 'callers[0].clientId: is required'],
    [
      'a client that is a number',
      { callers: [{ ...CALLER, clientId: 7 }] },
      'callers[0].clientId: must be a string: put it in quotes',
    ],
    [
      'a client that is a list',
      { callers: [{ ...CALLER, clientId: ['canary'] }] },
      'callers[0].clientId: must be a string',
    ],
    [
      'no customers',
      { callers: [{ ...CALLER, customers: undefined }] },
      'callers[0].customers: must be own or any',
    ],
    [
      'other customers',
      { callers: [{ ...CALLER, customers: 'canary' }] },
      'callers[0].customers: must be own or any',
    ],
    [
      'an empty claim',
      { callers: [{ ...CALLER, custnoClaim: '' }] },
      'callers[0].custnoClaim: must not be empty',
    ],
    ...['canary', ['canary b'], [7], [''], null].map((scopes): [string, Entry, string] => [
      `scopes ${JSON.stringify(scopes)}`,
      { callers: [{ ...CALLER, scopes }] },
      'callers[0].scopes: must be a list of scopes, each without blanks',
    ]),
    ...['canary', '600', 0, -1, 1.5, 2_147_483_648, Infinity, null, [7]].map(
      (rateLimit): [string, Entry, string] => [
        `a rateLimit of ${JSON.stringify(rateLimit)}`,
        { callers: [{ ...CALLER, rateLimit }] },
        'callers[0].rateLimit: must be a whole number from 1 to 2147483647',
      ],
    ),
    [
      'an unknown issuer',
      { callers: [{ ...CALLER, issuer: 'canary' }] },
      'callers[0].issuer: no such issuer',
    ],
    [
      'an unknown group',
      { callers: [CALLER, CALLER, { ...CALLER, clientId: 'x', groupno: 'canary' }].slice(1) },
      'callers[1].groupno: no such group',
    ],
    [
      'a group that is a number',
      { callers: [{ ...CALLER, groupno: 1001 }] },
      'callers[0].groupno: must be a string: put it in quotes',
    ],
    [
      'one pair twice',
      { callers: [CALLER, { ...CALLER, customers: 'any' }] },
      'callers[1].clientId: callers[0] has the same clientId and issuer',
    ],
    // Groups
    [
      'a number that is no text',
      { groups: [GROUP, { ...GROUP, groupno: 2002 }] },
      'groups[1].groupno: must be a string: put it in quotes',
    ],
    ...['../canary', 'canary/1', 'canary 1', 'canary%2f', 'ä', 'c'.repeat(33)].map(
      (groupno): [string, Entry, string] => [
        `the group ${groupno}`,
        { groups: [GROUP, { ...GROUP, groupno }] },
        'groups[1].groupno: must be 1 to 32 letters, digits, hyphens or underscores',
      ],
    ),
    ['one group twice', { groups: [GROUP, GROUP] }, 'groups[1].groupno: groups[0] has the same groupno'],
    [
      'two sources of a username',
      { groups: [{ ...GROUP, usernameFile: 'canary' }] },
      'groups[0].usernameFile: is a second source beside usernameEnv: keep one of them',
    ],
    [
      'two sources of a password',
      { groups: [{ ...GROUP, passwordFile: 'canary' }] },
      'groups[0].passwordFile: is a second source beside passwordEnv: keep one of them',
    ],
    [
      'no username',
      { groups: [{ ...GROUP, usernameEnv: undefined }] },
      'groups[0].usernameEnv: is required, or usernameFile',
    ],
    [
      'no password',
      { groups: [{ ...GROUP, passwordEnv: undefined }] },
      'groups[0].passwordEnv: is required, or passwordFile',
    ],
    [
      'a secret without a value',
      { groups: [{ ...GROUP, passwordEnv: null }] },
      'groups[0].passwordEnv: must not be empty',
    ],
    [
      'a variable that is not set',
      { groups: [{ ...GROUP, passwordEnv: 'NOT_SET' }] },
      'groups[0].passwordEnv: the variable NOT_SET is not set or empty',
    ],
    [
      'a password in the place of a variable',
      { groups: [{ ...GROUP, passwordEnv: 'Canary1' }] },
      'groups[0].passwordEnv: the variable that it names is not set or empty',
    ],
    [
      'a password that is no name',
      { groups: [{ ...GROUP, passwordEnv: 'canary!' }] },
      'groups[0].passwordEnv: must be the name of an environment variable',
    ],
  ])('is refused with its path: %s', (_, content, fault) => {
    expect(faultsOf(() => load(content))).toEqual([fault]);
  });

  it('may not name a username with a colon', () => {
    const secrets = { ...SECRETS, OCTANE_USERNAME: 'can:canary' };
    expect(faultsOf(() => load({}, secrets))).toEqual([
      'groups[0].usernameEnv: the username must not contain a colon (RFC 7617)',
    ]);
  });

  it.each([
    ['HS256', 'must not hold a symmetric algorithm (HS…): whoever can check such a token can also make one'],
    ['hs512', 'must not hold a symmetric algorithm (HS…): whoever can check such a token can also make one'],
    ['EdDSA', expect.stringMatching(/^EdDSA is not supported: use RS256, .*ES512$/)],
    ['none', expect.stringMatching(/^one of them is not supported: use RS256/)],
    ['rs256', expect.stringMatching(/^one of them is not supported/)],
    ['canary', expect.stringMatching(/^one of them is not supported/)],
    [7, expect.stringMatching(/^one of them is not supported/)],
  ])('may not list the algorithm %s', (algorithm, wrong) => {
    const issuers = [{ ...ISSUER, algorithms: ['RS256', algorithm] }];
    const faults = faultsOf(() => load({ issuers }));
    expect(faults.map((fault) => fault.split('.algorithms: '))).toEqual([['issuers[0]', wrong]]);
  });

  it('may not give algorithms as text', () => {
    const issuers = [{ ...ISSUER, algorithms: 'RS256' }];
    expect(faultsOf(() => load({ issuers }))).toEqual([
      expect.stringMatching(/^issuers\[0\]\.algorithms: must be a list/),
    ]);
  });

  it('shows every fault at once, whatever part of it is wrong', () => {
    const faults = faultsOf(() =>
      load({
        issuers: [
          { ...ISSUER, audience: [], algorithms: ['HS256'], jwksUri: 'http://canary' },
          { ...ISSUER, typo: 1 },
        ],
        callers: [
          { ...CALLER, customers: 'all' },
          { ...CALLER, clientId: 'b', issuer: 'x', groupno: '9' },
          'canary',
        ],
        groups: [
          { ...GROUP, usernameEnv: 'NOT_SET', passwordFile: 'canary' },
          { groupno: 2002, passwordEnv: 'NOT_SET_EITHER' },
        ],
        more: true,
      }),
    );
    expect(faults.toSorted()).toEqual([
      'callers[0].customers: must be own or any',
      'callers[1].groupno: no such group',
      'callers[1].issuer: no such issuer',
      'callers[2]: must be a mapping',
      'groups[0].passwordFile: is a second source beside passwordEnv: keep one of them',
      'groups[0].usernameEnv: the variable NOT_SET is not set or empty',
      'groups[1].groupno: must be a string: put it in quotes',
      'groups[1].passwordEnv: the variable NOT_SET_EITHER is not set or empty',
      'groups[1].usernameEnv: is required, or usernameFile',
      expect.stringMatching(/^issuers\[0\]\.algorithms: must not hold a symmetric/),
      'issuers[0].audience: must not be empty',
      expect.stringMatching(/^issuers\[0\]\.jwksUri: must be https/),
      'issuers[1].issuer: issuers[0] has the same issuer',
      'issuers[1].typo: unknown property',
      'more: unknown property',
    ]);
  });
});

describe('a text without quotes that YAML may read as something else', () => {
  const FILE = `
issuers: [{ issuer: ISSUER, audience: [octane-bff], jwksUri: https://id.example.com/jwks }]
callers: [{ clientId: CLIENT, issuer: ISSUER, groupno: GROUP, customers: own }]
groups: [{ groupno: GROUP, usernameEnv: OCTANE_USERNAME, passwordEnv: OCTANE_PASSWORD }]
`;
  const written = { ISSUER: 'i', CLIENT: 'c', GROUP: 'g' };
  const loadWith = (values: Partial<typeof written>): GatewayConfig =>
    loadText(
      Object.entries({ ...written, ...values }).reduce(
        (text, [name, value]) => text.replaceAll(name, value),
        FILE,
      ),
    );
  const WRONG = 'must be a string: put it in quotes';

  it.each([
    '1001',
    '0',
    '-7',
    '1e3',
    '0x1F',
    '0o17',
    '.5',
    '1.0',
    '.inf',
    '.nan',
    '12345678901234567890123',
    'true',
    'false',
    'True',
    'FALSE',
    '!!int "1001"',
    '!!bool "true"',
    '2026-11-28',
    '2026-1-1',
    '2026-13-45',
    '2026-11-28T10:00:00Z',
    '2026-11-28 10:00:00',
    '!!timestamp 2026-11-28',
  ])('is a fault that says to quote it: %s', (text) => {
    expect(faultsOf(() => loadWith({ CLIENT: text }))).toEqual([`callers[0].clientId: ${WRONG}`]);
    expect(faultsOf(() => loadWith({ ISSUER: text }))).toEqual([
      `issuers[0].issuer: ${WRONG}`,
      `callers[0].issuer: ${WRONG}`,
    ]);
    expect(faultsOf(() => loadWith({ GROUP: text }))).toEqual([
      `callers[0].groupno: ${WRONG}`,
      `groups[0].groupno: ${WRONG}`,
    ]);
  });

  it.each([
    '"1001"',
    "'2026-11-28'",
    '"true"',
    '!!str 1001',
    '!!str 2026-11-28',
    'no',
    'OFF',
    'Y',
    '12:30:45',
    '2026-11',
    '1001-a',
  ])('is taken where it is in quotes or no such thing in YAML 1.2: %s', (text) => {
    expect(loadWith({ CLIENT: text }).callers[0]?.clientId).toBe(text.replaceAll(/"|'|!!str /g, ''));
  });
});

describe('a gateway file that is no such YAML', () => {
  it.each<[string, string | Uint8Array, string]>([
    ['broken', 'issuers:\n  - "canary', 'not valid YAML at line 2, column 12 (missing char)'],
    ['with a key twice', 'canary: 1\ncanary: 2\n', 'not valid YAML at line 2, column 1 (duplicate key)'],
    ['indented with tabs', 'issuers:\n\t- canary\n', 'not valid YAML at line 2, column 1 (tab as indent)'],
    [
      'with an unknown tag',
      'issuers: !canary x\n',
      'not valid YAML at line 1, column 10 (tag resolve failed)',
    ],
    ['with a list for a key', '? [a]\n: canary\n', 'not valid YAML at line 1, column 3 (non string key)'],
    ['of two documents', 'a: canary\n---\nb: canary\n', 'not valid YAML at line 2, column 1 (multiple docs)'],
    [
      'with a loose alias',
      'issuers: *canary\n',
      'not valid YAML (an alias that refers to nothing or to itself, or too many aliases)',
    ],
    ['empty', '', 'must hold a mapping with issuers, callers, groups'],
    ['a comment', '# canary\n', 'must hold a mapping with issuers, callers, groups'],
    ['a text', 'canary\n', 'must hold a mapping with issuers, callers, groups'],
    ['a list', '- canary\n', 'must hold a mapping with issuers, callers, groups'],
    ['in another encoding', Uint8Array.of(0xff, 0xfe, 0x41), 'the file is not UTF-8 text'],
  ])('is refused: %s', (_, text, wrong) => {
    expect(faultsOf(() => loadText(text))).toEqual([`GATEWAY_FILE: ${wrong}`]);
  });

  it('shows each of its errors', () => {
    expect(faultsOf(() => loadText('a: 1\na: 2\nb: 1\nb: 2\n'))).toHaveLength(2);
  });

  it('does not hang or break on aliases that multiply or refer to themselves', () => {
    const bomb = [
      'a: &a [x]',
      ...'bcdefgh'
        .split('')
        .map((name, i) => `${name}: &${name} [${Array(20).fill(`*${'abcdefg'[i]}`).join()}]`),
    ];
    expect(faultsOf(() => loadText(bomb.join('\n')))).toHaveLength(1);
    const cycle = `issuers: &a [*a]\ncallers: [{ clientId: &b [*b], scopes: &c { x: *c } }]\ngroups: []\n`;
    expect(faultsOf(() => loadText(cycle)).length).toBeGreaterThan(0);
  });

  it('is refused when it is not there', () => {
    const settings = {
      gatewayFile: join(folder, 'canary.yaml'),
      allowInsecureHttp: false,
      readSecret: () => 'x',
    };
    expect(faultsOf(() => loadGatewayFile(settings))).toEqual([
      'GATEWAY_FILE: the file cannot be read (there is no such file)',
    ]);
  });
});
