import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually } from './support/eventually.ts';
import { compileGateway } from './support/gateway-process.ts';
import { TestGateway } from './support/gateway.ts';
import { STORE_KINDS, TestStores } from './support/stores.ts';

/** Compiling and starting take seconds, and more on a busy machine. */
const SLOW_MS = 120_000;
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

const optionsOf = (values: Partial<Link>): string[] =>
  Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);

describe.each(STORE_KINDS)('customer links, on %s', (kind) => {
  let stores: TestStores;
  let gateway: TestGateway;
  let databaseUrl: string;
  beforeAll(async () => {
    stores = await TestStores.start(kind);
    databaseUrl = await stores.newUrl();
    gateway = await TestGateway.start({ environment: { DATABASE_URL: databaseUrl } });
  }, SLOW_MS);
  afterAll(async () => {
    await gateway.stop();
    await stores.stop();
  });

  const start = (args: readonly string[], url = databaseUrl) =>
    spawn(process.execPath, ['dist/links/cli.js', ...args], {
      cwd: build.folder,
      env: { DATABASE_URL: url, GATEWAY_FILE: join(gateway.folder, 'gateway.yaml') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  /** @returns exit code, what it printed, and what it complained of, without the line that names the store */
  async function customers(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
    const child = start(args);
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { code, stdout, stderr: stderr.replace(/^Store: .*\n/, '') };
  }

  async function listed(filter: Partial<Link> = {}): Promise<string[][]> {
    const { code, stdout, stderr } = await customers('list', ...optionsOf(filter));
    expect([code, stderr]).toEqual([0, '']);
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t'));
  }

  const linkOf = (changes: Partial<Link> = {}): Link => ({
    issuer: gateway.issuer.issuer,
    subject: 'auth0|1',
    groupno: '1001',
    custno: '700123',
    ...changes,
  });

  async function importText(content: string | Buffer): Promise<Awaited<ReturnType<typeof customers>>> {
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
      expect(await listed({ custno: '700203' })).toEqual([
        [issuer, `@sha256:${sha256('csv-ü')}`, '2002', '700203'],
      ]);
    });

    it('imports nothing of a file with a bad line', async () => {
      const good = linkOf({ subject: 'csv-bad', custno: '700299' });
      const { code, stdout, stderr } = await importText(csvOf([good, { ...good, groupno: '3003' }]));
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toBe('Nothing was imported. Line 3: the gateway file has no such group.\n');
      expect(await listed({ subject: 'csv-bad' })).toEqual([]);
    });

    it('imports nothing of a file that is not there', async () => {
      expect(await customers('import', '/nowhere/links.csv')).toMatchObject({
        code: 1,
        stderr: 'The file cannot be read: ENOENT.\n',
      });
    });

    it('imports all or nothing also when it is killed', async () => {
      const count = 60_000;
      const pipe = join(gateway.folder, 'pipe');
      await once(spawn('mkfifo', [pipe]), 'close');
      const child = start(['import', pipe]);
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
      await writeFile(join(gateway.folder, 'links.csv'), csvOf(links));
      expect(await customers('import', join(gateway.folder, 'links.csv'))).toMatchObject({ code: 0 });
      expect(await listed({ groupno: '2002', custno: '700123' })).toHaveLength(count);
      await eventually(async () => (await gateway.setDirectDebit()).status === 200);
    });
  });
});
