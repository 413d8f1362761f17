import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { stringify } from 'yaml';
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

function start(environment: Record<string, string>): GatewayProcess {
  const gateway = new GatewayProcess(build.folder, environment);
  running.push(gateway);
  return gateway;
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

describe('a start', () => {
  it.each<[string, Record<string, string | undefined>, readonly RegExp[]]>([
    ['without the required setting', { OCTANE_BASE_URL: undefined }, [/^OCTANE_BASE_URL: /]],
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
    [
      'with secrets that are missing',
      { OCTANE_1001_PASSWORD: '', OCTANE_2002_USERNAME: '' },
      [/OCTANE_1001_PASSWORD/, /OCTANE_2002_USERNAME/],
    ],
    ['without its gateway file', { GATEWAY_FILE: 'canary.yaml' }, [/^GATEWAY_FILE: /]],
  ])(
    '%s stops with one line for each fault and no value',
    async (_, changes, faults) => {
      const environment = Object.entries({ ...settings, ...changes }).filter(
        ([, value]) => value !== undefined,
      );
      const gateway = start(Object.fromEntries(environment) as Record<string, string>);
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
    'on a port that is taken stops with one line',
    async () => {
      const other = createServer();
      await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
      const gateway = start({ ...settings, PORT: String((other.address() as AddressInfo).port) });
      expect(await gateway.exited()).toBe(1);
      expect(gateway.stderr).toMatch(/^.*EADDRINUSE.*\n$/);
      await new Promise((closed) => other.close(closed));
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
      const levels = gateway.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).level);
      expect(new Set(levels)).toEqual(new Set(['info']));
    },
    SLOW_MS,
  );
});

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
    'leaves in peace under npm, which passes a signal on that the gateway may have got already',
    async () => {
      const environment = {
        ...settings,
        DRAIN_DELAY_MS: '1',
        PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
        HOME: build.folder,
      };
      // What stands behind -- goes to a program that reads no arguments.
      const npm = new GatewayProcess(build.folder, environment, ['npm', 'start', '--silent', '--']);
      const twice = start({ ...settings, npm_lifecycle_event: 'start' });
      running.push(npm);
      await Promise.all([npm.addresses(), twice.addresses()]);
      npm.signal('SIGTERM');
      twice.signal('SIGTERM');
      twice.signal('SIGINT');
      expect(await Promise.all([npm.exited(), twice.exited()])).toEqual([0, 0]);
      expect(await Promise.all([npm.logged('left'), twice.logged('left')])).toHaveLength(2);
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
