import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { stringify } from 'yaml';
import { packageVersion } from '../src/telemetry/metrics.ts';
import { eventually } from './support/eventually.ts';
import { compileGateway, GatewayProcess } from './support/gateway-process.ts';
import { CREDENTIALS, gatewayFileOf } from './support/gateway.ts';
import { answerProperly, ScriptedOctane } from './support/scripted-octane.ts';
import { TokenIssuer } from './support/token-issuer.ts';

/** Compiling and starting take seconds, and more on a busy machine. */
const SLOW_MS = 120_000;

let build: Awaited<ReturnType<typeof compileGateway>>;
let octane: ScriptedOctane;
let issuer: TokenIssuer;
let token: string;
let settings: Record<string, string>;
beforeAll(async () => {
  [build, octane, issuer] = await Promise.all([
    compileGateway(),
    ScriptedOctane.start(),
    TokenIssuer.start(),
  ]);
  token = await issuer.token();
  await writeFile(join(build.folder, 'gateway.yaml'), stringify(gatewayFileOf(issuer)));
  settings = {
    ...CREDENTIALS,
    HOST: '127.0.0.1',
    PORT: '0',
    MANAGEMENT_PORT: '0',
    OCTANE_BASE_URL: octane.baseUrl,
    GATEWAY_FILE: 'gateway.yaml',
    DATABASE_URL: 'sqlite:gateway.db',
    DRAIN_DELAY_MS: '0',
  };
}, SLOW_MS);
afterAll(() => Promise.all([build.remove(), octane.stop(), issuer.stop()]));
beforeEach(() => octane.reset());

const running: GatewayProcess[] = [];
afterEach(() => Promise.all(running.splice(0).map((gateway) => gateway.kill())));

function start(environment: Record<string, string>, launcher: readonly string[] = []): GatewayProcess {
  const gateway = new GatewayProcess(build.folder, environment, launcher);
  running.push(gateway);
  return gateway;
}

/** A launcher: what Node gets before and after `dist/main.js`. */
function withArguments({ flags = '', args = '' }: { flags?: string; args?: string }): string[] {
  return ['sh', '-c', `exec "$0" ${flags} "$@" ${args}`];
}

/** Like a balancer, which keeps its connections open. */
const agent = new Agent({ keepAlive: true });
afterAll(() => agent.destroy());

function sendWelcomeEmail(api: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest(`${api}/v1/customers/me/send-welcome-email`, {
      agent,
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
      .on('response', (response) => resolve(response.resume()))
      .on('error', reject)
      .end();
  });
}

/** What npm needs of its surroundings. */
const NPM = { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, HOME: tmpdir() };
/** The gateway that npm starts, instead of one that the test starts. */
const NPM_START = ['sh', '-c', 'exec npm start --silent'];

