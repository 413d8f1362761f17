import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { decodeJwt } from 'jose';
import { ReservedPort } from '../test/support/reserved-port.ts';
import { startIdentityProvider, type IdentityProvider } from './identity-provider.ts';
import { listen } from './listen.ts';

/** One of the sandbox's programs, run as its npm script runs it. */
class Program {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(file: string, args: string[] = [], env: Record<string, string> = {}) {
    this.#child = spawn(process.execPath, [`sandbox/${file}`, ...args], { env });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#closed = once(this.#child, 'close');
  }

  async printed(text: string): Promise<void> {
    while (!this.stdout.includes(text)) await once(this.#child.stdout!, 'data');
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async ended(): Promise<{ code: number | null; stdout: string; stderr: string }> {
    await this.#closed;
    return { code: this.#child.exitCode, stdout: this.stdout, stderr: this.stderr };
  }
}

describe('npm run sandbox', () => {
  const freePorts = {
    SANDBOX_OCTANE_PORT: '0',
    SANDBOX_IDENTITY_PROVIDER_PORT: '0',
    SANDBOX_CONTROL_PORT: '0',
  };

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'says where everything is, and ends cleanly at %s',
    async (signal) => {
      const sandbox = new Program('main.ts', [], freePorts);
      await sandbox.printed('npm run token');
      const [, octaneUrl = ''] = /OCTANE_BASE_URL=(\S+)/.exec(sandbox.stdout) ?? [];
      const [, controlUrl = ''] = /curl (\S+)\/requests/.exec(sandbox.stdout) ?? [];
      const [, issuer = ''] = /--issuer (\S+)/.exec(sandbox.stdout) ?? [];
      expect(
        (await fetch(`${octaneUrl}/v1/group/1001/customer/700123/direct-debit`, { method: 'POST' })).status,
      ).toBe(401);
      expect((await fetch(controlUrl)).status).toBe(200);
      expect((await fetch(`${issuer}/jwks`)).status).toBe(200);
      sandbox.kill(signal);
      expect(await sandbox.ended()).toMatchObject({ code: 0, stderr: '' });
    },
  );

  it('says in one line which port is taken', async () => {
    const taken = await listen(() => {}, 0);
    const sandbox = new Program('main.ts', [], { ...freePorts, SANDBOX_CONTROL_PORT: String(taken.port) });
    const { code, stdout, stderr } = await sandbox.ended();
    await taken.close();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^Port ${taken.port} is taken: .*SANDBOX_CONTROL_PORT.*\\n$`));
  });

  it('refuses a port that is none', async () => {
    const sandbox = new Program('main.ts', [], { ...freePorts, SANDBOX_OCTANE_PORT: '65536' });
    expect(await sandbox.ended()).toEqual({
      code: 1,
      stdout: '',
      stderr: 'SANDBOX_OCTANE_PORT must be a port, 0 to 65535.\n',
    });
  });
});

describe('npm run token', () => {
  let provider: IdentityProvider;
  beforeAll(async () => {
    provider = await startIdentityProvider({ port: 0 });
  });
  afterAll(() => provider.close());

  const run = (...args: string[]) => new Program('token.ts', args).ended();

  it('prints the token and nothing else', async () => {
    const { code, stdout, stderr } = await run(
      '--client',
      'selfcare-app',
      '--custno',
      '700123',
      '--issuer',
      provider.issuer,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });

  it('prints the headers of a request with a bound token', async () => {
    const asked = ['--dpop', 'POST http://localhost:3000/v1/x', '--issuer', provider.issuer];
    const { stdout } = await run('--client', 'billing-service', ...asked);
    expect(stdout).toMatch(/^Authorization: DPoP [\w-]+\.[\w-]+\.[\w-]+\nDPoP: [\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { stderr, code } = await run('--client', 'billing-service', '--dpop', 'POST');
    expect({ stderr, code }).toEqual({ stderr: '--dpop must be a method and a URL.\n', code: 1 });
  });

  it('asks for the scopes that it is given', async () => {
    const { stdout } = await run(
      '--client',
      'billing-service',
      '--scope',
      'welcome-email:send',
      '--issuer',
      provider.issuer,
    );
    expect(decodeJwt(stdout)).toMatchObject({ client_id: 'billing-service', scope: 'welcome-email:send' });
  });

  it('logs a user in', async () => {
    const { stdout } = await run('--user', 'billie', '--acr', 'strong', '--issuer', provider.issuer);
    expect(decodeJwt(stdout)).toMatchObject({ client_id: 'mobile-app', sub: 'billie', acr: 'strong' });
    const { stderr, code } = await run('--user', 'nobody', '--issuer', provider.issuer);
    expect({ stderr, code }).toEqual({
      stderr: 'The identity provider refused: there is no such user or login.\n',
      code: 1,
    });
  });

  it('says in one line that the sandbox does not run', async () => {
    const silent = await ReservedPort.claim();
    const issuer = `http://localhost:${silent.number}`;
    expect(await run('--client', 'billing-service', '--issuer', issuer)).toEqual({
      code: 1,
      stdout: '',
      stderr: `No identity provider answers at ${issuer}: start the sandbox with \`npm run sandbox\`.\n`,
    });
    silent.release();
  });

  it('says that something else answers', async () => {
    const other = await listen((_request, response) => response.end('{}'), 0);
    const { code, stderr } = await run(
      '--client',
      'billing-service',
      '--issuer',
      `http://localhost:${other.port}`,
    );
    await other.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(/is not the sandbox's identity provider\.\n$/);
  });

  it.each<[string, string[], RegExp]>([
    ['no client', [], /^--client is missing\.\n/],
    [
      'an unknown client',
      ['--client', 'nobody'],
      /^There is no client nobody: the sandbox has selfcare-app, billing-service, mobile-app, portal-backend\.\n$/,
    ],
    ['an unknown option', ['--customer', '1'], /^Unknown option '--customer'/],
    [
      'a client without a secret',
      ['--client', 'mobile-app'],
      /^mobile-app has no secret: a user logs in to it/,
    ],
    [
      'a user of another client',
      ['--client', 'selfcare-app', '--user', 'alex'],
      /^--user logs in to mobile-app alone\.\n$/,
    ],
    [
      'an issuer that is no URL',
      ['--client', 'billing-service', '--issuer', 'x'],
      /^--issuer must be a URL\.\n$/,
    ],
  ])('explains %s', async (_case, args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('passes on why the identity provider refused', async () => {
    const { code, stderr } = await run('--client', 'selfcare-app', '--issuer', provider.issuer);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The identity provider refused: this client needs custno: /);
  });

  it('explains itself', async () => {
    const { code, stdout, stderr } = await run('--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('--custno');
  });
});
