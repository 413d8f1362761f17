import { OCTANE_SAMPLES } from '../test/support/octane-samples.ts';
import { startOctane, type Octane } from './octane.ts';
import { operationNames } from './operations.ts';
import type { ReceivedRequest, StoredDirectDebit, WelcomeEmail } from './octane-records.ts';

const directDebit = { directDebitType: 'STANDARD_DIRECT_DEBIT', ddNotificationFlag: 'N' };
const special = { directDebitType: 'SPECIAL_DIRECT_DEBIT', ddNotificationFlag: 'N' };

let octane: Octane;
beforeEach(async () => {
  octane = await startOctane({ port: 0, controlPort: 0 });
});
afterEach(() => octane.close());

interface Call {
  path?: string;
  method?: string;
  user?: string;
  contentType?: string;
  body?: unknown;
}

function call({
  path = '/v1/group/1001/customer/700123/direct-debit',
  method = 'POST',
  user = 'sandbox-1001:sandbox-only-1001',
  contentType = 'application/json',
  body = { directDebit },
}: Call = {}): Promise<Response> {
  return fetch(`${octane.url}${path}`, {
    method,
    headers: { Authorization: `Basic ${btoa(user)}`, 'Content-Type': contentType },
    body: method === 'GET' ? null : typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function sendWelcomeEmail(more: Call = {}): Promise<Response> {
  return call({ path: '/v1/group/1001/customer/700123/send-welcome-email', body: {}, ...more });
}

/** The sample of an operation, with these members of its body in place of its own. */
function callOf(name: string, more: object = {}): Promise<Response> {
  const { method, path, body } = OCTANE_SAMPLES[name]!;
  return call({ method, path, body: { ...(body as object | undefined), ...more } });
}

async function control<T>(path: string): Promise<T> {
  return (await (await fetch(`${octane.controlUrl}${path}`)).json()) as T;
}

describe('direct debit', () => {
  it('answers with what it stored', async () => {
    const response = await call();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ directDebit });
    expect(await control<StoredDirectDebit[]>('/direct-debits')).toEqual([
      { at: expect.any(String), groupno: '1001', custno: '700123', directDebit },
    ]);
  });

  it('replaces what it stored before', async () => {
    await call();
    await call({ body: { directDebit: { directDebitType: 'OFF', ddNotificationFlag: 'Y' } } });
    expect(await control('/direct-debits')).toMatchObject([{ directDebit: { directDebitType: 'OFF' } }]);
  });

  it('takes the whole documented example', async () => {
    const example = {
      ...directDebit,
      ddNotificationEmail: 'string',
      ddPaymentDay: 'string',
      ddSpecialPaymentPeriod: 'wk',
      ddSpecialPaymentMethod: 'ST',
      ddSpecialPaymentAmount: 0,
      ddSpecialDayOfWeek: 1,
      ddSpecialStartDate: '2019-08-24T14:15:22Z',
      ddSpecialEndDate: '2019-08-24T14:15:22Z',
      ddSpecialRequiredCount: 0,
    };
    expect(await (await call({ body: { directDebit: example } })).json()).toEqual({ directDebit: example });
  });

  it.each([
    ['EA with a count', { ddSpecialRequiredCount: 12 }, 'EA'],
    [
      'EA with a count beside an end date',
      { ddSpecialRequiredCount: 0, ddSpecialEndDate: '2027-01-01T00:00:00Z' },
      'EA',
    ],
    ['ED with an end date', { ddSpecialEndDate: '2027-01-01T00:00:00Z' }, 'ED'],
    ['EN with neither', {}, 'EN'],
  ])('computes the read-only fields: %s', async (_case, end, ddSpecialEndType) => {
    const response = await call({ body: { directDebit: { ...special, ...end } } });
    expect(await response.json()).toEqual({
      directDebit: { ...special, ...end, ddSpecialEndType, ddSpecialCurrentCount: 0 },
    });
  });

  it('keeps neither read-only nor unknown properties that were sent', async () => {
    const sent = { ...directDebit, ddSpecialEndType: 'ED', ddSpecialCurrentCount: 7, other: 1 };
    expect(await (await call({ body: { directDebit: sent } })).json()).toEqual({ directDebit });
  });

  it.each<[string, unknown, string]>([
    ['no JSON', '{', 'the body must be a JSON object'],
    ['no object', [], 'the body must be a JSON object'],
    ['no directDebit', {}, 'directDebit must be an object'],
    ['no type', { directDebit: { ddNotificationFlag: 'N' } }, 'directDebit.directDebitType is required'],
    [
      'another period',
      { directDebit: { ...special, ddSpecialPaymentPeriod: 'yr' } },
      'directDebit.ddSpecialPaymentPeriod must be one of wk, fn, mn',
    ],
    [
      'an amount in quotes',
      { directDebit: { ...special, ddSpecialPaymentAmount: '1' } },
      'directDebit.ddSpecialPaymentAmount must be a number',
    ],
    [
      'a day that is null',
      { directDebit: { ...directDebit, ddPaymentDay: null } },
      'directDebit.ddPaymentDay must be a string',
    ],
    [
      '31 February',
      { directDebit: { ...special, ddSpecialStartDate: '2027-02-31T00:00:00Z' } },
      'directDebit.ddSpecialStartDate must be an RFC 3339 date-time',
    ],
    [
      'no offset',
      { directDebit: { ...special, ddSpecialStartDate: '2027-02-01T00:00:00' } },
      'directDebit.ddSpecialStartDate must be an RFC 3339 date-time',
    ],
  ])('answers 400 to %s, and stores nothing', async (_case, body, error) => {
    const response = await call({ body });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ errors: [error] });
    expect(await control('/direct-debits')).toEqual([]);
  });
});