describe('a start', () => {
  it.each<[string, Record<string, string>, readonly RegExp[]]>([
    [
      'with several bad settings',
      {
        PORT: 'canary',
        LOG_LEVEL: 'canary',
        OCTANE_BASE_URL: 'http://canary.example',
        OCTANE_TIMEOUT_MS: '1canary',
      },
      [/^PORT: /, /^OCTANE_TIMEOUT_MS: /, /^LOG_LEVEL: /, /^OCTANE_BASE_URL: /],
    ],
    ['without its gateway file', { GATEWAY_FILE: 'canary.yaml' }, [/^GATEWAY_FILE: /]],
  ])(
    '%s stops with one line for each fault and no value',
    async (_, changes, faults) => {
      const gateway = start({ ...settings, ...changes });
      expect(await gateway.exited()).toBe(1);
      const lines = gateway.stderr.trimEnd().split('\n');
      for (const fault of faults) expect(lines).toContainEqual(expect.stringMatching(fault));
      expect(lines).toHaveLength(faults.length);
      expect(gateway.stderr).not.toMatch(/canary|test-password| {4}at /);
      expect(gateway.stdout).toBe('');
    },
    SLOW_MS,
  );

  it(
    'with good settings listens on both ports, complains of nothing, and is kept by no connection that is not in use',
    async () => {
      // Time enough for the gateway to notice the connections on which nothing is sent.
      const gateway = start({ ...settings, DRAIN_DELAY_MS: '100' });
      const { api, management } = await gateway.addresses();
      expect((await fetch(`${management}/health/live`)).status).toBe(200);
      expect((await fetch(`${management}/health/ready`)).status).toBe(200);
      expect((await fetch(`${management}/problems`)).status).toBe(404);
      expect((await fetch(`${api}/health/live`)).status).toBe(404);
      expect((await fetch(`${api}/problems`)).status).toBe(200);
      expect((await sendWelcomeEmail(api)).statusCode).toBe(204);
      expect(octane.hits).toHaveLength(1);
      for (const url of [api, management]) {
        await once(connect(Number(new URL(url).port), '127.0.0.1'), 'connect');
      }
      gateway.signal('SIGINT');
      expect(await gateway.exited()).toBe(0);
      expect(gateway.stderr).toBe('');
      expect(new Set(logLines(gateway).map(({ level }) => level))).toEqual(new Set(['info']));
    },
    SLOW_MS,
  );

  it(
    'begins its log with what it runs with and with variables that it was probably meant to read; stops with one line on a port that is taken',
    async () => {
      const other = createServer();
      await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
      const gateway = start({
        ...settings,
        PORT: String((other.address() as AddressInfo).port),
        DATABSE_URL: 'postgres://canary',
        OCTANE_3003_PASSWORD: 'canary',
        OTEL_SERVICE_NAME: 'canary',
      });
      expect(await gateway.exited()).toBe(1);
      await new Promise((closed) => other.close(closed));
      expect(gateway.stderr).toMatch(/^.*EADDRINUSE.*\n$/);
      const [first, ...others] = logLines(gateway);
      expect(first).toMatchObject({
        level: 'info',
        msg: 'starting',
        version: packageVersion(),
        store: `sqlite:${join(build.folder, 'gateway.db')}`,
        octane: octane.baseUrl,
        files: [join(build.folder, 'gateway.yaml')],
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        issuers: 1,
        callers: 3,
        groups: 2,
        operations: 2,
      });
      const warnings = others.filter(({ level }) => level === 'warn');
      expect(warnings.map(({ variable, similarTo }) => [variable, similarTo])).toEqual([
        ['DATABSE_URL', 'DATABASE_URL'],
        ['OCTANE_3003_PASSWORD', undefined],
      ]);
      expect(gateway.stdout).not.toContain('canary');
    },
    SLOW_MS,
  );

  it.each(['--chek', '--check canary'])(
    'refuses an argument that it does not know: %s',
    async (args) => {
      const gateway = start(settings, withArguments({ args }));
      expect(await gateway.exited()).toBe(1);
      expect(gateway.stderr).toBe('unknown argument: the only one is --check\n');
      expect(gateway.stdout).toBe('');
    },
    SLOW_MS,
  );

  it.each(['main.js', 'migrate.js', 'journal/cli.js'])(
    'of %s on an old Node says which one it needs, and loads nothing of the gateway before',
    async (entry) => {
      const old = { ...process.versions, node: '20.19.0' };
      const preload = `Object.defineProperty(process, "versions", { value: ${JSON.stringify(old)} })`;
      const watch = `import("node:module").then(({ registerHooks }) => registerHooks({ load: (url, context, next) => { process.stdout.write(url + "\\n"); return next(url, context); } }))`;
      const program = `exec "$0" --import 'data:text/javascript,${preload};await ${watch}' dist/${entry}`;
      const gateway = start(settings, ['sh', '-c', program]);
      expect(await gateway.exited()).toBe(1);
      expect(gateway.stderr).toBe('octane-bff needs Node 24 or later; this is Node 20.19.0\n');
      const loaded = gateway.stdout
        .trimEnd()
        .split('\n')
        .filter((url) => url.startsWith('file:'));
      expect(loaded.map((url) => url.slice(url.indexOf('/dist/') + 6))).toEqual([entry, 'needed-node.js']);
      const { engines } = JSON.parse(await readFile('package.json', 'utf8')) as { engines: { node: string } };
      expect(engines.node).toBe('>=24');
    },
    SLOW_MS,
  );
});

