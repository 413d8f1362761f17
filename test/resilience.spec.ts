import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Metrics } from '../src/telemetry/metrics.ts';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { journalRecords } from './support/journal-records.ts';
import type { JournalRecord } from '../src/journal/store/journal-store.ts';
import { answerProperly } from './support/scripted-octane.ts';
import type { Script } from './support/scripted-octane.ts';

const answerWith =
  (status: number, headers: Record<string, string | string[]> = {}): Script =>
  (_hit, response) =>
    response.writeHead(status, headers).end();
const reset: Script = (_hit, _response, socket) => socket.resetAndDestroy();

/** Each call of Octane follows the next script; the last one stays. */
const inTurn = (...scripts: Script[]): Script => {
  let turn = 0;
  return (...call) => {
    const script = scripts[Math.min(turn, scripts.length - 1)]!;
    turn += 1;
    script(...call);
  };
};

/** Lends its Octane and its identity provider: to make keys is most of what a gateway's start costs here. */
let lender: TestGateway;
let gateway: TestGateway;

async function start(environment: Record<string, string> = {}): Promise<void> {
  lender.octane.reset();
  gateway = await TestGateway.start({ beside: lender, environment });
}

const hits = (): number => gateway.octane.hits.length;

/** What the journal holds of the request with this answer. */
async function recordsOf({ headers }: Answer): Promise<JournalRecord[]> {
  const records = await journalRecords(`sqlite:${join(gateway.folder, 'gateway.db')}`);
  return records.filter(({ requestId }) => requestId === headers['x-request-id']);
}

beforeAll(async () => {
  lender = await TestGateway.start();
});
afterAll(() => lender.stop());

