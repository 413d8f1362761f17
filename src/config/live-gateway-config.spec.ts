import { createHash, generateKeyPairSync } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { NestFactory } from '@nestjs/core';
import { stringify } from 'yaml';
import { ConfigModule } from './config.module.ts';
import { ConfigurationError } from './configuration-error.ts';
import type { GatewayConfig } from './gateway-file.ts';
import { LiveGatewayConfig, type Reload } from './live-gateway-config.ts';
import { loadSettings } from './settings.ts';

const ISSUER = {
  issuer: 'https://id.example.com/',
  audience: 'octane-bff',
  jwksUri: 'https://id.example.com/jwks',
};
const CALLER = { clientId: 'selfcare-app', issuer: ISSUER.issuer, groupno: '1001', customers: 'own' };
const GROUP = { groupno: '1001', usernameEnv: 'OCTANE_USERNAME', passwordFile: 'password' };
const ACCEPTED = { result: 'accepted' };

let folder: string;
let environment: Record<string, string>;
/** Every configuration that was handed over. */
let handedOver: GatewayConfig[];
let reloads: Reload[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'live-'));
  environment = { OCTANE_USERNAME: 'user' };
  [handedOver, reloads] = [[], []];
  write('gateway.yaml', fileOf());
  write('password', 'old');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What became of every change that was told; what stands in the files must not show in any. */
function told(): object[] {
  expect(JSON.stringify(reloads)).not.toMatch(/canary/i);
  return reloads.map((reload) =>
    reload.result === 'accepted' ? ACCEPTED : { result: reload.result, faults: reload.faults },
  );
}

