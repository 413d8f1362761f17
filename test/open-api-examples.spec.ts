import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { startOctane } from '../sandbox/octane.ts';
import type { Octane } from '../sandbox/octane.ts';
import { groupCredentials } from '../sandbox/seed.ts';
import { JournalStore } from '../src/journal/store/journal-store.ts';
import { OctaneClient } from '../src/octane/octane-client.ts';
import { OPERATIONS } from '../src/app.module.ts';
import { describe as describeOperation } from '../src/open-api/operations.ts';
import { loadSettings } from '../src/config/settings.ts';
import { pathOf } from '../src/operations/operation.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer, Call } from './support/gateway.ts';
import type { Script } from './support/scripted-octane.ts';

const operations = OPERATIONS.map(({ operation }) => operation);
const settings = loadSettings({ OCTANE_BASE_URL: 'http://127.0.0.1:9/' });

let octane: Octane;
let gateway: TestGateway;
/** The same in front of the sandbox's Octane, which answers as the documents say. */
let sandboxed: TestGateway;
/** One that gives Octane little time, finds none at another address, and lets little through. */
let hasty: TestGateway;
let limited: TestGateway;
let document: any;

beforeAll(async () => {
  octane = await startOctane({ port: 0, controlPort: 0 });
  gateway = await TestGateway.start({
    gatewayFile: (file) => {
      const [first] = file['callers'];
      file['callers'].push({ ...first, clientId: 'linked', directory: 'links' });
      file['blocked'] = { subjects: [{ issuer: file['issuers'][0].issuer, subject: 'blocked' }] };
    },
  });
  const beside = gateway;
  const OCTANE_BASE_URL = octane.url;
  sandboxed = await TestGateway.start({ beside, environment: { OCTANE_BASE_URL, ...groupCredentials() } });
  hasty = await TestGateway.start({ beside, environment: { OCTANE_TIMEOUT_MS: '500' } });
  limited = await TestGateway.start({
    beside,
    environment: {
      OCTANE_BASE_URL: 'http://127.0.0.1:9/',
      OCTANE_TIMEOUT_MS: '500',
      OCTANE_RATE_LIMIT: '1',
      CALLER_RATE_LIMIT: '2',
    },
  });
  document = (await gateway.call({ method: 'GET', path: '/openapi.json' })).json;
});
afterAll(async () => {
  await Promise.all([sandboxed.stop(), hasty.stop(), limited.stop()]);
  await gateway.stop();
  await octane.close();
});
beforeEach(() => gateway.octane.reset());

const operationOf = (operationId: string): any =>
  Object.values<any>(document.paths)
    .flatMap((methods) => Object.values<any>(methods))
    .find((operation) => operation.operationId === operationId);

function expectFits(body: unknown, schema: object): void {
  const ajv = new Ajv2020({ strict: false, discriminator: false });
  addFormats.default(ajv);
  ajv.addFormat('idn-email', true);
  const fits = ajv.compile({ ...schema, components: document.components });
  expect({ body, fits: fits(body), errors: fits.errors }).toEqual({ body, fits: true, errors: null });
}

