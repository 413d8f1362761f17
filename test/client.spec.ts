import { createClient, isOctaneBffError } from '../clients/typescript/src/index.ts';
import type {
  AnyOctaneBffError,
  ClientOptions,
  SetDirectDebitBody,
} from '../clients/typescript/src/index.ts';
import { eventually } from './support/eventually.ts';
import { Relay } from './support/relay.ts';
import { SandboxGateway } from './support/sandbox-gateway.ts';

const MONTHLY: SetDirectDebitBody['directDebit'] = {
  directDebitType: 'SPECIAL_DIRECT_DEBIT',
  ddNotificationFlag: 'Y',
  ddNotificationEmail: 'alex@example.com',
  ddSpecialPaymentPeriod: 'mn',
  ddSpecialPaymentMethod: 'ST',
  ddSpecialPaymentAmount: 49.95,
  ddSpecialStartDate: '2027-01-01T00:00:00+10:00',
};

let gateway: SandboxGateway;
let relay: Relay;
let token: string;
beforeAll(async () => {
  gateway = await SandboxGateway.start({ WELCOME_EMAIL_RATE_LIMIT: '20' });
  relay = await Relay.before(gateway.url);
  token = await gateway.token();
});
afterAll(async () => {
  await relay.stop();
  await gateway.stop();
});
beforeEach(() => gateway.control('POST', '/reset'));

const client = (options: Partial<ClientOptions> = {}) =>
  createClient({ baseUrl: gateway.url, token: () => token, ...options });
const hits = async (): Promise<number> => (await gateway.control<unknown[]>('GET', '/requests')).length;
/** The log lines of a request, once there is one. */
const linesOf = (requestId: string): Promise<string[]> =>
  eventually(() => {
    const lines = gateway.log.filter((line) => line.includes(requestId));
    return lines.length > 0 && lines;
  });
const emails = async (): Promise<number> => (await gateway.control<unknown[]>('GET', '/emails')).length;

async function refusal(call: Promise<unknown>): Promise<AnyOctaneBffError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isOctaneBffError(error)) throw new Error('the call was not refused', { cause: error });
  return error;
}

