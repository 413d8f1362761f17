import { join } from 'node:path';
import { readFile, writeFile } from 'node:fs/promises';
import { requestToken } from '../../sandbox/request-token.ts';
import { startSandbox } from '../../sandbox/start.ts';
import type { Sandbox } from '../../sandbox/start.ts';
import { usualIssuer } from '../../sandbox/usual-ports.ts';
import { compileGateway, GatewayProcess } from './gateway-process.ts';

/** The compiled gateway in front of the sandbox, as an app developer runs it, with `config/gateway.yaml`. */
export class SandboxGateway {
  private constructor(
    readonly url: string,
    readonly sandbox: Sandbox,
    private readonly process: GatewayProcess,
    private readonly removeBuild: () => Promise<void>,
  ) {}

  static async start(environment: Record<string, string> = {}): Promise<SandboxGateway> {
    const [sandbox, build] = await Promise.all([
      startSandbox({ octane: 0, identityProvider: 0, control: 0 }),
      compileGateway(),
    ]);
    const gatewayFile = await readFile('config/gateway.yaml', 'utf8');
    await writeFile(
      join(build.folder, 'gateway.yaml'),
      gatewayFile.replaceAll(usualIssuer, sandbox.identityProvider.issuer),
    );
    const gateway = new GatewayProcess(build.folder, {
      ...sandbox.gatewayEnvironment,
      HOST: '127.0.0.1',
      PORT: '0',
      MANAGEMENT_PORT: '0',
      DRAIN_DELAY_MS: '0',
      GATEWAY_FILE: 'gateway.yaml',
      DATABASE_URL: 'sqlite:gateway.db',
      // The machine of the tests may be busy with something else.
      MAX_EVENT_LOOP_DELAY_MS: '0',
      // A spec changes one customer more often than an app in an hour.
      USER_RATE_LIMIT: '1000000',
      CUSTOMER_CHANGE_RATE_LIMIT: '1000000',
      ...environment,
    });
    const { api } = await gateway.addresses();
    return new SandboxGateway(api, sandbox, gateway, build.remove);
  }

  /** Every log line so far. A line may be written after its answer. */
  get log(): string[] {
    return this.process.stdout.split('\n').slice(0, -1);
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
    await this.process.kill();
    await this.sandbox.close();
    await this.removeBuild();
  }
}
