import type { BalancedRequest } from '../support/balancer.ts';
import { CLIENT, UNKNOWN_CLIENT } from './deployment.ts';
import type { TokenIssuer } from '../support/token-issuer.ts';

/** A request that must not get as far as the journal. */
export interface Intruder {
  readonly name: string;
  /** The status and, for a problem, the code that it gets; undefined: it hangs up before there is an answer. */
  readonly answer: readonly [number, string?] | undefined;
  readonly request: () => BalancedRequest;
}

const DIRECT_DEBIT = '/v1/customers/700001/direct-debit';
const EMAIL = '/v1/customers/700001/send-welcome-email';
const BODY = JSON.stringify({
  directDebit: { directDebitType: 'STANDARD_DIRECT_DEBIT', ddNotificationFlag: 'N' },
});
const HANG_UP_AFTER_MS = 100;

/** Bad tokens, invalid bodies, and those who only look. */
export async function intruders(issuer: TokenIssuer): Promise<Intruder[]> {
  const now = Math.floor(Date.now() / 1000);
  const tokenOf = (claims: Record<string, unknown>): Promise<string> =>
    issuer.token({ claims: { client_id: CLIENT, exp: now + 86_400, ...claims } });
  const [good, expired, scopeless, unknown] = await Promise.all([
    tokenOf({}),
    tokenOf({ exp: now - 3600 }),
    tokenOf({ scope: 'openid' }),
    tokenOf({ client_id: UNKNOWN_CLIENT }),
  ]);
  const forged = `${good.slice(0, good.lastIndexOf('.'))}.${expired.split('.')[2]}`;
  const post =
    (token: string | undefined, body: string, headers: Record<string, string> = {}, path = DIRECT_DEBIT) =>
    (): BalancedRequest => ({
      path,
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body,
    });
  const get = (path: string) => (): BalancedRequest => ({ method: 'GET', path, headers: {} });

  return [
    { name: 'no token', answer: [401, 'authentication-required'], request: post(undefined, BODY) },
    { name: 'expired token', answer: [401, 'invalid-token'], request: post(expired, BODY) },
    { name: 'forged token', answer: [401, 'invalid-token'], request: post(forged, BODY) },
    { name: 'rubbish for a token', answer: [401, 'invalid-token'], request: post('rubbish', BODY) },
    { name: 'unknown client', answer: [403, 'caller-not-mapped'], request: post(unknown, BODY) },
    { name: 'missing scope', answer: [403, 'insufficient-scope'], request: post(scopeless, BODY) },
    { name: 'invalid body', answer: [422, 'validation-failed'], request: post(good, '{"directDebit":{}}') },
    { name: 'cut-off JSON', answer: [400, 'malformed-json'], request: post(good, BODY.slice(0, 20)) },
    { name: 'large body', answer: [413, 'payload-too-large'], request: post(good, ' '.repeat(20_000)) },
    {
      name: 'text',
      answer: [415, 'unsupported-media-type'],
      request: post(good, BODY, { 'content-type': 'text/plain' }),
    },
    {
      name: 'bad key',
      answer: [400, 'invalid-request'],
      request: post(good, '{}', { 'idempotency-key': 'two words' }, EMAIL),
    },
    { name: 'wrong path', answer: [404, 'not-found'], request: post(good, BODY, {}, '/v1/nothing') },
    { name: 'wrong method', answer: [405, 'method-not-allowed'], request: get(DIRECT_DEBIT) },
    { name: 'reader of /openapi.json', answer: [200], request: get('/openapi.json') },
    { name: 'reader of /problems', answer: [200], request: get('/problems') },
    {
      name: 'hang-up in the body',
      answer: undefined,
      request: () => ({
        ...post(good, BODY.slice(0, 20), { 'content-length': String(BODY.length) })(),
        hangUp: AbortSignal.timeout(HANG_UP_AFTER_MS),
      }),
    },
  ];
}