function logLines(gateway: GatewayProcess): Record<string, unknown>[] {
  return gateway.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a check of the configuration', () => {
  /** Makes whatever opens a port, a connection or a file for writing say so; Node itself refuses threads and files. */
  const WATCHED = `--permission --allow-fs-read=* --import 'data:text/javascript,
    import net from "node:net"; import dgram from "node:dgram"; import dns from "node:dns"; import fs from "node:fs";
    const refuse = (object, name) => { object[name] = () => { process.stderr.write("OPENED " + name); process.exit(9); }; };
    refuse(net.Server.prototype, "listen"); refuse(net.Socket.prototype, "connect"); refuse(dgram, "createSocket");
    refuse(dns, "lookup"); refuse(fs, "mkdirSync");'`;

  it.each<[string, Record<string, string>, string]>([
    ['SQLite', { DATABASE_URL: 'sqlite:never-made/gateway.db' }, 'sqlite:FOLDER/never-made/gateway.db'],
    [
      'PostgreSQL and a collector, without its password',
      {
        DATABASE_URL: 'postgres://canary:canary@localhost:1/octane?application_name=canary',
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:1',
      },
      'postgres://localhost:1/octane',
    ],
  ])(
    'says what a start would run with, and opens and writes nothing: %s',
    async (_, environment, store) => {
      const before = await readdir(build.folder);
      const gateway = start(
        { ...settings, ...environment },
        withArguments({ flags: WATCHED, args: '--check' }),
      );
      expect([await gateway.exited(), gateway.stderr]).toEqual([0, '']);
      expect(gateway.stdout).toMatch(/^The settings and the gateway file are good\.\nversion +\d/);
      expect(/^store +(.*)$/m.exec(gateway.stdout)?.[1]).toBe(store.replace('FOLDER', build.folder));
      expect(gateway.stdout).not.toContain('canary');
      expect(await readdir(build.folder)).toEqual(before);
    },
    SLOW_MS,
  );

  it(
    'watches what it says that it watches: a start does not get by',
    async () => {
      const gateway = start(
        { ...settings, DATABASE_URL: 'postgres://localhost:1/octane' },
        withArguments({ flags: WATCHED }),
      );
      expect(await gateway.exited()).toBe(9);
      expect(gateway.stderr).toMatch(/^OPENED (connect|lookup|listen)$/m);
    },
    SLOW_MS,
  );

  it(
    'finds the faults of the settings, then those of the gateway file, with one line for each',
    async () => {
      const check = withArguments({ args: '--check' });
      const bad = start({ ...settings, PORT: 'canary', DRAIN_DELAY_MS: '15000' }, check);
      const worse = start({ ...settings, OCTANE_1001_PASSWORD: '', OCTANE_2002_USERNAME: 'canary:' }, check);
      expect([await bad.exited(), await worse.exited()]).toEqual([1, 1]);
      expect(bad.stderr.trimEnd().split('\n')).toEqual([
        expect.stringMatching(/^PORT: /),
        expect.stringMatching(/^DRAIN_DELAY_MS: /),
      ]);
      expect(worse.stderr.trimEnd().split('\n')).toEqual([
        'groups[0].passwordEnv: the variable OCTANE_1001_PASSWORD is not set or empty',
        expect.stringMatching(/^groups\[1\]\.usernameEnv: the username must not contain a colon/),
      ]);
      expect([bad.stdout, worse.stdout]).toEqual(['', '']);
    },
    SLOW_MS,
  );

  it(
    'is npm run check-config, which also names variables that look like settings',
    async () => {
      const npm = start({ ...settings, ...NPM, DATABSE_URL: 'canary' }, [
        'sh',
        '-c',
        'exec npm run --silent check-config',
      ]);
      expect(await npm.exited()).toBe(0);
      expect(npm.stderr).toBe('warning: "DATABSE_URL" is not read; did you mean DATABASE_URL?\n');
      const bad = start({ ...settings, ...NPM, OCTANE_BASE_URL: '' }, [
        'sh',
        '-c',
        'exec npm run --silent check-config',
      ]);
      expect(await bad.exited()).toBe(1);
      expect(bad.stderr).toBe('OCTANE_BASE_URL: is required\n');
    },
    SLOW_MS,
  );
});

describe('a signal that means something else to Node', () => {
  it.each<[string, readonly string[]]>([
    ['node dist/main.js', []],
    ['npm start', NPM_START],
  ])(
    'SIGHUP reads the gateway file and the secrets at once, SIGUSR1 opens nothing: %s',
    async (_, launcher) => {
      const folder = await mkdtemp(join(tmpdir(), 'octane-bff-signals-'));
      const file = gatewayFileOf(issuer);
      Object.assign(file['groups'][0], { passwordEnv: undefined, passwordFile: 'password' });
      await writeFile(join(folder, 'gateway.yaml'), stringify(file));
      await writeFile(join(folder, 'password'), 'one');
      const gateway = start(
        { ...settings, ...NPM, DRAIN_DELAY_MS: '1', GATEWAY_FILE: join(folder, 'gateway.yaml') },
        launcher,
      );
      const { api, management } = await gateway.addresses();
      const pid = await gatewayPid(gateway.pid);
      process.kill(pid, 'SIGUSR1');
      await writeFile(join(folder, 'password'), 'two');
      process.kill(pid, 'SIGHUP');
      await gateway.logged('gateway file reloaded');
      expect((await sendWelcomeEmail(api)).statusCode).toBe(204);
      expect(atob(octane.hits.at(-1)!.headers.authorization!.replace('Basic ', ''))).toBe(
        'test-user-1001:two',
      );
      const line = logLines(gateway).find(({ msg }) => msg === 'gateway file reloaded');
      expect(line).toMatchObject({ added: [], changed: ['secret of group 1001'], removed: [] });

      await writeFile(join(folder, 'gateway.yaml'), 'canary');
      process.kill(pid, 'SIGHUP');
      await gateway.logged('gateway file refused: what was in use stays');
      expect((await fetch(`${management}/health/live`)).status).toBe(200);
      // Of npm alone a signal that cannot be caught would leave the gateway behind.
      gateway.signal('SIGTERM');
      expect([await gateway.exited(), gateway.stderr]).toEqual([0, '']);
      await gateway.logged('left');
      await rm(folder, { recursive: true });
    },
    SLOW_MS,
  );
});