describe('welcome email', () => {
  it('answers 204 and puts it into the outbox', async () => {
    const response = await sendWelcomeEmail();
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
    expect(await control<WelcomeEmail[]>('/emails')).toEqual([
      { at: expect.any(String), groupno: '1001', custno: '700123', to: 'alex@example.com' },
    ]);
  });

  it('answers 400 without a JSON object, and sends nothing', async () => {
    expect((await sendWelcomeEmail({ body: '' })).status).toBe(400);
    expect(await control('/emails')).toEqual([]);
  });
});

describe('payments', () => {
  const pay = (more: object = {}) => callOf('payment', more);

  it('takes a payment', async () => {
    expect(await (await pay()).json()).toMatchObject({ success: true });
    expect(await control('/payments')).toMatchObject([
      { groupno: '1001', custno: '700123', amount: 49.95, receiptEmail: 'alex@example.com' },
    ]);
  });

  it('says no with a 200 where the token is declined, and takes nothing', async () => {
    const response = await pay({ paymentTokenId: 'declined-1' });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ success: false, errorCode: 1 });
    expect(await control('/payments')).toEqual([]);
  });

  it.each([
    [{ amount: '1' }, 'amount must be a number'],
    [{ transactionType: 'R' }, 'transactionType must be one of P'],
    [{ allowDuplicates: 'false' }, 'allowDuplicates must be true or false'],
    [{ receiptEmail: undefined }, 'receiptEmail is required'],
  ])('answers 400 to %j', async (more, error) => {
    const response = await pay(more);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ errors: [error] });
  });

  it('has no payment without the slash at its end', async () => {
    const { path, body } = OCTANE_SAMPLES['payment']!;
    expect((await call({ path: path.slice(0, -1), body })).status).toBe(404);
  });

  it('lists the payment methods that were added', async () => {
    await callOf('payment-method');
    expect(await (await callOf('payment-method', { paymentProvider: 'XX' })).json()).toMatchObject({
      success: false,
    });
    expect(await (await callOf('payment-methods')).json()).toEqual([
      { paymentProvider: 'QS', paymentTokenId: 'token-1' },
    ]);
  });
});

describe('customers', () => {
  it('changes what is named, and leaves the rest', async () => {
    const before = (await (await callOf('customer')).json()) as { address: object };
    expect((await callOf('customer-update', { contactMedium: [] })).status).toBe(204);
    expect(await (await callOf('customer')).json()).toEqual({
      ...before,
      address: { ...before.address, suburb: 'Hobart' },
      contactMedium: [],
    });
    await fetch(`${octane.controlUrl}/reset`, { method: 'POST' });
    expect(await (await callOf('customer')).json()).toEqual(before);
  });

  it('answers 400 with all that is wrong', async () => {
    const response = await callOf('customer-update', {
      customerStatus: 'GONE',
      address: 1,
      contactMedium: [{ contactType: 1 }],
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      errors: [
        'customerStatus must be one of ACT, SUS, TER, DIS',
        'address must be an object',
        'contactMedium[0].contactType must be a string',
      ],
    });
  });

  it('lists those of the group that fit', async () => {
    await callOf('customer-update', { customerStatus: 'SUS' });
    const listed = (await (await callOf('customers')).json()) as { custno: number }[];
    expect(listed.map(({ custno }) => custno)).toEqual([700124, 700125, 700126]);
  });
});

