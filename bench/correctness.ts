import { deepStrictEqual, equal, ok } from 'node:assert/strict';
import type { Contender } from './contenders.ts';
import type { Received } from './fake-octane.ts';
import type { LoadCore } from './load-core.ts';
import type { MeasuredProgram } from './measured-program.ts';
import { BASIC, DIRECT_DEBIT, GROUPNO, issueToken, OCTANE_PATH, withBadSignature } from './scenario.ts';
import type { IssuerKey } from './scenario.ts';

const PATH = new RegExp(
  `^POST ${OCTANE_PATH}/v1/group/${GROUPNO}/customer/[1-9][0-9]{0,9}/direct-debit HTTP/1.1$`,
);

/**
 * Whether one does what its figures will be read as: it asks Octane for the right thing with the right credentials, hands on
 * its answer, and refuses what it claims to check.
 *
 * @throws AssertionError
 */
export async function assertDoesItsJob(
  { name, checks }: Contender,
  { url }: MeasuredProgram,
  load: LoadCore,
  key: IssuerKey,
): Promise<void> {
  const token = await issueToken(key);
  const ask = async (body: object, bearer?: string): Promise<{ status: number; body: string }> => {
    const response = await fetch(`${url}/v1/customers/700123/direct-debit`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.text() };
  };
  const assertRefused = async (
    what: string,
    statuses: number[],
    body: object,
    bearer?: string,
  ): Promise<void> => {
    const { status } = await ask(body, bearer);
    ok(statuses.includes(status), `${name} answered ${status} to ${what}`);
    equal((await load.hits()).count, 0, `${name} told Octane of ${what}`);
  };

  await load.hits();
  const good = await ask({ directDebit: DIRECT_DEBIT }, token);
  equal(good.status, 200, `${name} answered ${good.status}: ${good.body}`);
  deepStrictEqual(JSON.parse(good.body), { directDebit: DIRECT_DEBIT });
  const { count, samples } = await load.hits();
  equal(count, 1);
  assertReceived(samples);

  if (checks === 'nothing') return;
  const body = { directDebit: DIRECT_DEBIT };
  const other = async (claims: Record<string, unknown>): Promise<string> => issueToken(key, claims);
  await assertRefused('no token', [401], body);
  await assertRefused('a bad signature', [401], body, withBadSignature(token));
  await assertRefused(
    'an expired token',
    [401],
    body,
    await other({ exp: Math.floor(Date.now() / 1000) - 3600 }),
  );
  await assertRefused('another issuer', [401], body, await other({ iss: 'https://other.example.com/' }));
  await assertRefused('another audience', [401], body, await other({ aud: 'other' }));
  await assertRefused('an unknown client', [403], body, await other({ client_id: 'other' }));
  await assertRefused('a missing scope', [403], body, await other({ scope: 'openid' }));

  if (checks === 'tokens') return;
  for (const fault of [
    { directDebitType: 'SOMETIMES' },
    { ddSpecialDayOfWeek: 8 },
    { ddSpecialStartDate: 'soon' },
  ]) {
    const bad = { directDebit: { ...DIRECT_DEBIT, ...fault } };
    await assertRefused(JSON.stringify(fault), [400, 422], bad, token);
  }
}

/** @throws AssertionError unless each request was the one that Octane's document wants */
export function assertReceived(samples: readonly Received[]): void {
  ok(samples.length > 0);
  for (const { head, body } of samples) {
    const [line = '', ...fields] = head.split('\r\n');
    const headers = new Headers(fields.map((field) => field.split(/: */, 2) as [string, string]));
    ok(PATH.test(line), `Octane received ${line}`);
    equal(headers.get('authorization'), BASIC);
    equal(headers.get('content-type'), 'application/json');
    deepStrictEqual(JSON.parse(body), { directDebit: DIRECT_DEBIT });
  }
}