function fileOf(changes: { issuer?: object; caller?: object; group?: object; more?: object[] } = {}): string {
  return stringify({
    issuers: [{ ...ISSUER, ...changes.issuer }],
    callers: [{ ...CALLER, ...changes.caller }],
    groups: [{ ...GROUP, ...changes.group }, ...(changes.more ?? [])],
  });
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function start(more: { octaneCaFile?: string } = {}): LiveGatewayConfig {
  const live = new LiveGatewayConfig({
    ...more,
    gatewayFile: join(folder, 'gateway.yaml'),
    allowInsecureHttp: false,
    readSecret: (variable) => environment[variable],
  });
  live.follow((config) => handedOver.push(config));
  live.onReload((reload) => reloads.push(reload));
  return live;
}

function look(live: LiveGatewayConfig, times = 2): void {
  for (let time = 0; time < times; time++) live.look();
}

const inUse = (): GatewayConfig => handedOver.at(-1)!;
const credentials = (): (string | undefined)[] =>
  inUse().groups.map((group) => atob(group.basicAuthorization().slice('Basic '.length)));

describe('the start', () => {
  it('hands over what the files say, to every follower', () => {
    const live = start();
    const others: GatewayConfig[] = [];
    live.follow((config) => others.push(config));
    expect(credentials()).toEqual(['user:old']);
    expect([others, told()]).toEqual([handedOver, []]);
  });

  it('refuses a bad file', () => {
    write('gateway.yaml', fileOf({ caller: { groupno: 'canary' } }));
    expect(() => start()).toThrow(ConfigurationError);
    expect(() => start()).toThrow('callers[0].groupno: no such group');
  });
});

describe('a good change', () => {
  let live: LiveGatewayConfig;
  beforeEach(() => {
    live = start();
  });

  function expectTakenOver(): void {
    expect(credentials()).toEqual(['user:new']);
    expect(handedOver).toHaveLength(2);
    expect(told()).toEqual([ACCEPTED]);
    look(live, 5);
    expect(handedOver).toHaveLength(2);
  }

  it('is taken over when a file is written in place', () => {
    write('password', 'new');
    look(live);
    expectTakenOver();
  });

  it('is taken over when a file is replaced by a rename', () => {
    write('password.tmp', 'new');
    renameSync(join(folder, 'password.tmp'), join(folder, 'password'));
    look(live);
    expectTakenOver();
  });

  it('is taken over when a file goes and comes back as another one', () => {
    unlinkSync(join(folder, 'password'));
    look(live, 1);
    write('password', 'new');
    look(live);
    expectTakenOver();
  });

  it('is taken over whatever the time of the file says', () => {
    write('password', 'new');
    utimesSync(join(folder, 'password'), 0, 0);
    look(live);
    expectTakenOver();
  });

  it('is taken over in the gateway file too', () => {
    write(
      'gateway.yaml',
      fileOf({ caller: { scopes: ['direct-debit:write'] }, issuer: { audience: 'other' } }),
    );
    look(live);
    expect([inUse().callers[0]?.scopes, inUse().issuers[0]?.audience]).toEqual([
      ['direct-debit:write'],
      ['other'],
    ]);
    expect(Object.isFrozen(inUse().callers[0]?.scopes)).toBe(true);
  });

  it('is taken over once two looks have found the same: what is half written waits', () => {
    for (const half of ['n', 'ne', 'new']) {
      write('password', half);
      look(live, 1);
      expect(credentials()).toEqual(['user:old']);
    }
    look(live, 1);
    expectTakenOver();
  });

  it('is taken over whole when it is in several files', () => {
    write('gateway.yaml', fileOf({ group: { usernameEnv: undefined, usernameFile: 'username' } }));
    look(live, 1);
    write('username', 'other');
    look(live, 1);
    write('password', 'new');
    look(live, 1);
    expect(credentials()).toEqual(['user:old']);
    look(live, 1);
    expect(credentials()).toEqual(['other:new']);
    expect(told()).toEqual([ACCEPTED]);
  });

  it('is none when the same text is written again', () => {
    write('password', 'old');
    write('gateway.yaml', fileOf());
    look(live, 3);
    live.lookAtOnce();
    expect([handedOver.length, told()]).toEqual([1, []]);
  });

  it('is none when it is taken back before it was taken over', () => {
    write('password', 'new');
    look(live, 1);
    write('password', 'old');
    look(live, 3);
    expect([handedOver.length, told()]).toEqual([1, []]);
  });

  it('is none in the environment', () => {
    environment['OCTANE_USERNAME'] = 'other';
    look(live, 3);
    expect(handedOver).toHaveLength(1);
  });
});

describe('a mounted volume of Kubernetes, whose files are links through ..data', () => {
  function publish(version: string, files: Record<string, string>): void {
    mkdirSync(join(folder, version));
    for (const [name, text] of Object.entries(files)) write(join(version, name), text);
    symlinkSync(version, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  }

  it('is followed when ..data is swapped and the old folder removed, again and again', () => {
    for (const name of ['gateway.yaml', 'password']) {
      unlinkSync(join(folder, name));
      symlinkSync(join('..data', name), join(folder, name));
    }
    publish('..v0', { 'gateway.yaml': fileOf(), password: 'secret-0' });
    const live = start();
    for (const version of [1, 2, 3]) {
      const files = {
        'gateway.yaml': fileOf({ issuer: { audience: `v${version}` } }),
        password: `secret-${version}`,
      };
      publish(`..v${version}`, files);
      rmSync(join(folder, `..v${version - 1}`), { recursive: true });
      look(live);
      expect([inUse().issuers[0]?.audience, credentials()]).toEqual([
        [`v${version}`],
        [`user:secret-${version}`],
      ]);
    }
    expect(told()).toEqual([ACCEPTED, ACCEPTED, ACCEPTED]);
  });
});

describe('the files that are looked at', () => {
  it('are those that the content names: a new one counts from then on, an old one no more', () => {
    const live = start();
    write('password-2', 'second');
    write('gateway.yaml', fileOf({ group: { passwordFile: 'password-2' } }));
    look(live);
    write('password', 'canary');
    look(live);
    expect([credentials(), told()]).toEqual([['user:second'], [ACCEPTED]]);
    write('password-2', 'third');
    look(live);
    expect([credentials(), told()]).toEqual([['user:third'], [ACCEPTED, ACCEPTED]]);
  });

  it('are those of a refused change too: what was missing may come later', () => {
    const live = start();
    const more = [{ groupno: '2002', usernameFile: 'mounted/username', passwordFile: 'mounted/password' }];
    write('gateway.yaml', fileOf({ more }));
    look(live);
    expect(told()).toEqual([
      {
        result: 'refused',
        faults: ['usernameFile', 'passwordFile'].map(
          (property) => `groups[1].${property}: the file cannot be read (there is no such file)`,
        ),
      },
    ]);
    mkdirSync(join(folder, 'mounted'));
    write('mounted/username', 'user-2002');
    write('mounted/password', 'password-2002');
    look(live);
    expect([credentials(), told().at(-1)]).toEqual([['user:old', 'user-2002:password-2002'], ACCEPTED]);
  });

  it('are the key files too', () => {
    const newPem = () =>
      String(
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }),
      );
    const [oldKey, newKey] = [newPem(), newPem()];
    write('key.pem', oldKey);
    write('gateway.yaml', fileOf({ issuer: { jwksUri: undefined, publicKeyFile: 'key.pem' } }));
    const live = start();
    write('key.pem', newKey);
    look(live);
    expect(handedOver.map(({ issuers }) => issuers[0]?.keys)).toEqual([
      { kind: 'pem', pem: oldKey },
      { kind: 'pem', pem: newKey },
    ]);
  });
});