describe('data pools', () => {
  interface Pool {
    provider: { memberId: number; dataPoolStatus: string };
  }
  const pool = async () => ((await (await callOf('data-pool')).json()) as Pool).provider;

  it('tells of a pool and its usage', async () => {
    expect(await pool()).toEqual({
      memberId: 7001231,
      dataPoolStatus: 'OPTED-IN',
      dataMaxCap: '100 GB',
      dataUsage: '12.5 GB',
    });
  });

  it('says no for a service that the customer has not', async () => {
    const response = await call({ method: 'GET', path: '/v1/datapool?custno=700123&lineseqno=9' });
    expect(await response.json()).toEqual({ success: 'false' });
  });

  it('limits the data of a service, and says which it could not', async () => {
    const response = await callOf('data-limit', {
      consumerServices: [
        { custNo: 700123, lineSeqNo: 1, dataLimit: 1 },
        { custNo: '700123', lineSeqNo: 9, dataLimit: 1 },
      ],
    });
    expect(await response.json()).toEqual({
      errorCode: 0,
      orderDetails: [{ success: true, orderId: expect.any(Number) }, { success: false }],
    });
    const [service] = await control<object[]>('/services');
    expect(service).toMatchObject({ custno: '700123', lineseqno: 1, dataLimit: 1 });
  });

  it("moves a service to another pool, and nobody else's service", async () => {
    const response = await callOf('data-pool-transfer', { serviceNumbers: ['0491570156', '0491570158'] });
    expect(await response.json()).toEqual({
      orderDetails: [{ success: true, orderId: expect.any(Number) }, { success: false }],
    });
    expect(await pool()).toMatchObject({ memberId: 7001232 });
  });

  it('disconnects a pool', async () => {
    expect(await (await callOf('data-pool-disconnect')).json()).toMatchObject({ success: true });
    expect(await pool()).toMatchObject({ dataPoolStatus: 'OPTED-OUT PENDING' });
  });

  it.each(['data-limit', 'data-pool-transfer', 'data-pool-disconnect'])(
    'answers 403 to %s for a customer of another group',
    async (name) => {
      const { path, body } = OCTANE_SAMPLES[name]!;
      const foreign = JSON.stringify(body).replace('700123', '800201');
      const response = await call({ path, body: foreign });
      expect([response.status, await response.text()]).toEqual([403, 'Invalid access']);
    },
  );
});

describe('mobile and fixed services', () => {
  it('tells of an eSIM profile, and of none for a number that nobody has', async () => {
    expect(await (await callOf('esim-details')).json()).toEqual({ profileState: 'RELEASED' });
    expect(await (await callOf('esim-details', { msn: '0491570000' })).json()).toEqual({
      error: 'not found',
    });
    expect((await callOf('esim-details', { msn: undefined })).status).toBe(400);
  });

  it('qualifies a place, and says no to what is none', async () => {
    expect(await (await callOf('service-qualification')).json()).toMatchObject({
      errorCode: 0,
      success: true,
      response: { location: { id: 'LOC000000000001' }, product: { productResult: 'PASS' } },
    });
    const response = await callOf('service-qualification', { locationId: 'here' });
    expect([response.status, await response.json()]).toMatchObject([200, { success: false }]);
  });
});

it('knows each operation that a sample is for, and no other', () => {
  expect(Object.keys(OCTANE_SAMPLES)).toEqual(expect.arrayContaining([...operationNames]));
  expect(operationNames).toHaveLength(Object.keys(OCTANE_SAMPLES).length);
});

describe.each([
  ['direct debit', 'direct-debit', '/direct-debits'],
  ['welcome email', 'send-welcome-email', '/emails'],
])('access to %s', (_name, resource, kept) => {
  const at = (groupno: string, custno: string) => `/v1/group/${groupno}/customer/${custno}/${resource}`;

  it.each([
    ['a wrong password', 'sandbox-1001:sandbox-only-2002'],
    ['an unknown user', 'nobody:sandbox-only-1001'],
    ['empty credentials', ':'],
  ])('answers 401 to %s', async (_case, user) => {
    const response = await call({ path: at('1001', '700123'), user });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="Octane"');
    expect(await control(kept)).toEqual([]);
  });

  it.each([
    ['another group', '2002', '800201'],
    ['its own customer in another group', '2002', '700123'],
    ['a customer of another group', '1001', '800201'],
    ['an unknown customer', '1001', '1'],
  ])('answers 403 Invalid access to %s', async (_case, groupno, custno) => {
    const response = await call({ path: at(groupno, custno) });
    expect(response.status).toBe(403);
    expect(await response.text()).toBe('Invalid access');
    expect(await control(kept)).toEqual([]);
  });
});

