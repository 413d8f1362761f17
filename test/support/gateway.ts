import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { openOperations } from '../../src/app.module.ts';
import type { OpenOperation } from '../../src/operations/operations.module.ts';
import { createGateway } from '../../src/app.setup.ts';
import { LiveGatewayConfig } from '../../src/config/live-gateway-config.ts';
import { loadSettings } from '../../src/config/settings.ts';
import { createLogger } from '../../src/telemetry/nest-logger.ts';
import { ScriptedOctane } from './scripted-octane.ts';
import { TokenIssuer } from './token-issuer.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined for an empty one. */
  readonly json: any;
}

export interface Call {
  readonly method?: string;
  readonly path: string;
  /** Left out: no Authorization header. */
  readonly token?: string;
  readonly headers?: Record<string, string | string[]>;
  /** A string goes out as it is, anything else as JSON. */
  readonly body?: unknown;
}

/** The gateway file that the tests start from: a mobile app, an internal service, and a service of another group. */
export function gatewayFileOf(issuer: TokenIssuer): Record<string, any> {
  return {
    issuers: [{ issuer: issuer.issuer, audience: 'octane-bff', jwksUri: issuer.jwksUri }],
    callers: [
      { clientId: 'selfcare-app', issuer: issuer.issuer, groupno: '1001', customers: 'own' },
      { clientId: 'billing-service', issuer: issuer.issuer, groupno: '1001', customers: 'any' },
      { clientId: 'other-group', issuer: issuer.issuer, groupno: '2002', customers: 'any' },
    ],
    groups: [
      { groupno: '1001', usernameEnv: 'OCTANE_1001_USERNAME', passwordEnv: 'OCTANE_1001_PASSWORD' },
      { groupno: '2002', usernameEnv: 'OCTANE_2002_USERNAME', passwordEnv: 'OCTANE_2002_PASSWORD' },
    ],
  };
}

export const CREDENTIALS = {
  OCTANE_1001_USERNAME: 'test-user-1001',
  OCTANE_1001_PASSWORD: 'test-password-1001',
  OCTANE_2002_USERNAME: 'test-user-2002',
  OCTANE_2002_PASSWORD: 'test-password-2002',
};

/** A spec file sends more in a second than an app in an hour, on a machine that may be busy with something else. */
export const GENEROUS_LIMITS = {
  MAX_EVENT_LOOP_DELAY_MS: '0',
  AUTH_FAILURE_RATE_LIMIT: '1000000',
  CALLER_RATE_LIMIT: '1000000',
  USER_RATE_LIMIT: '1000000',
  CUSTOMER_CHANGE_RATE_LIMIT: '1000000',
  WELCOME_EMAIL_RATE_LIMIT: '1000000',
};

export interface GatewayOptions {
  readonly environment?: Record<string, string>;
  /** Changes the gateway file before it is written. */
  readonly gatewayFile?: (file: Record<string, any>) => void;
  /** Further files beside the gateway file, by name. One called `operations.yaml` says which operations are open. */
  readonly files?: Record<string, string>;
  /** Open beside those of the product. */
  readonly operations?: readonly OpenOperation[];
  /** A gateway whose Octane and identity provider this one uses too: its replica, when they also share a database. */
  readonly beside?: TestGateway;
}

/** A whole gateway on a real port, with its own Octane and identity provider. */
export class TestGateway {
  private readonly agent = new Agent({ keepAlive: true });

  private constructor(
    readonly octane: ScriptedOctane,
    readonly issuer: TokenIssuer,
    private readonly app: Awaited<ReturnType<typeof createGateway>>,
    /** Holds the gateway file and the files beside it. */
    readonly folder: string,
    /** Every log line so far. */
    readonly log: readonly string[],
    private readonly ownsPeers: boolean,
  ) {}

  static async start({
    environment = {},
    gatewayFile,
    files = {},
    operations = [],
    beside,
  }: GatewayOptions = {}): Promise<TestGateway> {
    const [octane, issuer] = beside
      ? [beside.octane, beside.issuer]
      : await Promise.all([ScriptedOctane.start(), TokenIssuer.start()]);
    const folder = await mkdtemp(join(tmpdir(), 'octane-bff-'));
    const file = gatewayFileOf(issuer);
    gatewayFile?.(file);
    await writeFile(join(folder, 'gateway.yaml'), stringify(file));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    const settings = loadSettings({
      ...CREDENTIALS,
      OCTANE_BASE_URL: octane.baseUrl,
      GATEWAY_FILE: join(folder, 'gateway.yaml'),
      ...('operations.yaml' in files && { OPERATIONS_FILE: join(folder, 'operations.yaml') }),
      DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}`,
      ...GENEROUS_LIMITS,
      ...environment,
    });
    const log: string[] = [];
    const logger = createLogger(settings.logLevel, { write: (line: string) => log.push(line) });
    const app = await createGateway(settings, new LiveGatewayConfig(settings), logger, [
      ...openOperations(settings).operations,
      ...operations,
    ]);
    await app.listen(0, '127.0.0.1');
    return new TestGateway(octane, issuer, app, folder, log, beside === undefined);
  }

  get port(): number {
    return (this.app.getHttpServer().address() as AddressInfo).port;
  }

  /** The application itself, for what HTTP does not show. */
  get application(): Awaited<ReturnType<typeof createGateway>> {
    return this.app;
  }

  call({ method = 'POST', path, token, headers = {}, body }: Call): Promise<Answer> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = httpRequest({
        port: this.port,
        host: '127.0.0.1',
        agent: this.agent,
        method,
        path,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(text !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
          }),
          ...headers,
        },
      });
      request.on('error', reject).on('response', (response) => {
        const chunks: Buffer[] = [];
        response
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('error', reject)
          .on('end', () => {
            const received = Buffer.concat(chunks).toString('utf8');
            const isJson = /json/.test(response.headers['content-type'] ?? '') && received !== '';
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: received,
              json: isJson ? JSON.parse(received) : undefined,
            });
          });
      });
      request.end(text);
    });
  }

  /** Sets a direct debit for the customer of the token. */
  async setDirectDebit(directDebit: unknown = VALID_DIRECT_DEBIT, call: Partial<Call> = {}): Promise<Answer> {
    const token = call.token ?? (await this.issuer.token());
    return this.call({ path: '/v1/customers/700123/direct-debit', body: { directDebit }, ...call, token });
  }

  async sendWelcomeEmail(call: Partial<Call> = {}): Promise<Answer> {
    const token = call.token ?? (await this.issuer.token());
    return this.call({ path: '/v1/customers/700123/send-welcome-email', ...call, token });
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    await this.app.close();
    if (this.ownsPeers) await Promise.all([this.octane.stop(), this.issuer.stop()]);
    await rm(this.folder, { recursive: true, force: true });
  }
}

export const VALID_DIRECT_DEBIT = {
  directDebitType: 'STANDARD_DIRECT_DEBIT',
  ddNotificationFlag: 'Y',
  ddNotificationEmail: 'customer@example.com',
  ddPaymentDay: '15',
};