describe('a direct debit', () => {
  beforeAll(() => start());
  afterAll(() => gateway.stop());
  beforeEach(() => gateway.octane.reset());

  it.each([429, 502, 503, 504])(
    'is sent again after %i, and its record counts the attempts',
    async (status) => {
      gateway.octane.script = inTurn(answerWith(status), answerWith(status), answerProperly);
      const answer = await gateway.setDirectDebit();
      expect(answer.status).toBe(200);
      expect(hits()).toBe(3);
      expect(await recordsOf(answer)).toEqual([expect.objectContaining({ outcome: 'applied', attempts: 3 })]);
    },
  );

  it('is sent three times at the most', async () => {
    gateway.octane.script = answerWith(503);
    const answer = await gateway.setDirectDebit();
    expectProblem(answer, 503, 'octane-unavailable', { outcome: 'unknown', retryable: true });
    expect(hits()).toBe(3);
    expect(await recordsOf(answer)).toEqual([
      expect.objectContaining({ outcome: 'unknown', attempts: 3, octaneStatus: 503 }),
    ]);
  });

  it('waits for the Retry-After of a 429 that fits the budget', async () => {
    gateway.octane.script = inTurn(answerWith(429, { 'retry-after': '1' }), answerProperly);
    const started = performance.now();
    expect((await gateway.setDirectDebit()).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThanOrEqual(1000);
  });

  it('is not sent again where the Retry-After of a 429 does not fit, and hands it on', async () => {
    gateway.octane.script = answerWith(429, { 'retry-after': '120' });
    const answer = await gateway.setDirectDebit();
    expectProblem(answer, 503, 'octane-unavailable', { outcome: 'rejected', retryable: true });
    expect(answer.headers['retry-after']).toBe('120');
    expect(hits()).toBe(1);
  });

  it.each(['120 ', '1.5', '7, 7', '+3', '-5', '9'.repeat(40), 'Sun, 31 Feb 2066 08:49:37 GMT', ['5', '5']])(
    'is sent again after a 429 whose Retry-After is %j as after one without',
    async (header) => {
      gateway.octane.script = inTurn(answerWith(429, { 'retry-after': header }), answerProperly);
      expect((await gateway.setDirectDebit()).status).toBe(200);
      expect(hits()).toBe(2);
    },
  );

  it('is not sent again before the date in the Retry-After of a 429', async () => {
    const inAMinute = new Date(Date.now() + 60_000).toUTCString();
    gateway.octane.script = answerWith(429, { 'retry-after': inAMinute });
    expect(Number((await gateway.setDirectDebit()).headers['retry-after'])).toBeGreaterThan(50);
    expect(hits()).toBe(1);
  });

  it('does not make a storm of retries when many fail', async () => {
    const held: (() => void)[] = [];
    gateway.octane.script = (...call) => void held.push(() => answerWith(503)(...call));
    const calls = Array.from({ length: 40 }, () => gateway.setDirectDebit());
    await eventually(() => hits() === 40);
    gateway.octane.script = answerWith(503);
    for (const release of held) release();
    await Promise.all(calls);
    expect(hits()).toBeGreaterThan(40);
    expect(hits()).toBeLessThanOrEqual(40 + 2 * 5);
  });
});

describe('a direct debit whose new connection breaks', () => {
  beforeEach(() => start());
  afterEach(() => gateway.stop());

  it('is sent again after a reset, with the same body', async () => {
    gateway.octane.script = inTurn(reset, answerProperly);
    expect((await gateway.setDirectDebit()).status).toBe(200);
    expect(new Set(gateway.octane.hits.map(({ body }) => body)).size).toBe(1);
    expect(hits()).toBe(2);
  });

  it('is unknown when an attempt of which nobody knows was followed by a refusal', async () => {
    gateway.octane.script = inTurn(reset, answerWith(403));
    const answer = await gateway.setDirectDebit();
    expectProblem(answer, 502, 'octane-error', {
      outcome: 'unknown',
      retryable: true,
    });
    expect(hits()).toBe(2);
    expect(await recordsOf(answer)).toEqual([expect.objectContaining({ outcome: 'unknown', attempts: 2 })]);
  });
});

describe('a direct debit that Octane refused', () => {
  beforeAll(() => start());
  afterAll(() => gateway.stop());
  beforeEach(() => gateway.octane.reset());

  // The 401 comes last: nothing is sent for a while after it.
  it.each([400, 403, 404, 409, 422, 418, 500, 501, 401])('is not sent again after %i', async (status) => {
    gateway.octane.script = answerWith(status);
    await gateway.setDirectDebit();
    expect(hits()).toBe(1);
  });
});

describe('a welcome email', () => {
  beforeAll(() => start());
  afterAll(() => gateway.stop());
  beforeEach(() => gateway.octane.reset());

  it.each([429, 500, 502, 503, 504])('is sent once, whatever comes back: %i', async (status) => {
    gateway.octane.script = answerWith(status);
    await gateway.sendWelcomeEmail();
    expect(hits()).toBe(1);
  });

  it.each([
    ['10', '120 '],
    ['10', '1.5'],
    ['10', '7, 7'],
    ['10', '+3'],
    ['10', '-5'],
    ['10', '9'.repeat(40)],
    ['10', ['5', '5']],
    ['7', '7'],
    ['1', '0'],
    ['1', 'Sun, 06 Nov 1994 08:49:37 GMT'],
    ['1', 'Sunday, 06-Nov-94 08:49:37 GMT'],
    ['1', 'Sun Nov  6 08:49:37 1994'],
  ])('is to be sent again in %s seconds where Octane’s 429 says %j', async (told, header) => {
    gateway.octane.script = answerWith(429, { 'retry-after': header });
    const answer = await gateway.sendWelcomeEmail();
    expectProblem(answer, 503, 'octane-unavailable', { outcome: 'rejected', retryable: true });
    expect(answer.headers['retry-after']).toBe(told);
  });

  it('has no Retry-After where it is not to be sent again', async () => {
    gateway.octane.script = answerWith(503, { 'retry-after': '7' });
    const answer = await gateway.sendWelcomeEmail();
    expectProblem(answer, 503, 'octane-unavailable', { outcome: 'unknown', retryable: false });
    expect(answer.headers).not.toHaveProperty('retry-after');
  });

  it('is sent once when the connection breaks', async () => {
    gateway.octane.script = reset;
    await gateway.sendWelcomeEmail();
    expect(hits()).toBe(1);
  });
});

describe('a process that was held up for longer than the budget', () => {
  const BUDGET_MS = 500;
  beforeAll(() => start({ OCTANE_TIMEOUT_MS: String(BUDGET_MS) }));
  afterAll(() => gateway.stop());
  beforeEach(() => gateway.octane.reset());

  it.each([
    ['setDirectDebit', 200],
    ['sendWelcomeEmail', 204],
  ] as const)('reads what has arrived before it says that time ran out: %s', async (call, status) => {
    await gateway[call]();
    gateway.octane.script = (...hit) => {
      answerProperly(...hit);
      // Nothing runs in this process until the budget is spent, as when it is stopped, or collects garbage.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUDGET_MS + 100);
    };
    expect((await gateway[call]()).status).toBe(status);
    expect(hits()).toBe(2);
  });
});

describe('an idle connection', () => {
  beforeAll(() => start());
  afterAll(() => gateway.stop());
  beforeEach(() => gateway.octane.reset());

  it('that breaks before an answer leaves the email unknown, and is no failure for the breaker', async () => {
    const used = new Set<unknown>();
    gateway.octane.script = (hit, response, socket) => {
      if (used.has(socket)) socket.destroy();
      else answerProperly(hit, response, socket);
      used.add(socket);
    };
    for (let turn = 0; turn < 10; turn += 1) {
      expect((await gateway.sendWelcomeEmail()).status).toBe(204);
      expectProblem(await gateway.sendWelcomeEmail(), 502, 'octane-error', {
        outcome: 'unknown',
        retryable: false,
      });
    }
    expect(hits()).toBe(20);
  });

  it('that breaks costs a direct debit one retry, however many broke with it', async () => {
    const held: (() => void)[] = [];
    const idle = new Set<unknown>();
    gateway.octane.script = (...hit) => {
      idle.add(hit[2]);
      held.push(() => answerProperly(...hit));
    };
    const calls = Array.from({ length: 5 }, () => gateway.setDirectDebit());
    await eventually(() => hits() === 5);
    for (const release of held) release();
    await Promise.all(calls);
    gateway.octane.script = (hit, response, socket) => {
      if (idle.has(socket)) socket.destroy();
      else answerProperly(hit, response, socket);
    };
    expect((await gateway.setDirectDebit()).status).toBe(200);
    expect(hits()).toBe(7);
  });
});

describe('without a connection', () => {
  beforeAll(async () => {
    gateway = await TestGateway.start();
    await gateway.octane.stop();
  });
  afterAll(() => gateway.stop());

  it.each(['setDirectDebit', 'sendWelcomeEmail'] as const)(
    '%s is tried three times and never counted as sent',
    async (call) => {
      const answer = await gateway[call]();
      expectProblem(answer, 502, 'octane-unreachable', { outcome: 'not-sent', retryable: true });
      expect(await recordsOf(answer)).toEqual([
        expect.objectContaining({ outcome: 'not-sent', attempts: 3 }),
      ]);
    },
  );
});

describe('the breaker', () => {
  let passedMs = 0;
  const letTimePass = (ms: number): void => void (passedMs += ms);
  /** Longer than a breaker remembers anything. */
  const FORGOTTEN_MS = 600_000;
  let logLines: number;
  beforeAll(async () => {
    await start();
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await gateway.stop();
  });
  beforeEach(async () => {
    gateway.octane.reset();
    letTimePass(FORGOTTEN_MS);
    assert.equal((await gateway.setDirectDebit()).status, 200);
    assert.equal((await gateway.sendWelcomeEmail()).status, 204);
    // Closed, as it begins, and without a call.
    letTimePass(FORGOTTEN_MS);
    gateway.octane.reset();
    logLines = gateway.log.length;
  });

  const emailTo = async (custno: number, status: number): Promise<Answer> => {
    gateway.octane.script = answerWith(status);
    const token = await gateway.issuer.token({ claims: { client_id: 'billing-service' } });
    return gateway.sendWelcomeEmail({ token, path: `/v1/customers/${custno}/send-welcome-email` });
  };
  const fail = async (times: number): Promise<void> => {
    for (let call = 0; call < times; call += 1) await emailTo(700123, 503);
  };
  const logged = (): unknown[] =>
    gateway.log
      .slice(logLines)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => /breaker/.test(String(msg)))
      .map(({ operation, state }) => `${String(operation)} ${String(state)}`);

  it('opens after ten failures: nothing is sent, and the app hears when to come back', async () => {
    await fail(10);
    expect(hits()).toBe(10);
    const answer = await gateway.sendWelcomeEmail();
    expectProblem(answer, 503, 'octane-unavailable', { outcome: 'not-sent', retryable: true });
    expect(answer.headers['retry-after']).toBe('10');
    expect(hits()).toBe(10);
  });

  it('says when the next call may be sent', async () => {
    await fail(10);
    letTimePass(6500);
    expect((await gateway.sendWelcomeEmail()).headers['retry-after']).toBe('4');
  });

  it('is each operation’s own', async () => {
    await fail(12);
    gateway.octane.script = answerProperly;
    expect((await gateway.setDirectDebit()).status).toBe(200);
  });

  it('never opens for what Octane refuses', async () => {
    const refusals = [400, 403, 404, 422, 429].flatMap((status) => Array.from({ length: 5 }, () => status));
    for (const status of refusals) await emailTo(700123, status);
    expect(hits()).toBe(refusals.length);
  });

  it.each([404, 418, 429])('counts a %i as a call that did not fail', async (status) => {
    for (let call = 0; call < 11; call += 1) await emailTo(700123, status);
    await fail(10);
    expect(logged()).toEqual([]);
    await fail(1);
    expect(logged()).toEqual(['welcome-email open']);
  });

  it.each([500, 501, 505, 599])(
    'does not open for one customer whom Octane answers with %i',
    async (status) => {
      for (let call = 0; call < 25; call += 1) await emailTo(700123, status);
      expect(hits()).toBe(25);
      expect((await emailTo(700124, 204)).status).toBe(204);
    },
  );

  it('opens for ten customers whom Octane answers with 500', async () => {
    for (let call = 0; call < 10; call += 1) await emailTo(700100 + call, 500);
    expect((await emailTo(700200, 204)).json.outcome).toBe('not-sent');
    expect(hits()).toBe(10);
  });

  it('lets one probe through after ten seconds, and closes when it succeeds, with a line in the log each time', async () => {
    await fail(10);
    letTimePass(10_000);
    let finish: (() => void) | undefined;
    gateway.octane.script = (...call) => {
      finish = () => answerProperly(...call);
    };
    const probe = gateway.sendWelcomeEmail();
    await eventually(() => finish);
    expectProblem(await gateway.sendWelcomeEmail(), 503, 'octane-unavailable', {
      outcome: 'not-sent',
      retryable: true,
    });
    finish?.();
    expect((await probe).status).toBe(204);
    gateway.octane.script = answerProperly;
    expect((await gateway.sendWelcomeEmail()).status).toBe(204);
    expect(hits()).toBe(12);
    expect(logged()).toEqual(['welcome-email open', 'welcome-email half-open', 'welcome-email closed']);
  });

  it('opens again when the probe fails', async () => {
    await fail(10);
    letTimePass(10_000);
    await gateway.sendWelcomeEmail();
    expect(hits()).toBe(11);
    expect((await gateway.sendWelcomeEmail()).json.outcome).toBe('not-sent');
    expect(hits()).toBe(11);
  });

  it('does not stay open for one customer whom Octane always answers with 500', async () => {
    for (let call = 0; call < 3; call += 1) await emailTo(700666, 500);
    await fail(10);
    letTimePass(10_000);
    expect((await emailTo(700666, 500)).status).toBe(502);
    expect((await emailTo(700666, 500)).json.outcome).toBe('not-sent');
    expect((await emailTo(700124, 204)).status).toBe(204);
    expect((await emailTo(700125, 204)).status).toBe(204);
  });
});