describe('as a server', () => {
  it.each([
    ['404 elsewhere', { path: '/v1/group/1001/customer/700123/nothing' }, 404],
    ['404 with a slash too many', { path: '/v1/group/1001/customer/700123/direct-debit/' }, 404],
    ['415 to another media type', { contentType: 'text/plain' }, 415],
    ['413 to more than 1 MiB', { body: ' '.repeat(1024 * 1024 + 1) }, 413],
  ])('answers %s', async (_case, request: Call, status) => {
    expect((await call(request)).status).toBe(status);
  });

  it('answers 405 to another method', async () => {
    const response = await call({ method: 'GET' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });
});

describe('control', () => {
  it('shows what was received, with the credentials masked', async () => {
    await call();
    await sendWelcomeEmail({ user: 'nobody:nothing' });
    const requests = await control<ReceivedRequest[]>('/requests');
    expect(requests).toMatchObject([
      {
        method: 'POST',
        path: '/tiab/api/v1/group/1001/customer/700123/direct-debit',
        headers: { authorization: 'Basic (masked)', 'content-type': 'application/json' },
        body: { directDebit },
        status: 200,
        fault: null,
      },
      { path: '/tiab/api/v1/group/1001/customer/700123/send-welcome-email', body: {}, status: 401 },
    ]);
    expect(requests.map(({ at }) => new Date(at).toISOString())).toEqual(requests.map(({ at }) => at));
    expect(JSON.stringify(requests)).not.toContain(btoa('sandbox-1001:sandbox-only-1001'));
  });

  it('keeps the latest 1,000', async () => {
    for (let hundred = 0; hundred < 10; hundred++) {
      await Promise.all(Array.from({ length: 100 }, () => call({ method: 'GET' })));
    }
    await call();
    const requests = await control<ReceivedRequest[]>('/requests');
    expect(requests).toHaveLength(1000);
    expect(requests.at(-1)).toMatchObject({ status: 200 });
  });

  it('forgets the requests alone', async () => {
    await call();
    await fetch(`${octane.controlUrl}/requests`, { method: 'DELETE' });
    expect(await control('/requests')).toEqual([]);
    expect(await control('/direct-debits')).toHaveLength(1);
  });

  it('resets everything', async () => {
    await call();
    await sendWelcomeEmail();
    await fetch(`${octane.controlUrl}/fault`, { method: 'PUT', body: '{"kind":"reset"}' });
    expect((await fetch(`${octane.controlUrl}/reset`, { method: 'POST' })).status).toBe(204);
    expect(await control('/requests')).toEqual([]);
    expect(await control('/direct-debits')).toEqual([]);
    expect(await control('/emails')).toEqual([]);
    expect(new Set(Object.values(await control<object>('/fault')))).toEqual(new Set([null]));
  });

  it('explains itself, names every route and answers 404 and 405 elsewhere', async () => {
    const { routes } = await control<{ routes: Record<string, string> }>('/');
    const statuses = await Promise.all(
      Object.keys(routes).map(async (route) => {
        const [method = '', path = ''] = route.split(' ');
        return (await fetch(`${octane.controlUrl}${path}`, { method })).status;
      }),
    );
    expect(statuses).not.toContain(404);
    expect(statuses).not.toContain(405);
    expect((await fetch(`${octane.controlUrl}/nothing`)).status).toBe(404);
    const wrongMethod = await fetch(`${octane.controlUrl}/fault`, { method: 'POST' });
    expect(wrongMethod.status).toBe(405);
    expect(wrongMethod.headers.get('allow')).toBe('GET, PUT, DELETE');
  });
});

it('frees the first port when it cannot have the second', async () => {
  const taken = Number(new URL(octane.controlUrl).port);
  const free = await startOctane({ port: 0, controlPort: 0 });
  const port = Number(new URL(free.url).port);
  await free.close();
  await expect(startOctane({ port, controlPort: taken })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    port: taken,
  });
  const again = await startOctane({ port, controlPort: 0 });
  await again.close();
});