describe('the TypeScript client, at the gateway and the sandbox', () => {
  it('sets a direct debit and gives it back as Octane has it', async () => {
    const { answer, requestId, replayed } = await client().setDirectDebit('me', { directDebit: MONTHLY });
    expect(answer.directDebit).toEqual({ ...MONTHLY, ddSpecialEndType: 'EN', ddSpecialCurrentCount: 0 });
    expect(replayed).toBe(false);
    expect(await linesOf(requestId)).toHaveLength(1);
  });

  it('sends a welcome email, and with the same key no second one', async () => {
    const first = await client().sendWelcomeEmail(700123, { idempotencyKey: 'with a "quote" and a \\' });
    const again = await client().sendWelcomeEmail('me', first);
    expect([first.replayed, again.replayed, await emails()]).toEqual([false, true, 1]);
  });

  it('makes a change of its own of each call without a key', async () => {
    const [one, other] = [await client().sendWelcomeEmail('me'), await client().sendWelcomeEmail('me')];
    expect(one.idempotencyKey).not.toBe(other.idempotencyKey);
    expect(await emails()).toBe(2);
  });

  it('says which fields break a rule', async () => {
    const error = await refusal(
      client().setDirectDebit('me', {
        directDebit: { ...MONTHLY, ddSpecialPaymentAmount: 49.999, ddSpecialDayOfWeek: 1 },
      }),
    );
    expect(error).toMatchObject({ code: 'validation-failed', status: 422, retryable: false });
    expect(error.errors?.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['#/directDebit/ddSpecialPaymentAmount', 'precision'],
      ['#/directDebit/ddSpecialDayOfWeek', 'not_applicable'],
    ]);
    expect(error.problem?.instance).toBe(error.requestId);
    expect(await hits()).toBe(0);
  });

  it('does not send the refused again', async () => {
    const error = await refusal(client().sendWelcomeEmail('700124'));
    expect(error).toMatchObject({ code: 'customer-not-permitted', status: 403, outcome: undefined });
    expect(await linesOf(error.requestId)).toHaveLength(1);
  });

  it('asks for a new token once, when the first is refused', async () => {
    const asked: boolean[] = [];
    const renewing = client({
      token: ({ refresh }) => {
        asked.push(refresh);
        return refresh ? token : `${token}x`;
      },
    });
    await renewing.sendWelcomeEmail('me');
    expect(asked).toEqual([false, true]);
    const error = await refusal(client({ token: () => `${token}x` }).sendWelcomeEmail('me'));
    expect(error).toMatchObject({ code: 'invalid-token', retryable: false });
  });

  it('sets a direct debit again when nobody knows what became of it', async () => {
    await gateway.control('PUT', '/fault', { kind: 'status', status: 500, once: true });
    expect(await client().setDirectDebit('me', { directDebit: MONTHLY })).toMatchObject({ replayed: false });
    expect(await hits()).toBe(2);
  });

  it('never sends an email again when nobody knows what became of it', async () => {
    await gateway.control('PUT', '/fault', { kind: 'reset', applied: true, once: true });
    const error = await refusal(client().sendWelcomeEmail('me'));
    expect(error).toMatchObject({ code: 'octane-error', outcome: 'unknown', retryable: false });
    const again = await refusal(client().sendWelcomeEmail('me', error));
    expect(again).toMatchObject({ code: 'outcome-unknown', outcome: 'unknown', retryable: false });
    expect([await hits(), await emails()]).toEqual([1, 1]);
  });

  it('gets the answer that was lost on the way, and sends no second email', async () => {
    relay.loseAnswerTo('send-welcome-email');
    const receipt = await client({ baseUrl: relay.urlOf(gateway.url) }).sendWelcomeEmail('me');
    expect([receipt.replayed, await emails()]).toEqual([true, 1]);
  });

  it('takes a payment once with the key of the app, though its answer was lost', async () => {
    const payment = {
      paymentTokenId: 'token-1',
      amount: 49.95,
      comment: 'Paid in the app',
      receiptEmail: 'alex@example.com',
    };
    relay.loseAnswerTo('payments');
    const behind = client({ baseUrl: relay.urlOf(gateway.url) });
    const receipt = await behind.payment('me', payment, { idempotencyKey: 'a payment' });
    expect(receipt).toMatchObject({ replayed: true, idempotencyKey: 'a payment' });
    expect(await gateway.control<unknown[]>('GET', '/payments')).toHaveLength(1);
    const untyped = behind as unknown as { payment(custno: string, body: object): Promise<unknown> };
    await expect(untyped.payment('me', payment)).rejects.toThrow(RangeError);
    expect(await gateway.control<unknown[]>('GET', '/payments')).toHaveLength(1);
  });

  it('reads, again where Octane failed, and has neither key nor outcome', async () => {
    await gateway.control('PUT', '/fault', {
      kind: 'status',
      status: 500,
      operation: 'data-pool',
      once: true,
    });
    const receipt = await client().dataPool('me', 1);
    expect(receipt.answer.provider).toMatchObject({ dataPoolStatus: 'OPTED-IN' });
    expect(receipt).not.toHaveProperty('idempotencyKey', expect.anything());
    const error = await refusal(client().dataPool('me', 9));
    expect(error).toMatchObject({ code: 'octane-rejected', outcome: undefined, retryable: false });
    expect(error.idempotencyKey).toBeUndefined();
  });

  it('waits for its own request that is still under way', async () => {
    await gateway.control('PUT', '/fault', { kind: 'delay', ms: 1000, once: true });
    const receipt = await client({ tryTimeoutMs: 300, maxTries: 10 }).sendWelcomeEmail('me');
    expect([receipt.replayed, await emails()]).toEqual([true, 1]);
  });

  it('does not wait longer than the call may take', async () => {
    await gateway.control('PUT', '/fault', { kind: 'status', status: 429, retryAfter: 60 });
    const error = await refusal(client().sendWelcomeEmail('me'));
    expect(error).toMatchObject({ code: 'octane-unavailable', outcome: 'rejected', retryable: true });
    expect(error.retryAfterSeconds).toBe(60);
    expect(await hits()).toBe(1);
  });

  // The last ones: what the client gave up may reach Octane during the next test.
  it('ends in time, in doubt about what was sent', async () => {
    await gateway.control('PUT', '/fault', { kind: 'delay', ms: 1000 });
    const error = await refusal(client().sendWelcomeEmail('me', { timeoutMs: 200 }));
    expect(error).toMatchObject({ code: 'timeout', outcome: 'unknown', retryable: true });
  });

  it('ends when the app says so', async () => {
    await gateway.control('PUT', '/fault', { kind: 'delay', ms: 1000 });
    const controller = new AbortController();
    const call = client().sendWelcomeEmail('me', { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    expect(await refusal(call)).toMatchObject({ code: 'aborted', outcome: 'unknown' });
    const error = await refusal(client().sendWelcomeEmail('me', { signal: controller.signal }));
    expect(error).toMatchObject({ code: 'aborted', outcome: 'not-sent' });
  });
});
