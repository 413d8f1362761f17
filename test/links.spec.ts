import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { sqlitePathOf } from '../src/config/database-url.ts';
import { journalProgram } from '../src/journal/journal-program.ts';
import { customersProgram } from '../src/links/customers-program.ts';
import { eventually } from './support/eventually.ts';
import { compileGateway } from './support/gateway-process.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { TestPostgres } from './support/postgres.ts';
import { clockToSetForward } from './support/limits.ts';
import { runCommand } from './support/run-command.ts';
import type { Ran } from './support/run-command.ts';
import { STORE_KINDS, TestStores } from './support/stores.ts';

/** Compiling and starting take seconds, and more on a busy machine. */
const SLOW_MS = 120_000;
/** The longest that a gateway may go by links that another process has changed. */
const AGE_MS = 5000;
const NOT_SENT = { outcome: 'not-sent', retryable: true };
const { after, standStill } = clockToSetForward();
const sha256 = (subject: string): string => createHash('sha256').update(subject).digest('hex');

let build: Awaited<ReturnType<typeof compileGateway>>;
beforeAll(async () => {
  build = await compileGateway();
}, SLOW_MS);
afterAll(() => build.remove());

interface Link {
  readonly issuer: string;
  readonly subject: string;
  readonly groupno: string;
  readonly custno: string;
}

/** An app whose users have the customers of the links, and a service that may only look at them. */
function withLinks(file: Record<string, any>): void {
  const [{ issuer }] = file['issuers'];
  file['callers'].push({
    clientId: 'linked-app',
    issuer,
    groupno: '1001',
    customers: 'own',
    directory: 'links',
    scopes: ['customer-links:write'],
  });
  file['blocked'] = { customers: [{ groupno: '1001', custno: '700666' }] };
}

const optionsOf = (values: Partial<Link>): string[] =>
  Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);

