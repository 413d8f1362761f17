import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestToken } from '../../sandbox/request-token.ts';
import { startSandbox, usualIssuer } from '../../sandbox/start.ts';
import type { Sandbox } from '../../sandbox/start.ts';
import { createGateway } from '../../src/app.setup.ts';
import { LiveGatewayConfig } from '../../src/config/live-gateway-config.ts';
import { loadSettings } from '../../src/config/settings.ts';
import { createLogger } from '../../src/telemetry/nest-logger.ts';

/** The gateway in front of the sandbox, as an app developer runs it, with `config/gateway.yaml`. */
export class SandboxGateway {
  private constructor(
    readonly url: string,
    readonly sandbox: Sandbox,
    /** Every log line so far. */
    readonly log: readonly string[],
    private readonly app: Awaited<ReturnType<typeof createGateway>>,
    private readonly folder: string,
  ) {}

  static async start(environment: Record<string, string> = {}): Promise<SandboxGateway> {
    const sandbox = await startSandbox({ octane: 0, identityProvider: 0, control: 0 });
    const folder = await mkdtemp(join(tmpdir(), 'octane-bff-'));
    const gatewayFile = await readFile('config/gateway.yaml', 'utf8');
    await writeFile(
      join(folder, 'gateway.yaml'),
      gatewayFile.replaceAll(usualIssuer, sandbox.identityProvider.issuer),
    );
    const settings = loadSettings({
      ...sandbox.gatewayEnvironment,
      GATEWAY_FILE: join(folder, 'gateway.yaml'),
      DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}`,
      ...environment,
    });
    const log: string[] = [];
    const logger = createLogger(settings.logLevel, { write: (line: string) => log.push(line) });
    const app = await createGateway(settings, new LiveGatewayConfig(settings), logger);
    await app.listen(0, '127.0.0.1');
    return new SandboxGateway(await app.getUrl(), sandbox, log, app, folder);
  }

  /** An access token of the mobile app for its customer 700123, or as asked. */
  async token(asked: { client?: string; custno?: string; scope?: string } = {}): Promise<string> {
    const { accessToken } = await requestToken({
      issuer: this.sandbox.identityProvider.issuer,
      client: 'selfcare-app',
      custno: '700123',
      ...asked,
    });
    return accessToken;
  }

  /** A command for the sandbox's Octane; docs/sandbox.md lists them. */
  async control<T = unknown>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.sandbox.octane.controlUrl}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.sandbox.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
