import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { stringify } from 'yaml';
import { Balancer } from './support/balancer.ts';
import type { Replica } from './support/balancer.ts';
import { eventually } from './support/eventually.ts';
import { compileGateway, GatewayProcess } from './support/gateway-process.ts';
import { CREDENTIALS, gatewayFileOf, GENEROUS_LIMITS, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import { sharedPostgres } from './support/shared-postgres.ts';
import type { Databases } from './support/shared-postgres.ts';
import { RawConnection, requestText } from './support/raw-connection.ts';
import { answerProperly, ScriptedOctane } from './support/scripted-octane.ts';
import { TokenIssuer } from './support/token-issuer.ts';

/** Compiling, starting four gateways and a database, and two drain delays, on a busy machine. */
const SLOW_MS = 120_000;
/** Far longer than the balancer's look at readiness takes on a busy machine. */
const DRAIN_DELAY_MS = 5000;
const WORKERS = 8;

let build: Awaited<ReturnType<typeof compileGateway>>;
let postgres: Databases;
let octane: ScriptedOctane;
let issuer: TokenIssuer;
let token: string;
let settings: Record<string, string>;
beforeAll(async () => {
  [build, postgres, octane, issuer] = await Promise.all([
    compileGateway(),
    sharedPostgres(),
    ScriptedOctane.start(),
    TokenIssuer.start(),
  ]);
  token = await issuer.token({ claims: { client_id: 'billing-service' } });
  await writeFile(join(build.folder, 'gateway.yaml'), stringify(gatewayFileOf(issuer)));
  settings = {
    ...CREDENTIALS,
    HOST: '127.0.0.1',
    PORT: '0',
    MANAGEMENT_PORT: '0',
    OCTANE_BASE_URL: octane.baseUrl,
    GATEWAY_FILE: 'gateway.yaml',
    DATABASE_URL: await postgres.newDatabase(),
    DRAIN_DELAY_MS: String(DRAIN_DELAY_MS),
    ...GENEROUS_LIMITS,
  };
}, SLOW_MS);
afterAll(() => Promise.all([build.remove(), octane.stop(), issuer.stop(), postgres.stop()]));
beforeEach(() => octane.reset());

const running: GatewayProcess[] = [];
afterEach(() => Promise.all(running.splice(0).map((gateway) => gateway.kill())));

async function startReplica(environment: Record<string, string> = {}): Promise<Replica> {
  const gateway = new GatewayProcess(build.folder, { ...settings, ...environment });
  running.push(gateway);
  return { gateway, ...(await gateway.addresses()), ready: false };
}

/** Direct debits and emails by turns, one after the other in each of some workers, until it is stopped. */
class Load {
  readonly sent = new Map<string, number | Error>();
  private stopped = false;
  private readonly workers: Promise<void>[];

  constructor(private readonly balancer: Balancer) {
    this.workers = Array.from({ length: WORKERS }, (_, worker) => this.work(worker));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.workers);
  }

  private async work(worker: number): Promise<void> {
    for (let round = 0; !this.stopped; round += 1) {
      const requestId = `load-${worker}-${round}`;
      const customer = `/v1/customers/${700_000 + worker}`;
      const request =
        round % 2 === 0
          ? { path: `${customer}/direct-debit`, body: { directDebit: VALID_DIRECT_DEBIT } }
          : { path: `${customer}/send-welcome-email` };
      const result = await this.send(requestId, request).catch((error: unknown) => error as Error);
      this.sent.set(requestId, result);
      await wait(20);
    }
  }

  /** The status of the answer. */
  private async send(
    requestId: string,
    { path, body }: { readonly path: string; readonly body?: unknown },
  ): Promise<number> {
    const { status } = await this.balancer.send({
      path,
      headers: {
        authorization: `Bearer ${token}`,
        'x-request-id': requestId,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return status;
  }
}

it(
  'two replicas are replaced one after the other under load, and no request fails or reaches Octane twice',
  async () => {
    // Slow enough that requests are in flight whenever a gateway leaves.
    octane.script = (hit, response, socket) => {
      setTimeout(() => answerProperly(hit, response, socket), 30);
    };
    const balancer = new Balancer();
    const old = [await startReplica(), await startReplica()];
    for (const replica of old) balancer.add(replica);
    await eventually(() => old.every(({ ready }) => ready));
    const load = new Load(balancer);
    const hitsSince = async (count: number): Promise<boolean> => octane.hits.length > count;
    await eventually(() => hitsSince(50));

    for (const replica of old) {
      replica.gateway.signal('SIGTERM');
      const successor = await startReplica();
      balancer.add(successor);
      await eventually(() => successor.ready);
      expect(await replica.gateway.exited()).toBe(0);
      expect(replica.gateway.stderr).toBe('');
      const { length } = octane.hits;
      await eventually(() => hitsSince(length + 50));
    }
    await load.stop();
    balancer.stop();

    const failed = [...load.sent].filter(([, result]) => result !== 200 && result !== 204);
    expect(failed).toEqual([]);
    expect(load.sent.size).toBeGreaterThan(150);
    const received = octane.hits.map(({ headers }) => headers['x-request-id']);
    expect(received).toHaveLength(load.sent.size);
    expect(new Set(received)).toEqual(new Set(load.sent.keys()));
  },
  SLOW_MS,
);

describe('a gateway that leaves', () => {
  const sqlite = { DATABASE_URL: 'sqlite:leaving.db' };
  const email = (custno: string): string =>
    requestText(`POST /v1/customers/${custno}/send-welcome-email HTTP/1.1`, [
      'Host: gateway',
      `Authorization: Bearer ${token}`,
    ]);
  const readProblem = requestText('GET /problems/not-found HTTP/1.1');

  it(
    'says goodbye on used connections, ends idle ones without a reset, cuts unfinished requests, and finishes those in flight',
    async () => {
      let answerNow: (() => void) | undefined;
      octane.script = (hit, response, socket) => {
        answerNow = () => answerProperly(hit, response, socket);
        octane.script = answerProperly;
      };
      const patience = { SHUTDOWN_GRACE_MS: '120000', OCTANE_TIMEOUT_MS: '90000' };
      const { gateway, api } = await startReplica({ ...sqlite, ...patience });
      const port = Number(new URL(api).port);
      const [used, idle] = [await RawConnection.open(port), await RawConnection.open(port)];
      const faults: unknown[] = [];
      for (const connection of [used, idle]) {
        connection.socket.on('error', (fault) => faults.push(fault));
        expect((await connection.write(readProblem).answer()).headers).not.toMatchObject({
          connection: 'close',
        });
      }
      const stuck = [
        'GET /problems HTTP/1.1\r\nHost: gate',
        requestText(
          'POST /v1/customers/700123/direct-debit HTTP/1.1',
          [
            'Host: gateway',
            `Authorization: Bearer ${token}`,
            'Content-Type: application/json',
            'Content-Length: 9',
          ],
          '{',
        ),
      ];
      const slow = await Promise.all(
        stuck.map(async (bytes) => (await RawConnection.open(port)).write(bytes)),
      );
      const inFlight = (await RawConnection.open(port)).write(email('700124'));
      await eventually(() => answerNow);
      gateway.signal('SIGTERM');
      await gateway.logged('leaving');
      const last = await used.write(email('700123')).answer();
      expect([last.status, last.headers.connection]).toEqual([204, 'close']);
      expect([await used.end(), await idle.end()]).toEqual(['', '']);
      expect(faults).toEqual([]);
      await Promise.all(slow.map((connection) => connection.end()));
      expect(gateway.exitCode).toBeUndefined();
      answerNow!();
      expect((await inFlight.answer()).status).toBe(204);
      expect(await gateway.exited()).toBe(0);
    },
    SLOW_MS,
  );

  it(
    'ends at once on a second signal, also while it waits for what is in flight',
    async () => {
      octane.script = () => undefined;
      const patience = { DRAIN_DELAY_MS: '0', SHUTDOWN_GRACE_MS: '7200000', OCTANE_TIMEOUT_MS: '3600000' };
      const { gateway, api } = await startReplica({ ...sqlite, ...patience });
      const port = Number(new URL(api).port);
      const inFlight = (await RawConnection.open(port)).write(email('700123'));
      await eventually(() => octane.hits.length > 0);
      gateway.signal('SIGTERM');
      await eventually(async () => {
        const socket = connect(port, '127.0.0.1').on('error', () => undefined);
        const refused = await once(socket, 'connect').then(
          () => false,
          () => true,
        );
        socket.destroy();
        return refused;
      });
      expect(gateway.exitCode).toBeUndefined();
      gateway.signal('SIGTERM');
      expect(await gateway.exited()).toBe(1);
      expect(await inFlight.end()).toBe('');
    },
    SLOW_MS,
  );
});