describe.each(STORE_KINDS)('customer links, on %s', (kind) => {
  let stores: TestStores;
  let gateway: TestGateway;
  let databaseUrl: string;
  beforeAll(async () => {
    stores = await TestStores.start(kind);
    databaseUrl = await stores.newUrl();
    gateway = await TestGateway.start({ environment: { DATABASE_URL: databaseUrl }, gatewayFile: withLinks });
  }, SLOW_MS);
  afterAll(async () => {
    await gateway.stop();
    await stores.stop();
  });

  const environment = (): Record<string, string> => ({
    DATABASE_URL: databaseUrl,
    GATEWAY_FILE: join(gateway.folder, 'gateway.yaml'),
  });

  /** @returns exit code, what it printed, and what it complained of, without the line that names the store */
  async function customers(...args: string[]): Promise<Ran> {
    const ran = await runCommand(customersProgram, args, environment());
    return { ...ran, stderr: ran.stderr.replace(/^Store: .*\n/, '') };
  }

  async function listed(filter: Partial<Link> = {}): Promise<string[][]> {
    const { code, stdout, stderr } = await customers('list', ...optionsOf(filter));
    expect([code, stderr]).toEqual([0, '']);
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t'));
  }

  /** Newest first, each without its time. */
  async function history(filter: Partial<Link>): Promise<string[][]> {
    const { code, stdout, stderr } = await customers('history', ...optionsOf(filter));
    expect([code, stderr]).toEqual([0, '']);
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const [at = '', ...cells] = line.split('\t');
        expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        return cells;
      });
  }

  const BY_COMMAND = [userInfo().username, '-', '-', '-', '-', '-'];

  const linkOf = (changes: Partial<Link> = {}): Link => ({
    issuer: gateway.issuer.issuer,
    subject: 'auth0|1',
    groupno: '1001',
    custno: '700123',
    ...changes,
  });

  async function importText(content: string | Buffer): Promise<Ran> {
    const file = join(gateway.folder, 'links.csv');
    await writeFile(file, content);
    return customers('import', file);
  }

  const csvOf = (links: readonly Link[]): string =>
    `issuer,subject,groupno,custno\n${links.map((link) => `${Object.values(link).join(',')}\n`).join('')}`;

  describe('npm run customers', () => {
    it('links and unlinks, twice like once, and lists what fits', async () => {
      const [first, second] = [linkOf({ subject: 'cli-1' }), linkOf({ subject: 'cli-1', custno: '700124' })];
      for (const link of [first, first, second])
        expect((await customers('link', ...optionsOf(link))).code).toBe(0);
      expect(await listed({ subject: 'cli-1' })).toEqual([first, second].map((link) => Object.values(link)));
      expect(await listed({ subject: 'cli-1', custno: '700124' })).toEqual([Object.values(second)]);
      expect(await listed({ subject: 'cli-1', groupno: '2002' })).toEqual([]);
      for (let times = 0; times < 2; times += 1)
        expect((await customers('unlink', ...optionsOf(first))).code).toBe(0);
      expect(await listed({ subject: 'cli-1' })).toEqual([Object.values(second)]);
    });

    it('keeps who changed what, each change once, newest first', async () => {
      const [first, second] = [linkOf({ subject: 'cli-2' }), linkOf({ subject: 'cli-2', custno: '700125' })];
      const recordOf = (done: string, link: Link): string[] => [done, ...Object.values(link), ...BY_COMMAND];
      for (const link of [first, first, second]) await customers('link', ...optionsOf(link));
      for (let times = 0; times < 2; times += 1) await customers('unlink', ...optionsOf(first));
      await customers('link', ...optionsOf(first));
      const changes = [
        recordOf('linked', first),
        recordOf('unlinked', first),
        recordOf('linked', second),
        recordOf('linked', first),
      ];
      expect(await history({ subject: 'cli-2' })).toEqual(changes);
      expect(await history({ ...second, subject: 'cli-2' })).toEqual([changes[2]]);
      expect(await history({ subject: 'cli-2', groupno: '2002' })).toEqual([]);
    });

    it('is taken out of the records of its links by npm run journal -- erase', async () => {
      const [erased, kept] = [
        linkOf({ subject: 'cli-3', custno: '700126' }),
        linkOf({ subject: 'cli-3', custno: '700126', groupno: '2002' }),
      ];
      for (const link of [erased, kept]) await customers('link', ...optionsOf(link));
      const token = await service({ sub: 'clerk-3', act: { sub: 'agent-3' } });
      const headers = { 'x-request-id': 'request-cli-3' };
      const path = userPath('cli-3', '700126');
      expect((await gateway.call({ method: 'DELETE', path, token, headers })).status).toBe(204);
      const { issuer } = gateway.issuer;
      expect(await history({ custno: '700126', groupno: '1001' })).toEqual([
        [
          'unlinked',
          ...Object.values(erased),
          '-',
          'billing-service',
          issuer,
          'clerk-3',
          'agent-3',
          'request-cli-3',
        ],
        ['linked', ...Object.values(erased), ...BY_COMMAND],
      ]);
      const erase = (): Promise<Ran> =>
        runCommand(journalProgram, ['erase', '--custno', '700126', '--groupno', '1001'], environment());
      expect(await erase()).toMatchObject({ code: 0, stdout: 'Erased from 2 records.\n' });
      expect(await erase()).toMatchObject({ code: 0, stdout: 'Erased from 0 records.\n' });
      const database = sqlitePathOf(databaseUrl);
      const files = database === undefined ? [] : [database, `${database}-wal`];
      for (const file of files)
        expect(readFileSync(file, 'latin1')).not.toMatch(/clerk-3|agent-3|request-cli-3/);
      expect(await history({ subject: 'cli-3' })).toEqual([
        ['linked', ...Object.values(kept), ...BY_COMMAND],
      ]);
      const gone = [issuer, 'erased', '1001', 'erased'];
      expect(await history({ custno: '700126', groupno: '1001' })).toEqual([]);
      expect((await history({ subject: 'erased' })).slice(0, 2)).toEqual([
        ['unlinked', ...gone, '-', 'billing-service', issuer, 'erased', '-', 'erased'],
        ['linked', ...gone, ...BY_COMMAND],
      ]);
    });

    it('keeps a subject that may not stand in the store as its digest, which nobody else can equal', async () => {
      const address = 'erika@example.com';
      const digest = `@sha256:${sha256(address)}`;
      const link = linkOf({ subject: address });
      await customers('link', ...optionsOf(link));
      expect(await listed({ subject: address })).toEqual([Object.values({ ...link, subject: digest })]);
      expect(await listed({ subject: digest })).toEqual(await listed({ subject: address }));
      await customers('link', ...optionsOf({ ...link, subject: digest }));
      expect(await listed({ subject: `@sha256:${sha256(digest)}` })).toHaveLength(1);
      await customers('unlink', ...optionsOf({ ...link, subject: digest }));
      expect(await listed({ subject: address })).toEqual([]);
      expect(await listed({ subject: `@sha256:${sha256(digest)}` })).toHaveLength(1);
    });

    it('refuses an issuer and a group that the gateway file has not', async () => {
      for (const command of ['link', 'unlink']) {
        const stranger = linkOf({ issuer: 'https://stranger.example.com/' });
        expect(await customers(command, ...optionsOf(stranger))).toEqual({
          code: 1,
          stdout: '',
          stderr: 'The gateway file has no such issuer.\n',
        });
        expect((await customers(command, ...optionsOf(linkOf({ groupno: '3003' })))).stderr).toBe(
          'The gateway file has no such group.\n',
        );
      }
    });

    it('imports what RFC 4180 allows, twice like once', async () => {
      const { issuer } = gateway.issuer;
      const content = [
        '\ufeffcustno,subject,"issuer",groupno',
        '',
        `700201,csv-1,${issuer},1001`,
        `700202,"csv-2, ""the second"" of\r\ntwo",${issuer},"1001"`,
        '',
        `700203,csv-ü,${issuer},2002`,
      ].join('\r\n');
      for (let times = 0; times < 2; times += 1)
        expect(await importText(content)).toMatchObject({ code: 0, stderr: '' });
      expect(await importText(content.replaceAll('\r\n', '\n'))).toMatchObject({ code: 0 });
      expect(await listed({ custno: '700201' })).toEqual([[issuer, 'csv-1', '1001', '700201']]);
      const lines = ['csv-2, "the second" of\r\ntwo', 'csv-2, "the second" of\ntwo'].map(sha256);
      expect((await listed({ custno: '700202' })).map(([, subject]) => subject)).toEqual(
        lines.map((digest) => `@sha256:${digest}`).toSorted(),
      );
      const third = [issuer, `@sha256:${sha256('csv-ü')}`, '2002', '700203'];
      expect(await listed({ custno: '700203' })).toEqual([third]);
      for (const filter of [{ custno: '700203' }, { subject: 'csv-ü' }])
        expect(await history(filter)).toEqual([['linked', ...third, ...BY_COMMAND]]);
      expect(await history({ custno: '700202' })).toHaveLength(2);
    });

    it('puts a line that stands twice in a file on record once', async () => {
      const link = linkOf({ subject: 'csv-twice', custno: '700204' });
      expect(await importText(csvOf([link, link]))).toMatchObject({
        stdout: 'Added 1 links. The file has 2.\n',
      });
      expect(await history({ subject: 'csv-twice' })).toHaveLength(1);
    });

    it('imports nothing of a file with a bad line', async () => {
      const good = linkOf({ subject: 'csv-bad', custno: '700299' });
      const { code, stdout, stderr } = await importText(csvOf([good, { ...good, groupno: '3003' }]));
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toBe('Nothing was imported. Line 3: the gateway file has no such group.\n');
      expect(await listed({ subject: 'csv-bad' })).toEqual([]);
      expect(await history({ subject: 'csv-bad' })).toEqual([]);
    });

    it('imports nothing of a file that is not there', async () => {
      expect(await customers('import', '/nowhere/links.csv')).toMatchObject({
        code: 1,
        stderr: 'The file cannot be read: ENOENT.\n',
      });
    });

    it('imports all or nothing also when it is killed', async () => {
      const count = 20_000;
      const pipe = join(gateway.folder, 'pipe');
      await once(spawn('mkfifo', [pipe]), 'close');
      const child = spawn(process.execPath, ['dist/links/cli.js', 'import', pipe], {
        cwd: build.folder,
        env: environment(),
      });
      const writer = createWriteStream(pipe);
      const links = Array.from({ length: count }, (_, index) =>
        linkOf({ subject: `killed-${index}`, groupno: '2002' }),
      );
      // Taken in, up to what is under way: the file has not ended.
      await new Promise((taken) => writer.write(csvOf(links), taken));
      child.kill('SIGKILL');
      await once(child, 'close');
      writer.on('error', () => undefined).destroy();
      expect(await listed({ groupno: '2002', custno: '700123' })).toEqual([]);
      expect(await history({ groupno: '2002', custno: '700123' })).toEqual([]);
      expect(await importText(csvOf(links))).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(/^(Bytes read: \d+ of \d+\n){2,}$/),
      });
      expect(await listed({ groupno: '2002', custno: '700123' })).toHaveLength(count);
      expect(await history({ groupno: '2002', custno: '700123' })).toHaveLength(count);
      await eventually(async () => (await gateway.setDirectDebit()).status === 200);
    });
  });

  /** A request of a user of the app, for a customer. */
  async function useOf(custno: string, subject: string, at = gateway): Promise<Answer> {
    const token = await gateway.issuer.token({
      claims: { client_id: 'linked-app', sub: subject, custno: '700999' },
    });
    return at.setDirectDebit(undefined, { path: `/v1/customers/${custno}/direct-debit`, token });
  }

  const scope = 'customer-links:read customer-links:write';
  const service = (claims: Record<string, unknown> = {}): Promise<string> =>
    gateway.issuer.token({ claims: { client_id: 'billing-service', sub: 'service', scope, ...claims } });

  const userPath = (subject: string, custno = '700123', issuer = gateway.issuer.issuer): string =>
    `/v1/customers/${custno}/users/${encodeURIComponent(subject)}?issuer=${encodeURIComponent(issuer)}`;

  async function change(method: 'PUT' | 'DELETE', path: string, at = gateway): Promise<Answer> {
    return at.call({ method, path, token: await service() });
  }

  async function usersOf(custno: string, claims: Record<string, unknown> = {}): Promise<unknown> {
    const path = `/v1/customers/${custno}/users`;
    const { status, json } = await gateway.call({ method: 'GET', path, token: await service(claims) });
    expect(status).toBe(200);
    return json.users;
  }

  const lineOf = (answer: Answer): Record<string, unknown> =>
    gateway.log
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .find(
        ({ requestId, msg }) => requestId === answer.headers['x-request-id'] && msg === 'request completed',
      )!;

  describe('with directory: links', () => {
    it('a user has the customers of the links, whatever the token says', async () => {
      expectProblem(await useOf('700999', 'user-a'), 403, 'customer-not-permitted');
      expectProblem(await useOf('me', 'user-a'), 403, 'customer-not-permitted');
      expect((await change('PUT', userPath('user-a', '700301'))).status).toBe(204);
      expect((await useOf('700301', 'user-a')).status).toBe(200);
      expect((await useOf('me', 'user-a')).status).toBe(200);
      expect(gateway.octane.hits.at(-1)!.path).toContain('/group/1001/customer/700301/');
      expectProblem(await useOf('700999', 'user-a'), 403, 'customer-not-permitted');
      expectProblem(await useOf('700301', 'user-b'), 403, 'customer-not-permitted');
      await change('PUT', userPath('user-a', '700302'));
      expect((await useOf('700302', 'user-a')).status).toBe(200);
      expect((await useOf('me', 'user-a')).json.detail).toContain('several');
      expect((await change('DELETE', userPath('user-a', '700301'))).status).toBe(204);
      expectProblem(await useOf('700301', 'user-a'), 403, 'customer-not-permitted');
      expect((await useOf('me', 'user-a')).status).toBe(200);
    });

    it('a link of another group, or to a blocked customer, helps nobody', async () => {
      const path = userPath('user-c', '700303');
      const token = await service({ client_id: 'other-group' });
      expect((await gateway.call({ method: 'PUT', path, token })).status).toBe(204);
      expectProblem(await useOf('700303', 'user-c'), 403, 'customer-not-permitted');
      expectProblem(await change('PUT', userPath('user-c', '700666')), 403, 'access-blocked');
      expect(
        (await customers('link', ...optionsOf(linkOf({ subject: 'user-c', custno: '700666' })))).code,
      ).toBe(0);
      await after(AGE_MS);
      expectProblem(await useOf('700666', 'user-c'), 403, 'access-blocked');
    });

    it('what the command changes is in force 5 s later', async () => {
      const link = linkOf({ subject: 'user-d', custno: '700304' });
      expectProblem(await useOf('700304', 'user-d'), 403, 'customer-not-permitted');
      await customers('link', ...optionsOf(link));
      await after(AGE_MS);
      expect((await useOf('700304', 'user-d')).status).toBe(200);
      await customers('unlink', ...optionsOf(link));
      await after(AGE_MS);
      expectProblem(await useOf('700304', 'user-d'), 403, 'customer-not-permitted');
    });

    it('whose subject is the digest of another one is not that person', async () => {
      const address = 'max@example.com';
      const digest = `@sha256:${sha256(address)}`;
      await change('PUT', userPath(address, '700305'));
      expect((await useOf('700305', address)).status).toBe(200);
      expectProblem(await useOf('700305', digest), 403, 'customer-not-permitted');
      expect(await usersOf('700305')).toEqual([{ issuer: gateway.issuer.issuer, subject: digest }]);
      await change('DELETE', userPath(digest, '700305'));
      expectProblem(await useOf('700305', address), 403, 'customer-not-permitted');
    });
  });

  describe('over HTTP', () => {
    it.each([['a/b'], ['a%2Fb'], ['auth0|1 2'], ['ü'], ['..'], ['a?b#c'], ['+'], ['a%'], [`' OR ''='`]])(
      'the subject %j is linked, listed and unlinked, twice like once',
      async (subject) => {
        const custno = '700401';
        const stored = subject === 'ü' ? `@sha256:${sha256(subject)}` : subject;
        for (let times = 0; times < 2; times += 1)
          expect(await change('PUT', userPath(subject, custno))).toMatchObject({ status: 204, text: '' });
        expect(await usersOf(custno)).toEqual([{ issuer: gateway.issuer.issuer, subject: stored }]);
        expect(await usersOf(custno, { client_id: 'other-group' })).toEqual([]);
        for (let times = 0; times < 2; times += 1)
          expect(await change('DELETE', userPath(subject, custno))).toMatchObject({ status: 204, text: '' });
        expect(await usersOf(custno)).toEqual([]);
      },
    );

    it.each([
      ['no issuer', ''],
      ['an empty one', '?issuer='],
      ['an unknown one', '?issuer=https%3A%2F%2Fstranger.example.com'],
      ['two', '?issuer=ISSUER&issuer=ISSUER'],
      ['another parameter', '?issuer=ISSUER&surprise=1'],
    ])('%s is no valid request', async (_, query) => {
      const asked = query.replaceAll('ISSUER', encodeURIComponent(gateway.issuer.issuer));
      for (const method of ['PUT', 'DELETE'] as const)
        expectProblem(await change(method, `/v1/customers/700402/users/u${asked}`), 400, 'invalid-request');
    });

    it('an empty subject is refused', async () => {
      expectProblem(await change('PUT', userPath('', '700402')), 404, 'not-found');
      expectProblem(await change('PUT', userPath('u', '0700402')), 400, 'invalid-request');
    });

    it('is for callers for all customers that have the scope', async () => {
      const path = userPath('u', '700123', 'unknown');
      const app = await gateway.issuer.token({ claims: { client_id: 'linked-app', scope } });
      const noScope = await service({ scope: 'direct-debit:write' });
      for (const [method, at] of [
        ['PUT', path],
        ['DELETE', path],
        ['GET', '/v1/customers/700123/users'],
      ] as const) {
        expectProblem(await gateway.call({ method, path: at }), 401, 'authentication-required');
        expectProblem(await gateway.call({ method, path: at, token: app }), 403, 'customer-not-permitted');
        expectProblem(await gateway.call({ method, path: at, token: noScope }), 403, 'insufficient-scope');
      }
      const other = await gateway.call({ method: 'PATCH', path, token: app });
      expectProblem(other, 405, 'method-not-allowed');
      expect(other.headers.allow).toBe('DELETE, PUT');
    });

    it('"me" is the own customer of the service, where it has one', async () => {
      const token = await service({ custno: '700403' });
      expect((await gateway.call({ method: 'PUT', path: userPath('u', 'me'), token })).status).toBe(204);
      expect(await usersOf('700403')).toHaveLength(1);
      const nobody = await service({ custno: undefined });
      const answer = await gateway.call({ method: 'PUT', path: userPath('u', 'me'), token: nobody });
      expectProblem(answer, 403, 'customer-not-permitted');
    });

    it('each change is on record once, with who asked for it, and no refused one', async () => {
      const [address, agent] = ['record@example.com', 'agent@example.com'];
      const digits = sha256(agent).slice(0, 16);
      const link = [gateway.issuer.issuer, `@sha256:${sha256(address)}`, '1001', '700405'];
      const path = userPath(address, '700405');
      const ask = async (method: 'PUT' | 'DELETE', requestId: string, claims = {}): Promise<number> => {
        const token = await service({ sub: 'clerk', ...claims });
        return (await gateway.call({ method, path, token, headers: { 'x-request-id': requestId } })).status;
      };
      const statuses = [
        await ask('DELETE', 'request-0'),
        await ask('PUT', 'request-1', { act: { sub: agent } }),
        await ask('PUT', 'request-2'),
        await ask('PUT', 'request-3', { scope: '' }),
        await ask('DELETE', 'request-4', { sub: agent }),
        await ask('DELETE', 'request-5'),
      ];
      expect(statuses).toEqual([204, 204, 204, 403, 204, 204]);
      const by = ['-', 'billing-service', gateway.issuer.issuer];
      const changes = [
        ['unlinked', ...link, ...by, digits, '-', 'request-4'],
        ['linked', ...link, ...by, 'clerk', digits, 'request-1'],
      ];
      for (const subject of [address, link[1]!]) expect(await history({ subject })).toEqual(changes);
    });

    it('each request has one line for auditors, refused or not', async () => {
      const address = 'audit@example.com';
      const subject = sha256(address).slice(0, 16);
      const audited = { audit: true, client: 'billing-service', group: '1001', custno: '700404' };
      const { issuer } = gateway.issuer;
      for (const method of ['PUT', 'DELETE'] as const)
        expect(lineOf(await change(method, userPath(address, '700404')))).toMatchObject({
          ...audited,
          status: 204,
          issuer,
          subject,
        });
      const digest = userPath(`@sha256:${sha256(address)}`, '700404');
      expect(lineOf(await change('DELETE', digest))).toMatchObject({ ...audited, subject });
      const token = await service({ scope: '' });
      const refused = await gateway.call({ method: 'PUT', path: userPath(address, '700404'), token });
      expect(lineOf(refused)).toMatchObject({ ...audited, status: 403, issuer, subject });
      const users = await gateway.call({ method: 'GET', path: '/v1/customers/700404/users', token });
      expect(lineOf(users)).toMatchObject({ ...audited, status: 403 });
      expect(lineOf(users)).not.toHaveProperty('subject');
    });
  });
});

