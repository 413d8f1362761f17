import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ManagementModule } from '../src/health/management.module.ts';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { standStill } from './support/stand-still.ts';

const TURN_MS = 300;

/** The gateway shares the event loop with the test. */
const block = (): void => standStill(TURN_MS);

const ask = (gateway: TestGateway): Promise<Answer> => gateway.call({ method: 'GET', path: '/problems' });

/** Blocks again and again until the gateway has had enough. */
function overload(gateway: TestGateway): Promise<Answer> {
  return eventually(async () => {
    block();
    const answer = await ask(gateway);
    return answer.status === 503 && answer;
  });
}

describe('a gateway whose event loop lags', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start({ environment: { MAX_EVENT_LOOP_DELAY_MS: '50' } });
  });
  afterAll(() => gateway.stop());
  /** The loop has caught up. */
  beforeEach(() => eventually(async () => (await ask(gateway)).status === 200));

  it('refuses new requests before it looks at anything else of them', async () => {
    const token = await gateway.issuer.token();
    await overload(gateway);
    const answers = await Promise.all([
      ask(gateway),
      gateway.call({ path: '/nowhere' }),
      gateway.call({ path: '/v1/customers/700123/direct-debit', body: '{' }),
      gateway.setDirectDebit(undefined, { token }),
      gateway.sendWelcomeEmail({ token }),
    ]);
    for (const answer of answers) {
      expectProblem(answer, 503, 'overloaded', { outcome: 'not-sent', retryable: true });
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(answer.headers).not.toHaveProperty('ratelimit');
    }
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('takes them again when it has caught up', async () => {
    const token = await gateway.issuer.token();
    await overload(gateway);
    await eventually(async () => (await gateway.sendWelcomeEmail({ token })).status === 204);
    expect(gateway.octane.hits).toHaveLength(1);
  });

  it('says so in its log', async () => {
    await overload(gateway);
    const line = gateway.log.findLast((text) => text.includes('"shedding load"')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({ level: 'warn', meanDelayMs: expect.any(Number) });
    expect(JSON.parse(line).meanDelayMs).toBeGreaterThan(50);
    const refused = gateway.log.findLast((text) => text.includes('request completed')) ?? '{}';
    expect(JSON.parse(refused)).toMatchObject({
      status: 503,
      code: 'overloaded',
      reason: 'event-loop-delay',
    });
  });

  it('answers on its management port', async () => {
    // After the test of the log: Nest has one logger in a process, and this takes it.
    const management = await NestFactory.create<NestFastifyApplication>(
      ManagementModule.of(gateway.application),
      new FastifyAdapter(),
      { logger: false },
    );
    await management.listen(0, '127.0.0.1');
    await overload(gateway);
    const url = await management.getUrl();
    const [live, ready, api] = await Promise.all([
      fetch(`${url}/health/live`),
      fetch(`${url}/health/ready`),
      ask(gateway),
    ]);
    expect([live.status, ready.status, api.status]).toEqual([200, 200, 503]);
    await management.close();
  });
});

it('gateways that bear more, or whatever comes, refuse nothing', async () => {
  const boundless = await TestGateway.start({ environment: { MAX_EVENT_LOOP_DELAY_MS: '0' } });
  const patient = await TestGateway.start({
    environment: { MAX_EVENT_LOOP_DELAY_MS: '100000' },
    beside: boundless,
  });
  // Longer than any time over which the delay is measured.
  for (let turn = 0; turn < 5; turn += 1) {
    block();
    expect((await Promise.all([ask(boundless), ask(patient)])).map(({ status }) => status)).toEqual([
      200, 200,
    ]);
  }
  await patient.stop();
  await boundless.stop();
});