describe('a bad change', () => {
  let live: LiveGatewayConfig;
  beforeEach(() => {
    live = start();
  });

  it.each<[string, () => void, string]>([
    [
      'a caller of an unknown group',
      () => write('gateway.yaml', fileOf({ caller: { groupno: 'canary' } })),
      'callers[0].groupno: no such group',
    ],
    [
      'broken YAML',
      () => write('gateway.yaml', 'issuers: [canary'),
      'GATEWAY_FILE: not valid YAML at line 1, column 17 (bad indent)',
    ],
    [
      'a gateway file that is gone',
      () => unlinkSync(join(folder, 'gateway.yaml')),
      'GATEWAY_FILE: the file cannot be read (there is no such file)',
    ],
    [
      'a secret file that is gone',
      () => unlinkSync(join(folder, 'password')),
      'groups[0].passwordFile: the file cannot be read (there is no such file)',
    ],
    ['an empty secret', () => write('password', '\n'), 'groups[0].passwordFile: the file is empty'],
    [
      'a variable that the process does not have',
      () => write('gateway.yaml', fileOf({ group: { usernameEnv: 'OTHER' } })),
      'groups[0].usernameEnv: the variable OTHER is not set or empty',
    ],
    [
      'a password in place of a variable',
      () => write('gateway.yaml', fileOf({ group: { usernameEnv: 'canary' } })),
      'groups[0].usernameEnv: the variable that it names is not set or empty',
    ],
  ])('leaves in use what was, and is told once: %s', (_, change, fault) => {
    change();
    look(live, 10);
    expect(handedOver).toHaveLength(1);
    expect(told()).toEqual([{ result: 'refused', faults: [fault] }]);
  });

  it('is mended by a good one', () => {
    write('gateway.yaml', 'canary');
    look(live);
    write('gateway.yaml', fileOf());
    write('password', 'new');
    look(live);
    expect([reloads.map(({ result }) => result), credentials()]).toEqual([
      ['refused', 'accepted'],
      ['user:new'],
    ]);
  });

  it('is mended when it is taken back, and told again when it comes again', () => {
    for (const text of ['canary', fileOf(), 'canary', '- canary']) {
      write('gateway.yaml', text);
      look(live, 3);
    }
    expect(reloads.map(({ result }) => result)).toEqual(['refused', 'accepted', 'refused', 'refused']);
    expect(credentials()).toEqual(['user:old']);
  });

  it('that lasts for one look is none', () => {
    unlinkSync(join(folder, 'gateway.yaml'));
    look(live, 1);
    write('gateway.yaml', fileOf());
    look(live, 3);
    expect([handedOver.length, told()]).toEqual([1, []]);
  });

  it('is what a follower cannot take, whose words are not told', () => {
    let works = true;
    live.follow(() => {
      if (!works) throw new TypeError('canary');
    });
    works = false;
    write('password', 'new');
    look(live, 3);
    expect(told()).toEqual([{ result: 'refused', faults: ['unexpected TypeError'] }]);
    works = true;
    write('password', 'newer');
    look(live);
    expect([credentials(), told().at(-1)]).toEqual([['user:newer'], ACCEPTED]);
  });
});

describe('a look at once', () => {
  it('takes over a good change that nobody has seen before', () => {
    const live = start();
    write('password', 'new');
    live.lookAtOnce();
    expect([credentials(), told()]).toEqual([['user:new'], [ACCEPTED]]);
    look(live, 3);
    expect(handedOver).toHaveLength(2);
  });

  it('leaves a bad change to the looks, which tell it when it lasts', () => {
    const live = start();
    write('password', '');
    live.lookAtOnce();
    look(live, 1);
    live.lookAtOnce();
    expect([handedOver.length, told()]).toEqual([1, []]);
    look(live, 1);
    expect(told()).toEqual([{ result: 'refused', faults: ['groups[0].passwordFile: the file is empty'] }]);
  });
});