/** The process that listens: the one that was started, or under npm its only descendant without children. */
async function gatewayPid(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const child = Number.parseInt(children, 10);
  return Number.isNaN(child) ? pid : gatewayPid(child);
}

it.each([
  ['throws', 'throw fault'],
  ['rejects', 'Promise.reject(fault)'],
])(
  'a gateway in which something %s outside of any request ends with a line that shows no value',
  async (_, what) => {
    // The frames of a stack have the script itself.
    const script = `process.on('SIGUSR2', () => {
      const secret = 'can' + 'ary';
      const fault = Object.assign(new Error(secret), { config: { auth: secret } });
      ${what};
    });`;
    const preload = `--import=data:text/javascript,${encodeURIComponent(script)}`;
    const gateway = start({ ...settings, NODE_OPTIONS: preload });
    await gateway.addresses();
    gateway.signal('SIGUSR2');
    expect(await gateway.exited()).toBe(1);
    expect(await gateway.logged('ended by a defect')).toMatchObject({ level: 'fatal', error: 'Error' });
    expect(gateway.stdout + gateway.stderr).not.toContain('canary');
  },
  SLOW_MS,
);

describe('a gateway that is asked to leave', () => {
  it(
    'is not ready at once and serves on for a while, and ends where it stands when it is asked twice',
    async () => {
      const patience = { DRAIN_DELAY_MS: '3600000', SHUTDOWN_GRACE_MS: '7200000' };
      const gateway = start({ ...settings, ...patience });
      const { api, management } = await gateway.addresses();
      gateway.signal('SIGTERM');
      await gateway.logged('leaving');
      expect((await fetch(`${management}/health/ready`)).status).toBe(503);
      expect((await fetch(`${management}/health/live`)).status).toBe(200);
      const served = await sendWelcomeEmail(api);
      expect([served.statusCode, served.headers.connection]).toEqual([204, 'close']);
      gateway.signal('SIGTERM');
      expect(await gateway.exited()).toBe(1);
    },
    SLOW_MS,
  );

  it(
    'closes its port, finishes what is in flight, and ends with 0',
    async () => {
      // Nothing but the end of what is in flight may let it end.
      const gateway = start({ ...settings, SHUTDOWN_GRACE_MS: '7200000', OCTANE_TIMEOUT_MS: '3600000' });
      const { api } = await gateway.addresses();
      let answerNow: (() => void) | undefined;
      octane.script = (hit, response, socket) => {
        answerNow = () => answerProperly(hit, response, socket);
      };
      const inFlight = sendWelcomeEmail(api);
      await eventually(() => answerNow);
      gateway.signal('SIGTERM');
      await refused(api);
      expect(gateway.exitCode).toBeUndefined();
      answerNow!();
      const finished = await inFlight;
      expect([finished.statusCode, finished.headers.connection]).toEqual([204, 'close']);
      expect(await gateway.exited()).toBe(0);
      expect(gateway.stderr).toBe('');
    },
    SLOW_MS,
  );

  it(
    'ends with 1 when its time runs out with a request in flight',
    async () => {
      octane.script = () => {};
      const gateway = start({ ...settings, SHUTDOWN_GRACE_MS: '500', OCTANE_TIMEOUT_MS: '3600000' });
      const { api } = await gateway.addresses();
      const cut = sendWelcomeEmail(api).catch((error: NodeJS.ErrnoException) => error.code);
      await eventually(() => octane.hits.length > 0);
      gateway.signal('SIGTERM');
      expect(await gateway.exited()).toBe(1);
      expect(await cut).toBe('ECONNRESET');
      expect(gateway.stderr).toBe('');
    },
    SLOW_MS,
  );

  it(
    'leaves in peace when npm passes a signal on that it has got already',
    async () => {
      const gateway = start({ ...settings, npm_lifecycle_event: 'start' });
      await gateway.addresses();
      gateway.signal('SIGTERM');
      gateway.signal('SIGINT');
      expect(await gateway.exited()).toBe(0);
      await gateway.logged('left');
    },
    SLOW_MS,
  );
});

/** Waits until nobody takes connections there any more. */
async function refused(url: string): Promise<void> {
  for (;;) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const fault = await new Promise<NodeJS.ErrnoException | undefined>((settled) => {
      socket.on('connect', () => settled(undefined)).on('error', settled);
    });
    socket.destroy();
    if (fault?.code === 'ECONNREFUSED') return;
    await wait(20);
  }
}
