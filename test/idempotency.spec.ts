import { Clock } from '../src/journal/clock.ts';
import { JournalStore } from '../src/journal/store/journal-store.ts';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import type { Answer, Call } from './support/gateway.ts';
import { ageRecords, journalRecords } from './support/journal-records.ts';
import { answerProperly } from './support/scripted-octane.ts';
import type { Script } from './support/scripted-octane.ts';
import { STORE_KINDS, TestStores } from './support/stores.ts';

const HOUR_MS = 3_600_000;
const OTHER_DIRECT_DEBIT = { ...VALID_DIRECT_DEBIT, ddPaymentDay: '16' };

const hangUp: Script = (_hit, _response, socket) => socket.resetAndDestroy();
const answerWith =
  (status: number): Script =>
  (_hit, response) =>
    response.writeHead(status).end();

describe.each(STORE_KINDS)('idempotency on %s', (kind) => {
  let stores: TestStores;
  let gateway: TestGateway;
  let databaseUrl: string;
  let keys = 0;

  beforeAll(async () => {
    stores = await TestStores.start(kind);
    databaseUrl = await stores.newUrl();
    gateway = await TestGateway.start({
      environment: { DATABASE_URL: databaseUrl, OCTANE_TIMEOUT_MS: '1000' },
    });
  });
  afterAll(async () => {
    await gateway.stop();
    await stores.stop();
  });
  beforeEach(() => gateway.octane.reset());

  const newKey = (): string => `key-${kind}-${(keys += 1)}`;
  const set = (
    key: string,
    directDebit: unknown = VALID_DIRECT_DEBIT,
    call: Partial<Call> = {},
  ): Promise<Answer> => gateway.setDirectDebit(directDebit, { headers: { 'idempotency-key': key }, ...call });
  const send = (key: string, call: Partial<Call> = {}): Promise<Answer> =>
    gateway.sendWelcomeEmail({ headers: { 'idempotency-key': key }, ...call });
  const hits = (): number => gateway.octane.hits.length;

  describe('a repeated request', () => {
    it('gets the first answer again, marked, and Octane hears nothing', async () => {
      const key = newKey();
      const first = await set(key);
      const second = await set(key);
      expect(first.status).toBe(200);
      expect(first.headers).not.toHaveProperty('idempotency-replayed');
      expect([second.status, second.text]).toEqual([200, first.text]);
      expect(second.headers['idempotency-replayed']).toBe('true');
      expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
      expect(hits()).toBe(1);
    });

    it('of a welcome email gets 204 again', async () => {
      const key = newKey();
      expect((await send(key)).status).toBe(204);
      const again = await send(key, { body: {} });
      expect([again.status, again.text]).toEqual([204, '']);
      expect(again.headers['idempotency-replayed']).toBe('true');
      expect(hits()).toBe(1);
    });

    it.each([400, 403, 404, 409, 418, 422])(
      'gets the refusal of Octane’s %i again, word for word',
      async (status) => {
        const key = newKey();
        gateway.octane.script = answerWith(status);
        const first = await set(key);
        gateway.octane.script = answerProperly;
        const second = await set(key);
        expect([second.status, second.text]).toEqual([first.status, first.text]);
        expect(second.headers['idempotency-replayed']).toBe('true');
        expect(second.headers['content-type']).toBe('application/problem+json');
        expect(hits()).toBe(1);
      },
    );

    it('gets a contract violation again: the change was made', async () => {
      const key = newKey();
      gateway.octane.script = (_hit, response) => response.end('nonsense');
      const first = await set(key);
      gateway.octane.script = answerProperly;
      expectProblem(first, 502, 'octane-contract-violation', { outcome: 'applied', retryable: false });
      expect((await set(key)).text).toBe(first.text);
      expect(hits()).toBe(1);
    });

    it('is the same in another order and spacing, and with 1.0 for 1', async () => {
      const key = newKey();
      const special = (amount: string, tail: string): string =>
        `{"directDebit":{"directDebitType":"SPECIAL_DIRECT_DEBIT","ddNotificationFlag":"N","ddSpecialPaymentPeriod":"mn","ddSpecialPaymentAmount":${amount}${tail}}}`;
      await set(key, undefined, { body: special('10', '') });
      const reordered =
        '{ "directDebit" : {"ddSpecialPaymentAmount": 1.0e1, "ddSpecialPaymentPeriod":"mn",\n "ddNotificationFlag":"N", "directDebitType":"SPECIAL_DIRECT_DEBIT"} }';
      expect((await set(key, undefined, { body: reordered })).headers['idempotency-replayed']).toBe('true');
      expect(hits()).toBe(1);
    });

    it('finds its answer by `me` as by the number', async () => {
      const key = newKey();
      await set(key);
      const again = await set(key, VALID_DIRECT_DEBIT, { path: '/v1/customers/me/direct-debit' });
      expect(again.headers['idempotency-replayed']).toBe('true');
      expect(hits()).toBe(1);
    });
  });

  it('refuses another body with a used key', async () => {
    const key = newKey();
    await set(key);
    expectProblem(await set(key, OTHER_DIRECT_DEBIT), 422, 'idempotency-key-reused');
    expect(hits()).toBe(1);
  });

  it('refuses a repetition while the first still runs: the same body with 409, another with 422', async () => {
    const key = newKey();
    let finish: (() => void) | undefined;
    gateway.octane.script = (hit, response, socket) => {
      finish = () => answerProperly(hit, response, socket);
    };
    const first = set(key);
    await eventually(() => finish);
    const second = await set(key);
    expectProblem(second, 409, 'request-in-progress');
    expect(second.headers['retry-after']).toBe('1');
    expectProblem(await set(key, OTHER_DIRECT_DEBIT), 422, 'idempotency-key-reused');
    finish?.();
    expect((await first).status).toBe(200);
    expect((await set(key)).headers['idempotency-replayed']).toBe('true');
    expect(hits()).toBe(1);
  });

  it('sends one of 50 parallel requests with one key', async () => {
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(key)));
    expect(hits()).toBe(1);
    expect(new Set(answers.map(({ status }) => status)).isSubsetOf(new Set([204, 409]))).toBe(true);
    expect(answers.some(({ status }) => status === 204)).toBe(true);
  });

  describe('the scope of a key', () => {
    it.each([
      ['another subject', { claims: { sub: 'user-2' } }],
      ['another client', { claims: { client_id: 'billing-service' } }],
    ])('%s is independent', async (_, content) => {
      const key = newKey();
      await set(key);
      const other = await set(key, OTHER_DIRECT_DEBIT, { token: await gateway.issuer.token(content) });
      expect(other.status).toBe(200);
      expect(other.headers).not.toHaveProperty('idempotency-replayed');
      expect(other.json.directDebit.ddPaymentDay).toBe('16');
      expect(hits()).toBe(2);
    });

    it('another customer and another route are independent', async () => {
      const key = newKey();
      const token = await gateway.issuer.token({ claims: { client_id: 'billing-service' } });
      const statuses = [
        await set(key, VALID_DIRECT_DEBIT, { token }),
        await set(key, OTHER_DIRECT_DEBIT, { token, path: '/v1/customers/700124/direct-debit' }),
        await send(key, { token }),
      ].map(({ status, headers }) => [status, headers['idempotency-replayed']]);
      expect(statuses).toEqual([
        [200, undefined],
        [200, undefined],
        [204, undefined],
      ]);
      expect(hits()).toBe(3);
    });
  });

  describe('the key itself', () => {
    it.each([
      ['quoted and bare', '"plain"', 'plain'],
      ['quoted with escapes', '"a\\"b\\\\c"', 'a"b\\c'],
    ])('%s are one key', async (_, quoted, bare) => {
      const suffix = newKey();
      await send(quoted.replace(/"$/, `${suffix}"`));
      const again = await send(`${bare}${suffix}`);
      expect(again.headers['idempotency-replayed']).toBe('true');
      expect(hits()).toBe(1);
    });

    it.each([
      ['255 characters', 'k'.repeat(255)],
      ['one character', '~'],
      ['a space in quotes', '"a b"'],
    ])('may have %s', async (_, key) => {
      expect(
        (await send(key, { token: await gateway.issuer.token({ claims: { sub: newKey() } }) })).status,
      ).toBe(204);
    });

    it.each([
      ['empty', ''],
      ['empty in quotes', '""'],
      ['too long', 'k'.repeat(256)],
      ['a bare one with a space', 'a b'],
      ['an open quote', '"a'],
      ['parameters behind it', '"a";b=1'],
      ['a bad escape', '"a\\b"'],
      ['beyond ASCII', 'caf\u00e9'],
      ['a tab', '"a\tb"'],
      ['two of them', ['a', 'b']],
    ])('is refused when it is %s', async (_, key) => {
      const answer = await gateway.sendWelcomeEmail({ headers: { 'idempotency-key': key } });
      expectProblem(answer, 400, 'invalid-request');
      expect(hits()).toBe(0);
    });

    it('is looked at before the rules of the body and after its syntax', async () => {
      expectProblem(await set('a b', {}), 400, 'invalid-request');
      expectProblem(await set('a b', undefined, { body: '{' }), 400, 'malformed-json');
      expect(hits()).toBe(0);
    });
  });

  describe('is free again', () => {
    it('after a refusal by the gateway', async () => {
      const key = newKey();
      expect((await set(key, { directDebitType: 'OFF' })).status).toBe(422);
      expect((await set(key)).status).toBe(200);
    });

    it.each([401, 429])('after Octane’s %i', async (status) => {
      const key = newKey();
      gateway.octane.script = answerWith(status);
      expect((await send(key)).json.outcome).toBe('rejected');
      gateway.octane.script = answerProperly;
      // After a 401 nothing is sent for a second, which leaves the key free too.
      const again = await eventually(async () => {
        const tried = await send(key, { body: {} });
        return tried.json?.outcome === 'not-sent' ? undefined : tried;
      });
      expect([again.status, again.headers['idempotency-replayed']]).toEqual([204, undefined]);
      expect(hits()).toBe(2);
    });

    it('when its time is over', async () => {
      const key = newKey();
      await set(key);
      await ageRecords(databaseUrl, 23.9 * HOUR_MS);
      expectProblem(await set(key, OTHER_DIRECT_DEBIT), 422, 'idempotency-key-reused');
      await ageRecords(databaseUrl, 0.1 * HOUR_MS);
      expect((await set(key, OTHER_DIRECT_DEBIT)).status).toBe(200);
      expect(hits()).toBe(2);
    });
  });

  describe('after an outcome that nobody knows', () => {
    const faults: [string, Script][] = [
      ['a reset', hangUp],
      ['a 500', answerWith(500)],
      ['no answer in time', () => undefined],
    ];

    it.each(faults)('(%s) a welcome email is not sent again with its key', async (_, script) => {
      const key = newKey();
      gateway.octane.script = script;
      const first = await send(key);
      expect(first.json).toMatchObject({ outcome: 'unknown', retryable: false });
      gateway.octane.script = answerProperly;
      expectProblem(await send(key), 409, 'outcome-unknown', { outcome: 'unknown', retryable: false });
      expect(hits()).toBe(1);
      expect((await send(newKey())).status).toBe(204);
      expect(hits()).toBe(2);
    });

    it('the same direct debit is set again, another body is refused', async () => {
      const key = newKey();
      gateway.octane.script = answerWith(500);
      expect((await set(key)).json).toMatchObject({ outcome: 'unknown', retryable: true });
      gateway.octane.script = answerProperly;
      const before = hits();
      expectProblem(await set(key, OTHER_DIRECT_DEBIT), 422, 'idempotency-key-reused');
      expect(hits()).toBe(before);
      const again = await set(key);
      expect([again.status, again.headers['idempotency-replayed']]).toEqual([200, undefined]);
      expect(hits()).toBe(before + 1);
      expect((await set(key)).headers['idempotency-replayed']).toBe('true');
      expect(hits()).toBe(before + 1);
    });

    it('a direct debit is set again once, however many ask', async () => {
      const key = newKey();
      gateway.octane.script = answerWith(500);
      await set(key);
      const before = hits();
      gateway.octane.script = answerProperly;
      const answers = await Promise.all(Array.from({ length: 20 }, () => set(key)));
      expect(hits()).toBe(before + 1);
      expect(
        answers.filter(({ status, headers }) => status === 200 && !headers['idempotency-replayed']),
      ).toHaveLength(1);
    });
  });

  describe('a change that others may count as unknown by now', () => {
    const BUDGET_MS = 1000;
    let aheadMs: number;
    beforeEach(() => {
      aheadMs = 0;
      gateway.application.get(Clock, { strict: false }).now = () => Date.now() + aheadMs;
    });
    afterEach(() => {
      aheadMs = 0;
    });
    /** As if the process were stopped for that long once the next change is on record. */
    const stopAfterBegin = (ms: number): void => {
      const store = gateway.application.get(JournalStore, { strict: false });
      const begin = store.begin.bind(store);
      jest.spyOn(store, 'begin').mockImplementationOnce(async (intents) => {
        const holders = await begin(intents);
        aheadMs = ms;
        return holders;
      });
    };

    it.each([
      ['welcome email', send],
      ['direct debit', set],
    ])('is not sent (%s), and its key is free', async (_, ask) => {
      const key = newKey();
      // Its call could last until a moment after it counts as unknown.
      stopAfterBegin(5001);
      const known = { outcome: 'not-sent', retryable: true };
      expectProblem(await ask(key), 503, 'overloaded', known);
      expect(hits()).toBe(0);
      const again = await ask(key);
      expect([again.status < 300, again.headers['idempotency-replayed'], hits()]).toEqual([
        true,
        undefined,
        1,
      ]);
    });

    it('is sent while its whole call fits in', async () => {
      stopAfterBegin(4000);
      expect((await send(newKey())).status).toBe(204);
      expect(hits()).toBe(1);
    });

    it('is not tried again', async () => {
      const key = newKey();
      gateway.octane.script = (_hit, response) => {
        aheadMs = BUDGET_MS + 5000;
        response.writeHead(503).end();
      };
      expect((await set(key)).json).toMatchObject({ code: 'octane-unavailable', outcome: 'unknown' });
      expect(hits()).toBe(1);
    });
  });

  it('puts one record for each attempted change on record, and none for a refused one', async () => {
    const subject = newKey();
    const token = await gateway.issuer.token({ claims: { sub: subject } });
    const answers = [
      await gateway.setDirectDebit(VALID_DIRECT_DEBIT, { token }),
      await gateway.setDirectDebit({}, { token }),
    ];
    gateway.octane.script = answerWith(422);
    answers.push(await gateway.sendWelcomeEmail({ token }));
    const records = (await journalRecords(databaseUrl)).filter((record) => record.subject === subject);
    expect(records).toEqual([
      expect.objectContaining({
        operation: 'welcome-email',
        outcome: 'rejected',
        octaneStatus: 422,
        requestId: answers[2]?.headers['x-request-id'],
      }),
      expect.objectContaining({
        issuer: gateway.issuer.issuer,
        client: 'selfcare-app',
        groupno: '1001',
        custno: '700123',
        operation: 'direct-debit',
        outcome: 'applied',
        octaneStatus: 200,
        attempts: 1,
        requestId: answers[0]?.headers['x-request-id'],
      }),
    ]);
  });

  it.each(['before', 'after'])(
    'finishes and records a change whose app hangs up %s the answer of Octane',
    async (when) => {
      const key = newKey();
      const subject = newKey();
      const token = await gateway.issuer.token({ claims: { sub: subject } });
      let finish: (() => void) | undefined;
      gateway.octane.script = (hit, response, socket) => {
        finish = () => answerProperly(hit, response, socket);
      };
      const app = new AbortController();
      const call = fetch(`http://127.0.0.1:${gateway.port}/v1/customers/me/send-welcome-email`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'idempotency-key': key },
        signal: app.signal,
      });
      await eventually(() => finish);
      if (when === 'after') finish?.();
      app.abort();
      await call.catch(() => undefined);
      if (when === 'before') finish?.();
      await eventuallyRecorded(subject, 'applied');
      expect((await send(key, { token })).headers['idempotency-replayed']).toBe('true');
      expect(hits()).toBe(1);
    },
  );

  it('stores nothing readable: no email address, no token, no credential, no key', async () => {
    const key = newKey();
    const secret = 'canary.person@example.com';
    const token = await gateway.issuer.token({ claims: { sub: 'canary.subject@example.com' } });
    const sent = { ...VALID_DIRECT_DEBIT, ddNotificationEmail: secret };
    const answer = await set(key, sent, { token });
    expect(answer.json.directDebit.ddNotificationEmail).toBe(secret);
    expect((await set(key, sent, { token })).text).toBe(answer.text);
    const records = JSON.stringify(await journalRecords(databaseUrl));
    expect(records).toMatch(/"subject":"[0-9a-f]{16}"/);
    expect(records).not.toContain('canary');
  });

  async function eventuallyRecorded(subject: string, outcome: string): Promise<void> {
    await eventually(async () => {
      const records = await journalRecords(databaseUrl);
      return records.some((record) => record.subject === subject && record.outcome === outcome);
    });
  }
});