describe('an Octane that answers every call with 404', () => {
  beforeAll(() => start());
  afterAll(() => gateway.stop());

  it('is told once in the log, and once when it is over, and shown by a metric', async () => {
    const logged = (): unknown[] =>
      gateway.log
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ msg }) => /404/.test(String(msg)))
        .map(({ msg }) => msg);
    const shown = async (): Promise<boolean> =>
      /^octane_only_not_found 1$/m.test(await gateway.application.get(Metrics, { strict: false }).text());
    gateway.octane.script = answerWith(404);
    for (let call = 0; call < 9; call += 1) await gateway.setDirectDebit();
    expect([logged(), await shown()]).toEqual([[], false]);
    for (let call = 0; call < 5; call += 1) await gateway.sendWelcomeEmail();
    const begun = 'Octane answered all of the last calls with 404: look at the path in OCTANE_BASE_URL';
    expect([logged(), await shown()]).toEqual([[begun], true]);
    // It says nothing of the path.
    gateway.octane.script = answerWith(500);
    await gateway.sendWelcomeEmail();
    expect(await shown()).toBe(true);
    gateway.octane.script = answerProperly;
    await gateway.sendWelcomeEmail();
    const ended = 'Octane no longer answers every call with 404';
    expect([logged(), await shown()]).toEqual([[begun, ended], false]);
  });
});