describe('when the store is away', () => {
  it(
    'a known link counts for some seconds, then the answer is 503, and a replica knows of a change within 5 s',
    async () => {
      const postgres = await TestPostgres.start();
      const environment = { DATABASE_URL: await postgres.newDatabase() };
      const gateway = await TestGateway.start({ environment, gatewayFile: withLinks });
      const replica = await TestGateway.start({ environment, gatewayFile: withLinks, beside: gateway });
      try {
        const { issuer } = gateway.issuer;
        const token = await gateway.issuer.token({ claims: { client_id: 'linked-app', custno: undefined } });
        const service = await gateway.issuer.token({
          claims: { client_id: 'billing-service', scope: 'customer-links:read customer-links:write' },
        });
        const user = `/v1/customers/700123/users/user-1?issuer=${encodeURIComponent(issuer)}`;
        const change = (method: string): Promise<Answer> =>
          gateway.call({ method, path: user, token: service });
        const use = (): Promise<Answer> =>
          replica.sendWelcomeEmail({ token, path: '/v1/customers/me/send-welcome-email' });
        expectProblem(await use(), 403, 'customer-not-permitted');
        for (const [method, status] of [
          ['PUT', 204],
          ['DELETE', 403],
          ['PUT', 204],
        ] as const) {
          expect((await change(method)).status).toBe(204);
          await after(AGE_MS);
          expect((await use()).status).toBe(status);
        }
        const goOn = standStill();
        expect((await use()).status).toBe(204);
        await postgres.goDown();
        // The link is known; the journal is away.
        expectProblem(await use(), 503, 'journal-unavailable', NOT_SENT);
        goOn();
        await after(AGE_MS);
        const refused = await use();
        expectProblem(refused, 503, 'directory-unavailable', NOT_SENT);
        expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
        for (const method of ['PUT', 'DELETE'])
          expectProblem(await change(method), 503, 'directory-unavailable', NOT_SENT);
        const users = await gateway.call({
          method: 'GET',
          path: '/v1/customers/700123/users',
          token: service,
        });
        expectProblem(users, 503, 'directory-unavailable', { retryable: true });
      } finally {
        await replica.stop();
        await gateway.stop();
        await postgres.stop();
      }
    },
    SLOW_MS,
  );
});
