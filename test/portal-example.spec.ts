import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPortal, sendWelcomeEmails } from '../examples/portal/portal.ts';
import type { PortalOptions } from '../examples/portal/portal.ts';
import { logIn } from '../sandbox/log-in.ts';
import { SandboxGateway } from './support/sandbox-gateway.ts';

let gateway: SandboxGateway;
let options: PortalOptions;
let portal: Server;
let userToken: string;
beforeAll(async () => {
  gateway = await SandboxGateway.start();
  const { issuer } = gateway.sandbox.identityProvider;
  options = {
    gatewayUrl: gateway.url,
    tokenUrl: `${issuer}/token`,
    clientId: 'portal-backend',
    clientSecret: 'sandbox-only-portal-backend',
  };
  portal = createPortal(options).listen(0, '127.0.0.1');
  await once(portal, 'listening');
  userToken = (await logIn({ issuer, user: 'alex' })).accessToken;
});
afterAll(async () => {
  portal.closeAllConnections();
  await new Promise((closed) => portal.close(closed));
  await gateway.stop();
});
beforeEach(() => gateway.control('POST', '/reset'));

const OFF = { directDebit: { directDebitType: 'OFF', ddNotificationFlag: 'N' } };
const hits = async (): Promise<{ path: string }[]> => gateway.control('GET', '/requests');

async function press(
  body: string,
  { token = userToken, key }: { token?: string; key?: string } = {},
): Promise<{ status: number; json: any }> {
  const { port } = portal.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/api/direct-debit`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    body,
  });
  return { status: response.status, json: await response.json() };
}

it('sets the direct debit of the user who is logged in, once for a key, and the log names who acts', async () => {
  for (let times = 0; times < 2; times += 1) {
    const { status, json } = await press(JSON.stringify(OFF), { key: 'button-1' });
    expect([status, json.directDebit]).toEqual([200, OFF.directDebit]);
  }
  const received = await hits();
  expect(received).toHaveLength(1);
  expect(received[0]!.path).toContain('/group/1001/customer/700123/direct-debit');
  expect(gateway.log.some((line) => line.includes('"actor":"portal-backend"'))).toBe(true);
});

it('hands on what the gateway refused, and never its words for developers', async () => {
  const { status, json } = await press(JSON.stringify({ directDebit: { directDebitType: 'NEVER' } }));
  expect(status).toBe(422);
  expect(json).toMatchObject({ code: 'validation-failed', requestId: expect.any(String) });
  expect(json).not.toHaveProperty('detail');
  expect(await hits()).toEqual([]);
});

it('sends to the login whose token is none, and refuses what is no JSON', async () => {
  expect(await press(JSON.stringify(OFF), { token: 'expired' })).toEqual({
    status: 401,
    json: { message: 'Please log in again.' },
  });
  expect((await press('{')).status).toBe(400);
});

it('has a job that sends welcome emails for all customers of a group', async () => {
  const client = { clientId: 'billing-service', clientSecret: 'sandbox-only-billing-service' };
  const failed = await sendWelcomeEmails(['800201', '800202', '999999'], { ...options, ...client });
  expect(failed).toEqual([expect.stringMatching(/^999999: octane-access-denied, rejected, request /)]);
  expect(await sendWelcomeEmails(['800201'], { ...options, ...client })).toEqual([]);
  expect(await hits()).toHaveLength(3);
});