describe('the bulkhead', () => {
  const held: (() => void)[] = [];
  afterEach(async () => {
    held.length = 0;
    await gateway.stop();
  });

  const hold: Script = (...call) => void held.push(() => answerProperly(...call));
  const emailOf = async (clientId: string, custno: number): Promise<Answer> => {
    const token = await gateway.issuer.token({ claims: { client_id: clientId } });
    return gateway.sendWelcomeEmail({ token, path: `/v1/customers/${custno}/send-welcome-email` });
  };
  const releaseAll = async (calls: readonly Promise<Answer>[]): Promise<number[]> => {
    gateway.octane.script = answerProperly;
    for (const release of held.splice(0)) release();
    return (await Promise.all(calls)).map(({ status }) => status);
  };
  const sentFor = (custno: number): boolean =>
    gateway.octane.hits.some(({ path }) => path.includes(`/${custno}/`));

  it('lets as many calls through as it has places, as many wait, and refuses the rest', async () => {
    await start({ OCTANE_MAX_IN_FLIGHT: '2' });
    gateway.octane.script = hold;
    const calls = Array.from({ length: 5 }, () => gateway.setDirectDebit(VALID_DIRECT_DEBIT));
    const refused = await Promise.race(calls);
    expectProblem(refused, 503, 'overloaded', { outcome: 'not-sent', retryable: true });
    await eventually(() => hits() === 2);
    const statuses = await releaseAll(calls);
    expect(statuses.filter((status) => status === 200)).toHaveLength(4);
    expect(hits()).toBe(4);
  });

  it('lets nobody wait for ever, and keeps no place for whom it refused', async () => {
    await start({ OCTANE_MAX_IN_FLIGHT: '1' });
    gateway.octane.script = hold;
    const first = emailOf('billing-service', 1);
    await eventually(() => hits() === 1);
    const started = performance.now();
    const waited = await emailOf('billing-service', 2);
    expectProblem(waited, 503, 'overloaded', { outcome: 'not-sent', retryable: true });
    expect(performance.now() - started).toBeGreaterThanOrEqual(990);
    // Whoever gave up no longer waits: there is room for another.
    const next = emailOf('other-group', 3);
    await expect(Promise.race([next, eventually(() => held.length === 1)])).resolves.toBe(true);
    expect(await releaseAll([first, next])).toEqual([204, 204]);
    expect(sentFor(2)).toBe(false);
  });

  it('has a place for another caller however many calls one has', async () => {
    await start({ OCTANE_MAX_IN_FLIGHT: '10' });
    gateway.octane.script = hold;
    const greedy = Array.from({ length: 20 }, (_, index) => emailOf('billing-service', 100 + index));
    const refused = await Promise.race(greedy);
    expectProblem(refused, 503, 'overloaded', { outcome: 'not-sent', retryable: true });
    await eventually(() => hits() === 9);
    const other = emailOf('other-group', 200);
    await eventually(() => sentFor(200));
    const statuses = await releaseAll([...greedy, other]);
    expect(statuses.filter((status) => status === 503)).toHaveLength(2);
  });

  it('gives the one probe of a breaker to a call that has its place, not to one that waits', async () => {
    await start({ OCTANE_MAX_IN_FLIGHT: '1' });
    gateway.octane.script = answerWith(503);
    for (let call = 0; call < 10; call += 1) await emailOf('other-group', 300 + call);
    const now = performance.now.bind(performance);
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + 10_000);
    try {
      gateway.octane.script = hold;
      const debit = gateway.setDirectDebit();
      await eventually(() => held.length === 1);
      // It finds no place, and so finds out nothing.
      expect((await emailOf('billing-service', 1)).json.code).toBe('overloaded');
      expect(await releaseAll([debit])).toEqual([200]);
      expect((await emailOf('other-group', 2)).status).toBe(204);
    } finally {
      clock.mockRestore();
    }
  });
});
