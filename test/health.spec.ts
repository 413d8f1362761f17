import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Lifecycle } from '../src/health/lifecycle.ts';
import { ManagementModule } from '../src/health/management.module.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';

let gateway: TestGateway;
let management: NestFastifyApplication;
let managementUrl: string;

async function start(): Promise<void> {
  gateway = await TestGateway.start();
  management = await NestFactory.create<NestFastifyApplication>(
    ManagementModule.of(gateway.application),
    new FastifyAdapter(),
    { logger: false },
  );
  await management.listen(0, '127.0.0.1');
  managementUrl = await management.getUrl();
}

async function stop(): Promise<void> {
  await management.close();
  await gateway.stop();
}

async function health(path: string): Promise<{ status: number; json: unknown }> {
  const response = await fetch(`${managementUrl}${path}`);
  return { status: response.status, json: await response.json() };
}

describe('a gateway that is up', () => {
  beforeAll(start);
  afterAll(stop);

  it('says so on the management port', async () => {
    expect(await health('/health/live')).toMatchObject({ status: 200, json: { status: 'ok' } });
    expect(await health('/health/ready')).toEqual({
      status: 200,
      json: {
        status: 'ok',
        info: expect.any(Object),
        error: {},
        details: {
          store: { status: 'up' },
          lifecycle: { status: 'up', draining: false },
          octane: { status: 'up', breakers: { 'direct-debit': 'closed', 'welcome-email': 'closed' } },
          issuers: { status: 'up', keySets: { [gateway.issuer.issuer]: { keys: 'not-fetched' } } },
        },
      },
    });
  });

  it.each(['/', '/problems', '/openapi.json', '/v1/customers/700123/direct-debit'])(
    'has nothing of the API on the management port: %s',
    async (path) => {
      for (const method of ['GET', 'POST']) {
        expect((await fetch(`${managementUrl}${path}`, { method })).status).toBe(404);
      }
      expect(gateway.octane.hits).toHaveLength(0);
    },
  );

  it.each(['/health', '/health/live', '/health/ready', '/metrics'])(
    'has nothing of the management on the API port: %s',
    async (path) => {
      expectProblem(await gateway.call({ method: 'GET', path }), 404, 'not-found');
    },
  );

  it('keeps connections open', async () => {
    expect((await gateway.sendWelcomeEmail()).headers.connection).toBe('keep-alive');
  });
});

describe('a gateway that leaves', () => {
  beforeAll(start);
  afterAll(stop);

  it('closes the connection of a request that was there before', async () => {
    gateway.octane.script = (_hit, response) => {
      gateway.application.get(Lifecycle).drain();
      response.writeHead(204).end();
    };
    const { status, headers } = await gateway.sendWelcomeEmail();
    expect({ status, connection: headers.connection }).toEqual({ status: 204, connection: 'close' });
  });

  it('is up but not ready', async () => {
    gateway.application.get(Lifecycle).drain();
    expect(await health('/health/live')).toMatchObject({ status: 200, json: { status: 'ok' } });
    expect(await health('/health/ready')).toMatchObject({
      status: 503,
      json: { status: 'error', error: { lifecycle: { status: 'down', draining: true } } },
    });
  });

  it('serves on, and closes each connection behind the answer', async () => {
    gateway.octane.reset();
    gateway.application.get(Lifecycle).drain();
    const answers = [
      await gateway.sendWelcomeEmail(),
      await gateway.setDirectDebit(),
      await gateway.setDirectDebit({}),
      await gateway.call({ path: '/v1/customers/me/direct-debit' }),
      await gateway.call({ method: 'GET', path: '/nowhere' }),
      await gateway.call({ method: 'GET', path: '/%zz' }),
    ];
    expect(answers.map(({ status, headers }) => [status, headers.connection])).toEqual(
      [204, 200, 422, 401, 404, 400].map((status) => [status, 'close']),
    );
  });
});
