import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LiveGatewayConfig } from '../src/config/live-gateway-config.ts';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { journalRecords } from './support/journal-records.ts';
import { answerProperly } from './support/scripted-octane.ts';
import type { Script } from './support/scripted-octane.ts';
import { TestStores } from './support/stores.ts';

let stores: TestStores;
let databaseUrl: string;
let gateway: TestGateway;
let live: LiveGatewayConfig;
let later: number;

beforeAll(async () => {
  stores = await TestStores.start('SQLite');
  databaseUrl = await stores.newUrl();
  gateway = await TestGateway.start({
    environment: { DATABASE_URL: databaseUrl },
    files: { username: 'octane-user', password: 'password-1' },
    gatewayFile: (file) => {
      file['groups'][0] = { groupno: '1001', usernameFile: 'username', passwordFile: 'password' };
    },
  });
  // Only what a test asks for is looked at.
  live = gateway.application.get(LiveGatewayConfig);
  live.onApplicationShutdown();
});
afterAll(async () => {
  await gateway.stop();
  await stores.stop();
});

let passwords = 1;
beforeEach(() => {
  later = 0;
  // Time passes only where a test says so, however slow the machine is.
  const now = performance.now();
  jest.spyOn(performance, 'now').mockImplementation(() => now + later);
  // Each test begins with credentials that were never refused.
  setPassword(`password-${(passwords += 1)}`);
  live.look();
  live.look();
  gateway.octane.reset();
  (gateway.log as string[]).length = 0;
});
afterEach(() => {
  jest.restoreAllMocks();
});

function setPassword(password: string): void {
  writeFileSync(join(gateway.folder, 'password'), password);
}

const email = async (headers: Record<string, string> = {}): Promise<Answer> =>
  gateway.sendWelcomeEmail({ headers });
const ofOtherGroup = async (): Promise<Answer> =>
  gateway.sendWelcomeEmail({ token: await gateway.issuer.token({ claims: { client_id: 'other-group' } }) });
const hits = (): number => gateway.octane.hits.length;
const answerWith =
  (status: number): Script =>
  (_hit, response) =>
    response.writeHead(status).end();
const refuse = answerWith(401);

function expectRefusedByOctane(answer: Answer): void {
  expectProblem(answer, 502, 'octane-credentials-rejected', { outcome: 'rejected', retryable: false });
  expect(answer.headers).not.toHaveProperty('retry-after');
}

function expectNotSent(answer: Answer, retryAfter: string | RegExp = /^[1-9]\d*$/): void {
  expectProblem(answer, 502, 'octane-credentials-rejected', { outcome: 'not-sent', retryable: true });
  expect(answer.headers['retry-after']).toMatch(retryAfter);
}

function logged(): unknown[] {
  return gateway.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ source }) => source === 'CredentialsLockout')
    .map(({ msg, group, reason }) => ({ msg, group, reason }));
}

describe('after a 401 of Octane', () => {
  it('the calls of the group are not sent, which says when to come back, frees keys and stands on record', async () => {
    gateway.octane.script = refuse;
    expectRefusedByOctane(await email());
    const key = { 'idempotency-key': 'kept-for-later' };
    const notSent = await email(key);
    expectNotSent(notSent, '1');
    expectNotSent(await gateway.setDirectDebit());
    expect(hits()).toBe(1);
    expect(await journalRecords(databaseUrl)).toContainEqual(
      expect.objectContaining({
        requestId: notSent.headers['x-request-id'],
        outcome: 'not-sent',
        octaneStatus: null,
        attempts: 0,
      }),
    );
    later += 1000;
    gateway.octane.script = answerProperly;
    const sent = await email(key);
    expect([sent.status, sent.headers['idempotency-replayed']]).toEqual([204, undefined]);
  });

  it('the calls of other groups are sent', async () => {
    gateway.octane.script = refuse;
    expectRefusedByOctane(await email());
    gateway.octane.script = answerProperly;
    expect((await ofOtherGroup()).status).toBe(204);
    expectNotSent(await email());
  });

  it('one call tries after 1 s, then after twice as long each time, 60 s at the most', async () => {
    gateway.octane.script = refuse;
    expectRefusedByOctane(await email());
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      const tried = hits();
      expectNotSent(await email(), String(seconds));
      later += seconds * 1000 - 500;
      expectNotSent(await email(), '1');
      expect(hits()).toBe(tried);
      later += 500;
      expectRefusedByOctane(await email());
      expect(hits()).toBe(tried + 1);
    }
    later += 60_000;
    gateway.octane.script = answerProperly;
    expect((await email()).status).toBe(204);
    gateway.octane.script = refuse;
    expectRefusedByOctane(await email());
    expectNotSent(await email(), '1');
  });

  it('the others wait while that one call tries', async () => {
    gateway.octane.script = refuse;
    expectRefusedByOctane(await email());
    later += 1000;
    let finish: (() => void) | undefined;
    gateway.octane.script = (...call) => {
      finish = () => answerProperly(...call);
    };
    const trial = email();
    await eventually(() => finish);
    for (const answer of await Promise.all([email(), gateway.setDirectDebit(), email()]))
      expectNotSent(answer, '1');
    finish!();
    expect((await trial).status).toBe(204);
    gateway.octane.script = answerProperly;
    expect((await email()).status).toBe(204);
  });

  it('a try that Octane could not judge leaves it to the next call', async () => {
    gateway.octane.script = refuse;
    expectRefusedByOctane(await email());
    later += 1000;
    gateway.octane.script = answerWith(503);
    expect((await email()).json.code).toBe('octane-unavailable');
    gateway.octane.script = refuse;
    expectRefusedByOctane(await email());
    expectNotSent(await email(), '2');
    expect(hits()).toBe(3);
  });

  it('many calls that were under way count as one refusal', async () => {
    const held: (() => void)[] = [];
    gateway.octane.script = (...call) => void held.push(() => refuse(...call));
    const calls = Array.from({ length: 8 }, () => email());
    await eventually(() => held.length === 8);
    for (const release of held) release();
    for (const answer of await Promise.all(calls)) expectRefusedByOctane(answer);
    expectNotSent(await email(), '1');
  });

  it('the next call is sent as soon as the file holds another password, with a line in the log each time', async () => {
    gateway.octane.script = refuse;
    expectRefusedByOctane(await email());
    expectNotSent(await email());
    setPassword('mended');
    gateway.octane.script = (hit, response, socket) => {
      const mended = `Basic ${Buffer.from('octane-user:mended').toString('base64')}`;
      (hit.headers.authorization === mended ? answerProperly : refuse)(hit, response, socket);
    };
    // The files were just looked at.
    later += 200;
    expect((await email()).status).toBe(204);
    expect(logged()).toEqual([
      {
        msg: 'Octane rejects the credentials of a group: its calls are not sent',
        group: '1001',
        reason: undefined,
      },
      { msg: 'the calls of a group are sent again', group: '1001', reason: 'new credentials' },
    ]);
  });
});
