import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { CallerDirectory } from '../src/callers/caller-directory.ts';
import { LiveGatewayConfig } from '../src/config/live-gateway-config.ts';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { gatewayFileOf, TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { RawConnection, requestText } from './support/raw-connection.ts';
import { answerProperly } from './support/scripted-octane.ts';
import type { Hit } from './support/scripted-octane.ts';
import { publicJwk, publicPem, signingKey, TokenIssuer } from './support/token-issuer.ts';
import type { SigningKey, TokenContent } from './support/token-issuer.ts';

let gateway: TestGateway;
let live: LiveGatewayConfig;
let otherIssuer: TokenIssuer;
let otherKey: SigningKey;

beforeAll(async () => {
  [otherIssuer, otherKey] = await Promise.all([TokenIssuer.start('key-2'), signingKey('key-3')]);
  gateway = await TestGateway.start({
    files: { username: 'octane-user', password: 'password-1', 'key.pem': await publicPem(otherKey) },
    gatewayFile: (file) => Object.assign(file['groups'][0], GROUP),
  });
  live = gateway.application.get(LiveGatewayConfig);
});
afterAll(() => Promise.all([gateway.stop(), otherIssuer.stop()]));

/** The credentials of group 1001 are in files. */
const GROUP = {
  usernameEnv: undefined,
  passwordEnv: undefined,
  usernameFile: 'username',
  passwordFile: 'password',
};

beforeEach(() => {
  // Only what a test asks for is looked at, so that every test knows what the gateway has seen.
  live.onApplicationShutdown();
  renew('password', 'password-1');
  publish(() => {});
  gateway.octane.reset();
  (gateway.log as string[]).length = 0;
});

/** Replaces a file as a deployment tool does: whole, by a rename. */
function renew(name: string, text: string): void {
  const path = join(gateway.folder, name);
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

/** Renews the gateway file, changed by `change`, and has the gateway look until it has seen enough. */
function publish(change: (file: Record<string, any>) => void): void {
  const file = gatewayFileOf(gateway.issuer);
  Object.assign(file['groups'][0], GROUP);
  change(file);
  renew('gateway.yaml', stringify(file));
  lookUntilSettled();
}

function lookUntilSettled(): void {
  live.look();
  live.look();
}

function logged(message: RegExp): Record<string, unknown>[] {
  return gateway.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => message.test(String(msg)));
}

async function send(content: TokenContent = {}, issuer = gateway.issuer): Promise<Answer> {
  gateway.octane.hits.length = 0;
  return gateway.sendWelcomeEmail({ token: await issuer.token(content) });
}

function expectSent(answer: Answer, groupno = '1001'): void {
  expect({ status: answer.status, code: answer.json?.code }).toEqual({ status: 204 });
  expect(gateway.octane.hits.map(({ path }) => path)).toEqual([
    `/tiab/api/v1/group/${groupno}/customer/700123/send-welcome-email`,
  ]);
}

function expectRefused(answer: Answer, status: number, code: string): void {
  expectProblem(answer, status, code);
  expect(gateway.octane.hits).toEqual([]);
}

function basic(password: string): string {
  return `Basic ${Buffer.from(`octane-user:${password}`).toString('base64')}`;
}

/**
 * Has Octane answer as it should to these passwords, and with 401 to any other.
 *
 * @returns what it refused from then on
 */
function accept(...passwords: string[]): readonly Hit[] {
  const accepted = new Set(passwords.map(basic));
  const refused: Hit[] = [];
  gateway.octane.script = (hit, response, socket) => {
    if (accepted.has(hit.headers.authorization ?? '')) return answerProperly(hit, response, socket);
    refused.push(hit);
    response.writeHead(401).end();
  };
  return refused;
}

function hitsWith(password: string): Hit[] {
  return gateway.octane.hits.filter(({ headers }) => headers.authorization === basic(password));
}

describe('the password of a group', () => {
  it('is changed by a change of its file alone', async () => {
    live.onApplicationBootstrap();
    renew('password', 'password-2');
    await eventually(async () => {
      expect((await gateway.sendWelcomeEmail()).status).toBe(204);
      return hitsWith('password-2').length > 0;
    });
    expect(logged(/gateway file/)).toMatchObject([{ level: 'info', msg: 'gateway file reloaded' }]);
  });

  it('is looked up again after a 401 of Octane, for the next call: the refused one is not sent again', async () => {
    accept('password-2');
    renew('password', 'password-2');
    const refused = await gateway.setDirectDebit();
    expectProblem(refused, 502, 'octane-credentials-rejected', { outcome: 'rejected', retryable: false });
    expect(gateway.octane.hits.map(({ headers }) => headers.authorization)).toEqual([basic('password-1')]);
    expect((await gateway.setDirectDebit()).status).toBe(200);
    expect((await gateway.sendWelcomeEmail()).status).toBe(204);
    expect(gateway.octane.hits.slice(1).map(({ headers }) => headers.authorization)).toEqual([
      basic('password-2'),
      basic('password-2'),
    ]);
    expect(logged(/gateway file/)).toMatchObject([{ msg: 'gateway file reloaded' }]);
  });

  it('stays after a 401 when its file says nothing new, or nothing good', async () => {
    accept('password-2');
    expect((await gateway.sendWelcomeEmail()).json.outcome).toBe('rejected');
    const now = performance.now();
    for (const seconds of [2, 5]) {
      renew('password', seconds === 2 ? 'password-1' : '\n');
      jest.spyOn(performance, 'now').mockReturnValue(now + seconds * 1000);
      expect((await gateway.sendWelcomeEmail()).json.outcome).toBe('rejected');
      expect((await gateway.sendWelcomeEmail()).json.outcome).toBe('not-sent');
    }
    jest.restoreAllMocks();
    expect(hitsWith('password-1')).toHaveLength(3);
    expect(logged(/gateway file/)).toEqual([]);
    // New credentials are sent at once: nothing of this is left for the next test.
    renew('password', 'password-2');
    lookUntilSettled();
    expectSent(await send());
  });

  it('is not looked up again after any other refusal', async () => {
    gateway.octane.script = (_hit, response) => response.writeHead(403).end();
    renew('password', 'password-2');
    expect((await gateway.sendWelcomeEmail()).status).toBe(403);
    gateway.octane.script = answerProperly;
    expectSent(await send());
    expect(hitsWith('password-1')).toHaveLength(1);
  });
});

/** What an app got for one request, and whether it asked after it knew of the first refusal. */
interface Exchange {
  readonly answer: Answer;
  readonly afterRefusal: boolean;
}

/** Twenty apps that send one request after the other. */
class Load {
  readonly exchanges: Exchange[] = [];
  private refusalKnown = false;
  private going = true;
  private readonly apps: Promise<void[]>;

  constructor(token: string) {
    this.apps = Promise.all(Array.from({ length: 20 }, (_, app) => this.run(app, token)));
  }

  /** Waits for so many more answers. */
  async goOn(answers = 40): Promise<void> {
    const enough = this.exchanges.length + answers;
    await eventually(() => this.exchanges.length >= enough);
  }

  async stop(): Promise<void> {
    this.going = false;
    await this.apps;
  }

  statuses(): ReadonlySet<number> {
    return new Set(this.exchanges.map(({ answer }) => answer.status));
  }

  private async run(app: number, token: string): Promise<void> {
    while (this.going) {
      const afterRefusal = this.refusalKnown;
      const answer = await (app % 2 === 0
        ? gateway.setDirectDebit(VALID_DIRECT_DEBIT, { token })
        : gateway.sendWelcomeEmail({ token }));
      this.exchanges.push({ answer, afterRefusal });
      if (answer.status === 502) this.refusalKnown = true;
    }
  }
}

describe('under load', () => {
  let load: Load;

  async function startLoad(): Promise<void> {
    load = new Load(await gateway.issuer.token());
    await load.goOn();
  }
  afterEach(() => load.stop());

  const path = (...names: string[]): string => join(gateway.folder, ...names);

  /** Lets the file `password` point through `..data` to a folder of this version, as Kubernetes mounts a secret. */
  function mount(version: string, password: string): void {
    mkdirSync(path(version));
    writeFileSync(path(version, 'password'), password);
    symlinkSync(version, path('..data_tmp'));
    renameSync(path('..data_tmp'), path('..data'));
  }

  it.each<[string, () => void, (password: string) => void]>([
    ['written in place', () => {}, (password) => writeFileSync(path('password'), password)],
    ['renamed', () => {}, (password) => renew('password', password)],
    [
      'swapped as Kubernetes does',
      () => {
        mount('..2026_1', 'password-1');
        symlinkSync('..data/password', path('password.tmp'));
        renameSync(path('password.tmp'), path('password'));
      },
      (password) => {
        mount('..2026_2', password);
        rmSync(path('..2026_1'), { recursive: true });
      },
    ],
  ])('a rotation fails no request while Octane takes both passwords: %s', async (_, prepare, replace) => {
    prepare();
    accept('password-1');
    await startLoad();
    accept('password-1', 'password-2');
    replace('password-2');
    await load.goOn();
    lookUntilSettled();
    // The calls that were under way with the old password end before Octane stops to take it.
    await load.goOn();
    accept('password-2');
    const before = hitsWith('password-1').length;
    await load.goOn();
    await load.stop();
    expect(load.statuses()).toEqual(new Set([200, 204]));
    expect(gateway.octane.hits).toHaveLength(load.exchanges.length);
    expect(before).toBeGreaterThan(0);
    expect(hitsWith('password-1')).toHaveLength(before);
    expect(hitsWith('password-2').length).toBeGreaterThanOrEqual(40);
  });

  it('a sudden change loses only what Octane itself refuses before the first refusal is known', async () => {
    accept('password-1');
    await startLoad();
    const refusedByOctane = accept('password-2');
    renew('password', 'password-2');
    await load.goOn(120);
    await load.stop();
    const refused = load.exchanges.filter(({ answer }) => answer.status === 502);
    for (const { answer } of refused) {
      expectProblem(answer, 502, 'octane-credentials-rejected', { outcome: 'rejected', retryable: false });
    }
    expect(refused.length).toBeGreaterThan(0);
    expect(refused).toHaveLength(refusedByOctane.length);
    expect(load.statuses()).toEqual(new Set([200, 204, 502]));
    expect(refused.filter(({ afterRefusal }) => afterRefusal)).toEqual([]);
    // None was sent again, and none was lost.
    expect(gateway.octane.hits).toHaveLength(load.exchanges.length);
    expect(hitsWith('password-2').length).toBeGreaterThanOrEqual(80);
  });

  it('a gateway file that changes all the time fails no request and forgets no key', async () => {
    const fetches = gateway.issuer.fetches.length;
    await startLoad();
    for (let change = 0; change < 20; change++) {
      publish((file) => {
        file['issuers'][0].audience = ['octane-bff', `audience-${change}`];
        file['callers'].push({ ...file['callers'][0], clientId: `app-${change}` });
      });
      await load.goOn(10);
    }
    await load.stop();
    expect(load.statuses()).toEqual(new Set([200, 204]));
    expect(gateway.octane.hits).toHaveLength(load.exchanges.length);
    expect(gateway.issuer.fetches).toHaveLength(fetches);
    expect(logged(/gateway file reloaded/)).toHaveLength(20);
  });
});

describe('a caller', () => {
  const claims = { client_id: 'new-app' };

  it('is known once the gateway file names it, and no longer than that', async () => {
    expectRefused(await send({ claims }), 403, 'caller-not-mapped');
    publish((file) => file['callers'].push({ ...file['callers'][0], clientId: 'new-app' }));
    expectSent(await send({ claims }));
    expectSent(await send());
    publish((file) => file['callers'].shift());
    expectRefused(await send({ claims }), 403, 'caller-not-mapped');
    expectRefused(await send(), 403, 'caller-not-mapped');
  });

  it('has the group, customers and scopes that the gateway file gives it now', async () => {
    const other = { custno: '1', scope: '' };
    expectRefused(await send({ claims: other }), 403, 'insufficient-scope');
    publish((file) => {
      Object.assign(file['callers'][0], {
        groupno: '2002',
        customers: 'any',
        scopes: ['welcome-email:send'],
      });
    });
    expectSent(await send({ claims: other }), '2002');
    publish((file) => {
      file['callers'][0].scopes = ['welcome-email:send'];
    });
    expectRefused(await send({ claims: other }), 403, 'customer-not-permitted');
  });

  it('that is removed with its group still has the request answered that was under way', async () => {
    const directory = gateway.application.get(CallerDirectory);
    const resolved = Promise.withResolvers<void>();
    const find = directory.find.bind(directory);
    directory.find = (principal) => {
      resolved.resolve();
      return find(principal);
    };
    const body = JSON.stringify({ directDebit: VALID_DIRECT_DEBIT });
    const connection = await RawConnection.open(gateway.port);
    try {
      const headers = [
        'Host: gateway',
        `Authorization: Bearer ${await gateway.issuer.token()}`,
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(body)}`,
      ];
      const head = requestText('POST /v1/customers/700123/direct-debit HTTP/1.1', headers);
      connection.write(head + body.slice(0, 10));
      await resolved.promise;
      await new Promise(setImmediate);
      publish((file) => {
        file['groups'].shift();
        file['callers'] = file['callers'].slice(2);
      });
      connection.write(body.slice(10));
      expect((await connection.answer()).status).toBe(200);
      expect(gateway.octane.hits.map((hit) => [hit.path, hit.headers.authorization])).toEqual([
        ['/tiab/api/v1/group/1001/customer/700123/direct-debit', basic('password-1')],
      ]);
    } finally {
      directory.find = find;
      connection.socket.destroy();
    }
    expectRefused(await send(), 403, 'caller-not-mapped');
  });
});

describe('an issuer', () => {
  function addOtherIssuer(file: Record<string, any>, entry: object = { jwksUri: otherIssuer.jwksUri }): void {
    const { issuer } = otherIssuer;
    file['issuers'].push({ issuer, audience: 'octane-bff', ...entry });
    file['callers'].push({ ...file['callers'][0], issuer });
  }

  it('is trusted once the gateway file names it, and no longer than that', async () => {
    expectRefused(await send({}, otherIssuer), 401, 'invalid-token');
    publish(addOtherIssuer);
    expectSent(await send({}, otherIssuer));
    publish(() => {});
    expectRefused(await send({}, otherIssuer), 401, 'invalid-token');
    expectSent(await send());
  });

  it('keeps its keys when something else changes, itself included', async () => {
    publish(addOtherIssuer);
    expectSent(await send());
    expectSent(await send({}, otherIssuer));
    const fetches = (): number[] => [gateway.issuer.fetches.length, otherIssuer.fetches.length];
    const before = fetches();
    publish((file) => {
      addOtherIssuer(file);
      file['issuers'].reverse();
      file['issuers'][0].audience = 'other-audience';
      file['callers'].pop();
      file['callers'].push({ ...file['callers'][0], issuer: otherIssuer.issuer, custnoClaim: 'sub' });
    });
    expectSent(await send());
    expectSent(await send({ claims: { aud: 'other-audience', sub: '700123' } }, otherIssuer));
    expect(fetches()).toEqual(before);
  });

  it('can have its subjects blocked, and a customer of a group, tokens that are remembered included', async () => {
    const block = (blocked: object): void => publish((file) => Object.assign(file, { blocked }));
    const { issuer } = gateway.issuer;
    expectSent(await send({ claims: { sub: 'user-1' } }));
    gateway.octane.reset();
    block({ subjects: [{ issuer, subject: 'user-1' }] });
    expectRefused(await send({ claims: { sub: 'user-1' } }), 403, 'access-blocked');
    expectSent(await send({ claims: { sub: 'user-2' } }));
    block({ customers: [{ groupno: '1001', custno: '700123' }] });
    expectRefused(await send(), 403, 'access-blocked');
    expectSent(await send({ claims: { client_id: 'other-group' } }), '2002');
    gateway.octane.reset();
    const foreign = await gateway.setDirectDebit(undefined, { path: '/v1/customers/700124/direct-debit' });
    expectRefused(foreign, 403, 'customer-not-permitted');
    publish(() => {});
    expectSent(await send());
    const reloads = gateway.log.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(
      reloads.find(({ added }) => (added as string[] | undefined)?.includes('1 blocked subject')),
    ).toBeDefined();
  });

  it('has the audience that the gateway file gives it now', async () => {
    publish((file) => {
      file['issuers'][0].audience = 'new-audience';
    });
    expectRefused(await send(), 401, 'invalid-token');
    expectSent(await send({ claims: { aud: 'new-audience' } }));
  });

  it('has the algorithms that the gateway file gives it now', async () => {
    publish((file) => {
      file['issuers'][0].algorithms = ['ES256'];
    });
    expectRefused(await send(), 401, 'invalid-token');
    publish(() => {});
    expectSent(await send());
  });

  it('has the keys of the place that the gateway file names now, and no others', async () => {
    const key = {
      kid: 'key-3',
      privateKey: otherKey.privateKey,
      publicKey: otherKey.publicKey,
      alg: 'RS256',
    };
    publish((file) => addOtherIssuer(file, { publicKeyFile: 'key.pem' }));
    expectSent(await send({ key }, otherIssuer));
    expectRefused(await send({}, otherIssuer), 401, 'invalid-token');
    publish(addOtherIssuer);
    expectSent(await send({}, otherIssuer));
    expectRefused(await send({ key }, otherIssuer), 401, 'invalid-token');
  });

  it('has the keys that its key file holds now', async () => {
    publish((file) => addOtherIssuer(file, { publicKeyFile: 'key.pem' }));
    renew('key.pem', JSON.stringify({ keys: [await publicJwk(otherIssuer.key), await publicJwk(otherKey)] }));
    lookUntilSettled();
    expectSent(await send({}, otherIssuer));
    expectSent(await send({ key: otherKey }, otherIssuer));
    renew('key.pem', await publicPem(otherIssuer.key));
    lookUntilSettled();
    expectSent(await send({}, otherIssuer));
    expectRefused(await send({ key: otherKey }, otherIssuer), 401, 'invalid-token');
    renew('key.pem', await publicPem(otherKey));
  });

  it('judges a request that waits for keys by what was in use when it came', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    otherIssuer.misbehave = asked.resolve;
    publish(addOtherIssuer);
    const waiting = send({}, otherIssuer);
    const response = await asked.promise;
    publish((file) => {
      addOtherIssuer(file);
      file['issuers'][1].audience = 'new-audience';
    });
    otherIssuer.misbehave = undefined;
    response.end(JSON.stringify({ keys: otherIssuer.keySet }));
    await once(response, 'close');
    expectSent(await waiting);
    expectRefused(await send({}, otherIssuer), 401, 'invalid-token');
    expectSent(await send({ claims: { aud: 'new-audience' } }, otherIssuer));
  });
});

describe('a bad change', () => {
  it('leaves in use what was, and is logged once, with every fault and no value', async () => {
    publish((file) => {
      file['callers'][0].groupno = 'canary-group';
      file['callers'][1].unheardOf = 'canary-value';
      file['groups'][1].passwordEnv = 'canary_password';
      file['issuers'][0].audience = 'octane-bff-2';
    });
    lookUntilSettled();
    expectSent(await send());
    expect(logged(/gateway file/)).toEqual([
      {
        level: 'error',
        time: expect.any(String),
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        msg: 'gateway file refused: what was in use stays',
        faults: [
          'callers[1].unheardOf: unknown property',
          'callers[0].groupno: no such group',
          'groups[1].passwordEnv: the variable that it names is not set or empty',
        ],
      },
    ]);
    expect(gateway.log.join('\n')).not.toMatch(/canary/);
    publish((file) => {
      file['issuers'][0].audience = 'octane-bff-2';
    });
    expectRefused(await send(), 401, 'invalid-token');
    expect(logged(/gateway file reloaded/)).toHaveLength(1);
  });

  it('of a file that is gone is logged without its path', async () => {
    rmSync(join(gateway.folder, 'password'));
    lookUntilSettled();
    expectSent(await send());
    expect(logged(/gateway file/)).toMatchObject([
      {
        level: 'error',
        faults: ['groups[0].passwordFile: the file cannot be read (there is no such file)'],
      },
    ]);
    expect(gateway.log.join('\n')).not.toContain(gateway.folder);
  });
});
