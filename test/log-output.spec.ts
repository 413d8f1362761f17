import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { eventually } from './support/eventually.ts';
import { compileGateway, GatewayProcess } from './support/gateway-process.ts';
import { CREDENTIALS, gatewayFileOf, GENEROUS_LIMITS } from './support/gateway.ts';
import { ScriptedOctane } from './support/scripted-octane.ts';
import { TokenIssuer } from './support/token-issuer.ts';

const SLOW_MS = 120_000;
/** Many times as many as a pipe and a gateway hold lines of. */
const MANY = 5000;
const AT_ONCE = 50;
/** Without a token: it costs little, and its line is long. */
const REFUSED = { method: 'POST', headers: { 'x-request-id': 'r'.repeat(128) } };

type Line = Record<string, unknown>;

/** A named pipe that is the stdout of a gateway. Nothing is read but when the test says so. */
class LogPipe {
  private readonly path: string;
  private reader: number | undefined;
  private text = '';

  constructor(folder: string, name: string) {
    this.path = join(folder, name);
    execFileSync('sh', ['-c', 'mkfifo "$0"', this.path]);
    this.open();
  }

  get launcher(): readonly string[] {
    return ['sh', '-c', 'exec "$@" > "$0"', this.path];
  }

  open(): void {
    this.reader = openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  close(): void {
    if (this.reader !== undefined) closeSync(this.reader);
    this.reader = undefined;
  }

  /** Reads what is there. @returns every line so far; fails where one is not whole */
  read(): Line[] {
    const chunk = Buffer.alloc(64 * 1024);
    for (let size = this.readInto(chunk); size > 0; size = this.readInto(chunk)) {
      this.text += chunk.toString('utf8', 0, size);
    }
    return this.text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  }

  async line(message: string): Promise<Line> {
    return eventually(() => this.read().find(({ msg }) => msg === message));
  }

  private readInto(chunk: Buffer): number {
    try {
      return readSync(this.reader!, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      throw error;
    }
  }
}

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
    ...GENEROUS_LIMITS,
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

const running: GatewayProcess[] = [];
afterEach(() => Promise.all(running.splice(0).map((gateway) => gateway.kill())));

function start(launcher: readonly string[], environment: Record<string, string> = {}): GatewayProcess {
  const gateway = new GatewayProcess(
    build.folder,
    { ...settings, PATH: process.env['PATH']!, ...environment },
    launcher,
  );
  running.push(gateway);
  return gateway;
}

/** Sends requests; each must be served. They ask no store, which may be too slow for a change on a starved machine. */
function serve(api: string, count: number): Promise<void> {
  return send(`${api}/problems`, {}, count, 200);
}

/** Makes a change, however slow the store is. */
async function change(api: string): Promise<void> {
  const request = { method: 'POST', headers: { authorization: `Bearer ${token}` } };
  await eventually(async () => {
    const { status } = await fetch(`${api}/v1/customers/me/send-welcome-email`, request);
    return status === 204;
  });
}

async function send(url: string, request: RequestInit, count: number, expected: number): Promise<void> {
  const statuses = await Promise.all(
    Array.from({ length: count }, async () => {
      const response = await fetch(url, request);
      await response.arrayBuffer();
      return response.status;
    }),
  );
  expect(new Set(statuses)).toEqual(new Set([expected]));
}

async function dropped(management: string): Promise<number> {
  const text = await (await fetch(`${management}/metrics`)).text();
  return Number(/^log_lines_dropped_total (\d+)$/m.exec(text)?.[1]);
}

/** Sends requests until more than `count` lines are dropped. @returns how many requests that took */
async function serveUntilDropped(
  addresses: { api: string; management: string },
  count: number,
): Promise<number> {
  let served = 0;
  while ((await dropped(addresses.management)) <= count) {
    expect(served).toBeLessThan(MANY);
    await send(`${addresses.api}/v1/customers/700123/send-welcome-email`, REFUSED, AT_ONCE, 401);
    served += AT_ONCE;
  }
  return served;
}

async function addressesIn(pipe: LogPipe): Promise<{ api: string; management: string }> {
  const { api, management } = await pipe.line('listening');
  return { api: String(api), management: String(management) };
}

const completed = (lines: readonly Line[]): number =>
  lines.filter(({ msg }) => msg === 'request completed').length;
const told = (lines: readonly Line[]): number =>
  lines
    .filter(({ msg }) => msg === 'log lines were dropped')
    .reduce((sum, { lines: count }) => sum + Number(count), 0);

describe('stdout', () => {
  it(
    'that nobody reads stops nothing; the reader that comes back gets whole lines and how many are missing',
    async () => {
      const pipe = new LogPipe(build.folder, 'stalled');
      const gateway = start(pipe.launcher);
      const addresses = await addressesIn(pipe);
      const served = await serveUntilDropped(addresses, 100);
      expect((await fetch(`${addresses.management}/health/live`)).status).toBe(200);
      await change(addresses.api);

      // A gateway that is starved may say that too: more lines than requests.
      const missing = await eventually(async () => {
        const lines = pipe.read();
        const isAll = told(lines) > 0 && completed(lines) + told(lines) > served;
        return isAll && told(lines) === (await dropped(addresses.management)) && told(lines);
      });
      const before = completed(pipe.read());
      await serve(addresses.api, 1);
      await eventually(() => completed(pipe.read()) === before + 1);

      await serveUntilDropped(addresses, missing);
      gateway.signal('SIGTERM');
      expect(await gateway.exited()).toBe(0);
      pipe.close();
    },
    SLOW_MS,
  );

  it(
    'whose reader is gone stops nothing; the next reader gets whole lines and how many are missing',
    async () => {
      const pipe = new LogPipe(build.folder, 'gone');
      const gateway = start(pipe.launcher);
      const addresses = await addressesIn(pipe);
      pipe.close();
      await serve(addresses.api, AT_ONCE);
      await eventually(async () => (await dropped(addresses.management)) >= AT_ONCE);
      expect((await fetch(`${addresses.management}/health/live`)).status).toBe(200);

      pipe.open();
      await eventually(async () => told(pipe.read()) === (await dropped(addresses.management)));
      await serve(addresses.api, 1);
      await eventually(() => completed(pipe.read()) === 1);
      await change(addresses.api);
      gateway.signal('SIGTERM');
      await pipe.line('left');
      expect(await gateway.exited()).toBe(0);
      pipe.close();
    },
    SLOW_MS,
  );

  it(
    'on a disk that is full stops nothing',
    async () => {
      // The ports stand in no log line: each server tells its own on stderr.
      const tellPorts = `import net from 'node:net'; const { emit } = net.Server.prototype; net.Server.prototype.emit = function (name, ...rest) { if (name === 'listening') process.stderr.write(this.address().port + ' '); return emit.call(this, name, ...rest); };`;
      const gateway = start(['sh', '-c', 'exec "$@" > /dev/full', 'sh'], {
        NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(tellPorts)}`,
      });
      const [api, management] = await eventually(() => {
        const ports = gateway.stderr.split(' ').slice(0, -1);
        return ports.length === 2 && ports.map((port) => `http://127.0.0.1:${port}`);
      });
      await serve(api!, AT_ONCE);
      // Beside those of the requests, that it listens.
      await eventually(async () => (await dropped(management!)) > AT_ONCE);
      expect((await fetch(`${management}/health/live`)).status).toBe(200);
      gateway.signal('SIGTERM');
      expect(await gateway.exited()).toBe(0);
    },
    SLOW_MS,
  );
});