describe.each(operations)('$id', (operation) => {
  const operationId = operation.id;
  const body = operation.body!;
  const path = pathOf(operation.route).replace('{custno}', '700123');
  const [firstExample] = Object.values(body.examples);
  const send = async (call: Partial<Call> = {}, through = gateway): Promise<Answer> =>
    through.call({
      path,
      token: call.token ?? (await gateway.issuer.token()),
      body: firstExample!.value,
      ...call,
    });
  const sendAs = async (claims: Record<string, unknown>, through = gateway): Promise<Answer> =>
    send({ token: await gateway.issuer.token({ claims }) }, through);
  const anonymous = (token?: string): Promise<Answer> =>
    gateway.call({ path, ...(token !== undefined && { token }), body: firstExample!.value });
  const octaneAnswers = (script: Script, through = gateway): Promise<Answer> => {
    gateway.octane.script = script;
    return send({}, through);
  };
  const octaneSays = (status: number, through = gateway): Promise<Answer> =>
    octaneAnswers((_hit, response) => response.writeHead(status).end('{}'), through);
  /** One with a group of its own for each operation. */
  const limitedCaller = operationId === 'setDirectDebit' ? {} : { client_id: 'other-group' };
  let keys = 0;
  const newKey = (): Record<string, string> => ({ 'idempotency-key': `${operationId}-${(keys += 1)}` });

  it.each(Object.keys(body.examples))('answers the example %s as documented', async (name) => {
    const { requestBody, responses } = operationOf(operationId);
    const example = requestBody.content['application/json'].examples[name];
    const answer = await send({ body: example.value }, sandboxed);
    const success = Object.keys(responses).find((status) => status.startsWith('2'));
    const documented = responses[success!].content?.['application/json'];
    expect({ status: answer.status, body: answer.json }).toEqual({
      status: Number(success),
      body: documented?.examples[name].value,
    });
    if (documented) expectFits(answer.json, documented.schema);
    expectHeaders(answer, responses[success!]);
  });

  const PROBLEMS: Readonly<Record<string, () => Promise<Answer>>> = {
    'malformed-json': () => send({ body: '{' }),
    'invalid-request': () => send({ path: path.replace('700123', '0700123') }),
    'authentication-required': () => anonymous(),
    'invalid-token': () => anonymous('x'),
    'invalid-dpop-proof': async () => {
      const token = await gateway.issuer.token({ claims: { cnf: { jkt: 'x' } } });
      return send({ headers: { authorization: `DPoP ${token}` } });
    },
    'caller-not-mapped': () => sendAs({ client_id: 'nobody' }),
    'access-blocked': () => sendAs({ sub: 'blocked' }),
    'insufficient-scope': () => sendAs({ scope: 'openid' }),
    'customer-not-permitted': () => send({ path: path.replace('700123', '700124') }),
    'unsupported-media-type': () => send({ headers: { 'content-type': 'text/plain' } }),
    'payload-too-large': () => send({ body: JSON.stringify(' '.repeat(16 * 1024)) }),
    'headers-too-large': () => send({ headers: { 'x-large': 'x'.repeat(20_000) } }),
    'validation-failed': () => send({ body: body.refused }),
    'octane-access-denied': () => octaneSays(403),
    'customer-not-found': () => octaneSays(404),
    'octane-rejected': () => octaneSays(400),
    // In each gateway the calls of this group alone are not sent for a second.
    'octane-credentials-rejected': () => {
      gateway.octane.script = (_hit, response) => response.writeHead(401).end();
      return sendAs({ client_id: 'other-group' }, operationId === 'setDirectDebit' ? gateway : hasty);
    },
    'octane-contract-violation': () => octaneSays(200),
    'octane-error': () => octaneSays(500, hasty),
    'octane-unavailable': () => octaneSays(503),
    'octane-timeout': () => octaneAnswers(() => {}, hasty),
    'octane-unreachable': () => sendAs(limitedCaller, limited),
    overloaded: () => sendAs(limitedCaller, limited),
    'rate-limited': () => sendAs(limitedCaller, limited),
    'keys-unavailable': async () => {
      gateway.issuer.misbehave = (response) => response.destroy();
      const answer = await send({ token: await gateway.issuer.token({ header: { kid: 'new-key' } }) });
      gateway.issuer.misbehave = undefined;
      return answer;
    },
    'directory-unavailable': async () => {
      const store = gateway.application.get(JournalStore, { strict: false });
      const broken = jest.spyOn(store, 'customersOf').mockRejectedValue(new Error('out of order'));
      const answer = await sendAs({ client_id: 'linked' });
      broken.mockRestore();
      return answer;
    },
    'journal-unavailable': async () => {
      const store = gateway.application.get(JournalStore, { strict: false });
      const broken = jest.spyOn(store, 'begin').mockRejectedValue(new Error('out of order'));
      const answer = await send();
      broken.mockRestore();
      return answer;
    },
    'internal-error': async () => {
      const client = gateway.application.get(OctaneClient, { strict: false });
      const defect = jest.spyOn(client, 'call').mockRejectedValue(new Error('a defect'));
      const answer = await send();
      defect.mockRestore();
      return answer;
    },
    'request-in-progress': async () => {
      const headers = newKey();
      let letGo: () => void = () => {};
      const arrived = new Promise<void>((resolve) => {
        gateway.octane.script = (hit, response) => {
          letGo = () => response.writeHead(operationId === 'setDirectDebit' ? 200 : 204).end(hit.body);
          resolve();
        };
      });
      const first = send({ headers });
      await arrived;
      const second = await send({ headers });
      letGo();
      await first;
      return second;
    },
    'outcome-unknown': async () => {
      const headers = newKey();
      gateway.octane.script = (_hit, response) => response.writeHead(500).end();
      await send({ headers });
      return send({ headers });
    },
    'idempotency-key-reused': async () => {
      const headers = newKey();
      await send({ headers });
      return send({ headers, body: Object.values(body.examples)[1]!.value });
    },
  };

  const documentedCodes = describeOperation(operation, settings).problems;

  // In this order: what is limited comes after what uses the limit up.
  it.each(Object.keys(PROBLEMS).filter((code) => documentedCodes.some((known) => known === code)))(
    'answers %s as documented',
    async (code) => {
      const answer = await PROBLEMS[code]!();
      const response = operationOf(operationId).responses[answer.status];
      const { schema, examples } = response.content['application/problem+json'];
      const { outcome, retryable } = answer.json;
      // The words, the request id and, where a code has several, the outcome may be others than the example's.
      const open = { detail: expect.any(String), instance: answer.headers['x-request-id'] };
      const told = Object.fromEntries(
        Object.entries({ outcome, retryable }).filter(([name]) => name in examples[code].value),
      );
      expect(answer.json).toEqual({ ...examples[code].value, ...open, ...told });
      expectFits(answer.json, schema);
      expectHeaders(answer, response);
    },
  );

  it('documents no problem that is not shown here', () => {
    expect(documentedCodes.filter((code) => !(code in PROBLEMS))).toEqual([]);
  });
});

/** Which headers an answer may have, as the document names them; the others every answer of HTTP has. */
function expectHeaders({ headers }: Answer, response: { headers: Record<string, unknown> }): void {
  const documented = Object.keys(response.headers).map((name) => name.toLowerCase());
  const told = ['retry-after', 'ratelimit', 'ratelimit-policy', 'idempotency-replayed', 'www-authenticate'];
  expect(documented).toEqual(
    expect.arrayContaining(['x-request-id', ...told.filter((name) => headers[name] !== undefined)]),
  );
}