describe('a reload that somebody asks for', () => {
  it('takes over what is there at once, without a look', () => {
    const live = start();
    write('password', 'new');
    live.reload();
    expect([credentials(), told()]).toEqual([['user:new'], [ACCEPTED]]);
    look(live, 3);
    expect(handedOver).toHaveLength(2);
  });

  it('refuses what is bad at once, and each time that it is asked for', () => {
    const live = start();
    write('password', '');
    live.reload();
    live.reload();
    const refused = { result: 'refused', faults: ['groups[0].passwordFile: the file is empty'] };
    expect([handedOver.length, told()]).toEqual([1, [refused, refused]]);
    look(live, 3);
    expect(told()).toHaveLength(2);
  });

  it('says when nothing has changed', () => {
    start().reload();
    expect(reloads).toEqual([
      { result: 'accepted', digest: expect.any(String), added: [], changed: [], removed: [] },
    ]);
  });
});

describe('what is told of a change', () => {
  const sha256 = (): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, 'gateway.yaml')))
      .digest('hex');

  it('is the digest of the gateway file, and what was added, changed and removed, secrets by their group alone', () => {
    const issuer = 'https://other.example.com/';
    const more = { groupno: '2002', usernameEnv: 'OCTANE_USERNAME', passwordFile: 'password' };
    const entries = {
      issuers: [ISSUER, { ...ISSUER, issuer }],
      callers: [
        { ...CALLER, customers: 'any' },
        { ...CALLER, clientId: 'b' },
        { ...CALLER, issuer },
      ],
      groups: [GROUP, more],
    };
    const live = start();
    write('gateway.yaml', stringify(entries));
    write('password', 'canary');
    look(live);
    expect(reloads).toEqual([
      {
        result: 'accepted',
        digest: sha256(),
        added: [
          `issuer ${issuer}`,
          `caller b of ${ISSUER.issuer}`,
          `caller selfcare-app of ${issuer}`,
          'group 2002',
        ],
        changed: [`caller selfcare-app of ${ISSUER.issuer}`, 'secret of group 1001'],
        removed: [],
      },
    ]);
    write('gateway.yaml', fileOf({ issuer: { audience: 'other' } }));
    look(live);
    expect(reloads[1]).toEqual({
      result: 'accepted',
      digest: sha256(),
      added: [],
      changed: [`issuer ${ISSUER.issuer}`, `caller selfcare-app of ${ISSUER.issuer}`],
      removed: [
        `issuer ${issuer}`,
        `caller b of ${ISSUER.issuer}`,
        `caller selfcare-app of ${issuer}`,
        'group 2002',
      ],
    });
  });

  it('is the digest of a refused file too, and none of one that is gone', () => {
    const live = start();
    write('gateway.yaml', 'canary');
    look(live);
    expect(reloads[0]?.digest).toBe(sha256());
    unlinkSync(join(folder, 'gateway.yaml'));
    look(live);
    expect(reloads[1]?.digest).toBeUndefined();
  });

  it('has a digest that tells nothing of a secret', () => {
    const live = start();
    const { digest } = live.started;
    expect(digest).toBe(sha256());
    write('password', 'new');
    look(live);
    expect(reloads[0]?.digest).toBe(digest);
  });

  it('names certificates for Octane that changed', () => {
    write('ca.pem', rootCertificates[0]!);
    const live = start({ octaneCaFile: join(folder, 'ca.pem') });
    write('ca.pem', rootCertificates[1]!);
    look(live);
    expect(reloads).toMatchObject([{ added: [], changed: ['certificates for Octane'], removed: [] }]);
  });

  it('names a hundred entries and counts the others', () => {
    const live = start();
    const callers = Array.from({ length: 103 }, (_, index) => ({ ...CALLER, clientId: `app-${index}` }));
    write('gateway.yaml', stringify({ issuers: [ISSUER], callers, groups: [GROUP] }));
    look(live);
    const added: readonly string[] = reloads[0]?.result === 'accepted' ? reloads[0].added : [];
    expect([added.length, added.at(-1)]).toEqual([101, '3 more']);
  });
});

describe('while the application runs', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('a change is in use within 5 s, whenever it comes', () => {
    const live = start();
    live.onApplicationBootstrap();
    for (const millisecond of [1, 250, 500, 750, 999]) {
      jest.advanceTimersByTime(millisecond);
      write('password', `at-${millisecond}`);
      jest.advanceTimersByTime(5000);
      expect(credentials()).toEqual([`user:at-${millisecond}`]);
    }
    live.onApplicationShutdown();
  });

  it('and no longer the files are looked at', async () => {
    const live = start();
    const settings = loadSettings({ OCTANE_BASE_URL: 'https://octane.example.com' });
    const application = await NestFactory.createApplicationContext(ConfigModule.of(settings, live), {
      logger: false,
    });
    expect(application.get(LiveGatewayConfig)).toBe(live);
    expect(jest.getTimerCount()).toBe(1);
    await application.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});
