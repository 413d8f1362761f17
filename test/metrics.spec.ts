import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { LiveGatewayConfig } from '../src/config/live-gateway-config.ts';
import { Lifecycle } from '../src/health/lifecycle.ts';
import { JournalStore } from '../src/journal/store/journal-store.ts';
import { Metrics, METRICS } from '../src/telemetry/metrics.ts';
import { eventually } from './support/eventually.ts';
import type { TestGateway } from './support/gateway.ts';
import { newApp, send, set, startGateway, tokenOf, tokenOfUser } from './support/limits.ts';
import type { App } from './support/limits.ts';
import { TestManagement } from './support/management.ts';
import type { Scrape } from './support/management.ts';
import { requestText, sendRaw } from './support/raw-connection.ts';
import { answerProperly } from './support/scripted-octane.ts';
import type { Script } from './support/scripted-octane.ts';
import { signingKey } from './support/token-issuer.ts';

const DIRECT_DEBIT = '/v1/customers/:custno/direct-debit';

let gateway: TestGateway;
let management: TestManagement;

beforeAll(async () => {
  gateway = await startGateway({
    CALLER_RATE_LIMIT: '12',
    CUSTOMER_CHANGE_RATE_LIMIT: '8',
    USER_RATE_LIMIT: '10',
    WELCOME_EMAIL_RATE_LIMIT: '2',
    OCTANE_RATE_LIMIT: '11',
    AUTH_FAILURE_RATE_LIMIT: '4',
    OCTANE_MAX_IN_FLIGHT: '2',
  });
  management = await TestManagement.start(gateway);
});
afterAll(async () => {
  await management.stop();
  await gateway.stop();
});
beforeEach(() => gateway.octane.reset());
afterEach(() => jest.restoreAllMocks());

type Rise = (name: keyof typeof METRICS, labels?: Record<string, string>) => number;

/** By how much a series rose while something was done. */
async function during(act: () => Promise<unknown>): Promise<Rise> {
  const before = await management.scrape();
  await act();
  const after = await afterAllIsCounted();
  return (name, labels) => after.value(name, labels) - before.value(name, labels);
}

/** A request is counted when its answer is out, which the client may have by then. */
async function afterAllIsCounted(): Promise<Scrape> {
  const labels = { route: '/problems', method: 'GET', status: '200' };
  const counted = (scrape: Scrape): number => scrape.value('http_server_request_duration_seconds', labels);
  const before = counted(await management.scrape());
  await gateway.call({ method: 'GET', path: '/problems' });
  return eventually(async () => {
    const scrape = await management.scrape();
    return counted(scrape) > before && scrape;
  });
}

const answerWith =
  (status: number): Script =>
  (_hit, response) =>
    response.writeHead(status).end();

describe('the metrics', () => {
  it('are those of the contract, by name, type and labels', async () => {
    await set(gateway, newApp());
    const { families, labelsOf } = await afterAllIsCounted();
    const shown = Object.fromEntries(
      families.map(({ name, type }) => [name, { type, labels: labelsOf(name) }]),
    );
    expect(shown).toMatchObject({
      http_server_request_duration_seconds: { type: 'HISTOGRAM', labels: ['method', 'route', 'status'] },
      octane_request_duration_seconds: { type: 'HISTOGRAM', labels: ['operation', 'outcome'] },
      octane_retries_total: { type: 'COUNTER', labels: ['operation'] },
      octane_breaker_state: { type: 'GAUGE', labels: ['operation'] },
      octane_in_flight: { type: 'GAUGE', labels: [] },
      auth_failures_total: { type: 'COUNTER', labels: ['reason'] },
      idempotency_replays_total: { type: 'COUNTER', labels: [] },
      rate_limited_total: { type: 'COUNTER', labels: ['limit'] },
      journal_write_duration_seconds: { type: 'HISTOGRAM', labels: [] },
      config_reloads_total: { type: 'COUNTER', labels: ['result'] },
      process_cpu_seconds_total: { type: 'COUNTER', labels: [] },
      nodejs_eventloop_lag_p99_seconds: { type: 'GAUGE', labels: [] },
    });
    expect(Object.keys(shown)).toEqual(expect.arrayContaining(Object.keys(METRICS)));
  });

  it('keep to the text format, line by line', async () => {
    const { text } = await management.scrape();
    const lines = text.split('\n').filter((line) => line !== '');
    const comment = /^# (HELP|TYPE) [a-z][a-z0-9_]* \S.*$/;
    const sample =
      /^[a-z][a-z0-9_]*(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\})? (-?[\d.]+(e[+-]\d+)?|Nan|[+-]Inf)$/;
    expect(lines.filter((line) => !comment.test(line) && !sample.test(line))).toEqual([]);
    const named = lines.map((line) => line.replace(comment.test(line) ? /^(# \S+ \S+).*/ : / \S+$/, '$1'));
    expect(named.filter((name, index) => named.indexOf(name) !== index)).toEqual([]);
    const types = new Set(named.flatMap((name) => (name.startsWith('# TYPE ') ? [name.slice(7)] : [])));
    const untyped = lines.filter((line) => {
      const [name = ''] = line.split(/[{ ]/, 1);
      return sample.test(line) && !types.has(name) && !types.has(name.replace(/_(bucket|sum|count)$/, ''));
    });
    expect(untyped).toEqual([]);
    expect(text.endsWith('\n')).toBe(true);
  });

  it('tell of a change, in every part that it passes', async () => {
    const rise = await during(() => set(gateway, newApp()));
    const labels = { operation: 'direct-debit', outcome: 'applied' };
    expect(
      rise('http_server_request_duration_seconds', { route: DIRECT_DEBIT, method: 'POST', status: '200' }),
    ).toBe(1);
    expect(rise('octane_request_duration_seconds', labels)).toBe(1);
    expect(rise('changes_total', labels)).toBe(1);
    expect(rise('journal_write_duration_seconds')).toBe(2);
    expect(rise('octane_retries_total', { operation: 'direct-debit' })).toBe(0);
  });

  it.each([
    [204, 'applied'],
    [409, 'rejected'],
    [500, 'unknown'],
  ])('tell the outcome of Octane’s %i', async (status, outcome) => {
    gateway.octane.script = answerWith(status);
    const rise = await during(() => send(gateway, newApp()));
    expect(rise('octane_request_duration_seconds', { operation: 'welcome-email', outcome })).toBe(1);
    expect(rise('changes_total', { operation: 'welcome-email', outcome })).toBe(1);
  });

  it('count what was sent again, and each request to Octane', async () => {
    const scripts = [answerWith(503), answerWith(503), answerProperly];
    gateway.octane.script = (...call) => scripts[gateway.octane.hits.length - 1]!(...call);
    const rise = await during(() => set(gateway, newApp()));
    const operation = 'direct-debit';
    expect(rise('octane_retries_total', { operation })).toBe(2);
    expect(rise('octane_request_duration_seconds', { operation, outcome: 'unknown' })).toBe(2);
    expect(rise('octane_request_duration_seconds', { operation, outcome: 'applied' })).toBe(1);
    expect(rise('changes_total', { operation, outcome: 'applied' })).toBe(1);
  });

  it('do not count a retry that was not made', async () => {
    gateway.octane.script = answerWith(503);
    const rise = await during(() => set(gateway, newApp()));
    expect(rise('octane_retries_total', { operation: 'direct-debit' })).toBe(2);
    expect(rise('problems_total', { code: 'octane-unavailable' })).toBe(1);
  });

  it('count replays', async () => {
    const app = newApp();
    const again = (): Promise<unknown> => set(gateway, app, { headers: { 'idempotency-key': 'key-1' } });
    await again();
    const rise = await during(again);
    expect(rise('idempotency_replays_total')).toBe(1);
    expect(rise('changes_total', { operation: 'direct-debit', outcome: 'applied' })).toBe(0);
  });

  it('count what is wrong with tokens, those past the limit of bad tokens too', async () => {
    const { issuer } = gateway;
    const path = '/v1/customers/700123/direct-debit';
    const other = await signingKey('other');
    const rise = await during(async () => {
      await gateway.call({ path });
      for (let sent = 0; sent < 3; sent += 1) await gateway.call({ path, token: 'no-token' });
      await gateway.call({ path, token: await issuer.token({ claims: { exp: 1 } }) });
      await gateway.call({ path, token: await issuer.token({ claims: { aud: 'x' } }) });
      await gateway.call({ path, token: await issuer.token({ claims: { iss: 'https://x.example/' } }) });
      await gateway.call({
        path,
        token: await issuer.token({ key: { ...other, kid: issuer.key.kid } }),
      });
      await gateway.call({ path, token: await issuer.token({ claims: { client_id: 'nobody' } }) });
      await gateway.call({ path, token: await issuer.token({ claims: { scope: '' } }) });
      await gateway.call({ path: path.replace('3', '4'), token: await issuer.token() });
    });
    const reasons = Object.fromEntries(
      METRICS.auth_failures_total.labels.reason.map((reason) => [
        reason,
        rise('auth_failures_total', { reason }),
      ]),
    );
    expect(reasons).toMatchObject({
      missing: 1,
      malformed: 3,
      expired: 1,
      audience: 1,
      issuer: 1,
      signature: 1,
      'caller-not-mapped': 1,
      'insufficient-scope': 1,
      'customer-not-permitted': 1,
      key: 0,
    });
    expect(rise('rate_limited_total', { limit: 'auth-failure' })).toBe(1);
    expect(rise('problems_total', { code: 'invalid-token' })).toBe(6);
  });

  it('count each limit that is used up', async () => {
    const [emails, calls, changes, users, flooder] = Array.from({ length: 5 }, newApp) as [
      App,
      App,
      App,
      App,
      App,
    ];
    const rise = await during(async () => {
      for (let sent = 0; sent < 3; sent += 1) await send(gateway, emails);
      for (let made = 0; made < 13; made += 1) {
        await set(gateway, calls, { path: `/v1/customers/${made + 1}/direct-debit` });
      }
      for (let made = 0; made < 9; made += 1) await set(gateway, changes);
      const token = await tokenOfUser(gateway, users, 'user');
      for (let sent = 0; sent < 11; sent += 1) await send(gateway, users, { token });
      for (let sent = 0; sent < 61; sent += 1) await set(gateway, flooder, { body: {} });
    });
    const known = gateway.application.get(Metrics, { strict: false }).labels.get('rate_limited_total')![
      'limit'
    ];
    const limits = (known as string[]).map((limit) => [limit, rise('rate_limited_total', { limit })]);
    expect(Object.fromEntries(limits)).toEqual({
      'auth-failure': 0,
      flood: 1,
      user: 1,
      caller: 1,
      'customer-change': 1,
      // The eight emails of the user that are too many for its customer, too.
      'welcome-email': 9,
      octane: 1,
    });
    expect(rise('overloaded_total', { reason: 'octane-in-flight' })).toBe(0);
  });

  it('show what is in flight, and count what found no place', async () => {
    const held: (() => void)[] = [];
    gateway.octane.script = (...call) => void held.push(() => answerProperly(...call));
    const rise = await during(async () => {
      const app = newApp();
      const calls = Array.from({ length: 5 }, () => set(gateway, app));
      expect((await Promise.race(calls)).status).toBe(503);
      await eventually(() => held.length === 2);
      const scrape = await management.scrape();
      expect([scrape.value('octane_in_flight'), scrape.value('octane_in_flight_limit')]).toEqual([2, 2]);
      gateway.octane.script = answerProperly;
      for (const release of held) release();
      await Promise.all(calls);
    });
    expect(rise('overloaded_total', { reason: 'octane-in-flight' })).toBe(1);
    expect((await management.scrape()).value('octane_in_flight')).toBe(0);
  });

  it('count reloads, and show that what was refused is not in use', async () => {
    const file = join(gateway.folder, 'gateway.yaml');
    const good = await readFile(file, 'utf8');
    const config = gateway.application.get(LiveGatewayConfig);
    const replace = async (text: string): Promise<Rise> =>
      during(async () => {
        await writeFile(file, text);
        config.look();
        config.look();
      });
    const bad = await replace('callers: none');
    expect(bad('config_reloads_total', { result: 'refused' })).toBe(1);
    expect(bad('config_refused')).toBe(1);
    const better = await replace(`${good}\n`);
    expect(better('config_reloads_total', { result: 'accepted' })).toBe(1);
    expect(better('config_refused')).toBe(-1);
  });

  it('count fetches of keys, and tell how old those in use are', async () => {
    const { issuer } = gateway;
    issuer.misbehave = (response) => response.writeHead(500).end();
    const now = performance.now.bind(performance);
    // The forged tokens of another test may have asked for the keys a moment ago.
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + 30_000);
    const rise = await during(async () =>
      gateway.setDirectDebit(undefined, { token: await issuer.token({ header: { kid: 'unknown' } }) }),
    );
    issuer.misbehave = undefined;
    clock.mockRestore();
    expect(rise('key_set_fetches_total', { result: 'failed' })).toBe(1);
    expect(rise('auth_failures_total', { reason: 'keys-unavailable' })).toBe(1);
    const scrape = await management.scrape();
    expect(scrape.value('key_set_fetches_total', { result: 'succeeded' })).toBeGreaterThan(0);
    const ages = scrape.families.find(({ name }) => name === 'key_set_age_seconds')?.metrics;
    expect(ages).toEqual([{ labels: { issuer: issuer.issuer }, value: expect.stringMatching(/^\d+$/) }]);
  });

  it('count failures of the journal, and show what it has still to write', async () => {
    const store = gateway.application.get(JournalStore, { strict: false });
    const down = (): Promise<never> => Promise.reject(new Error('down'));
    jest.spyOn(store, 'begin').mockImplementationOnce(down);
    const refused = await during(() => set(gateway, newApp()));
    expect(refused('journal_failures_total')).toBe(1);
    expect(refused('problems_total', { code: 'journal-unavailable' })).toBe(1);
    await eventually(async () => (await management.scrape()).value('journal_backlog') === 0);
    const complete = jest.spyOn(store, 'complete').mockImplementation(down);
    const unrecorded = await during(() => set(gateway, newApp()));
    expect(unrecorded('journal_backlog')).toBe(1);
    complete.mockRestore();
    await eventually(async () => (await management.scrape()).value('journal_backlog') === 0);
  });

  it('count connections, and those that are one too many', async () => {
    const server = gateway.application.getHttpServer();
    const limit = server.maxConnections;
    const rise = await during(async () => {
      server.maxConnections = 0;
      const socket = connect(gateway.port, '127.0.0.1')
        .on('error', () => undefined)
        .resume();
      await new Promise((closed) => socket.once('close', closed));
      server.maxConnections = limit;
    });
    expect(rise('http_server_dropped_connections_total')).toBe(1);
    expect((await management.scrape()).value('http_server_connections')).toBeGreaterThan(0);
  });

  it('do not grow, whatever strangers send', async () => {
    const kinds: ((turn: number) => Promise<unknown>)[] = [
      (turn) => gateway.call({ method: 'GET', path: `/nowhere/${turn}` }),
      (turn) => gateway.call({ method: 'GET', path: `/problems/${turn}?${turn}` }),
      (turn) => gateway.call({ method: 'GET', path: `/%zz${turn}` }),
      (turn) => gateway.call({ path: `/v1/customers/${turn + 1}/direct-debit` }),
      (turn) => gateway.call({ path: `/v1/customers/x${turn}/direct-debit`, token: `x${turn}` }),
      (turn) =>
        gateway.call({ method: METHODS[turn % METHODS.length]!, path: `/v1/customers/${turn}/direct-debit` }),
      (turn) =>
        gateway.call({
          method: METHODS[turn % METHODS.length]!,
          path: '/nowhere',
          headers: { 'x-request-id': `r${turn}` },
        }),
      async (turn) =>
        gateway.setDirectDebit(undefined, {
          token: await gateway.issuer.token({ claims: { client_id: `client-${turn}`, sub: `user-${turn}` } }),
        }),
      async (turn) =>
        gateway.setDirectDebit(undefined, {
          token: await gateway.issuer.token({ claims: { iss: `https://${turn}.example/` } }),
        }),
      (turn) => sendRaw(gateway.port, requestText(`X${turn} / HTTP/1.1`, ['Host: gateway'])),
    ];
    const sendAll = async (from: number, turns: number): Promise<number> => {
      for (let turn = from; turn < from + turns; turn += 1) {
        await Promise.all(kinds.map((kind) => kind(turn)));
      }
      return (await afterAllIsCounted()).size;
    };
    const known = await sendAll(0, METHODS.length);
    expect(await sendAll(METHODS.length, 100 - METHODS.length)).toBe(known);
  });

  const METHODS = ['PUT', 'PATCH', 'DELETE', 'PURGE', 'PROPFIND', 'MKCOL', 'SUBSCRIBE', 'OPTIONS'];

  it('show the breaker of each operation: closed, open, half-open while one call finds out, closed again', async () => {
    const app = newApp();
    const state = async (operation: string): Promise<number> =>
      (await management.scrape()).value('octane_breaker_state', { operation });
    expect(await state('welcome-email')).toBe(0);
    gateway.octane.script = answerWith(503);
    const token = await tokenOf(gateway, app);
    const email = (custno: number): ReturnType<typeof send> =>
      send(gateway, app, { custno: String(custno), token });
    for (let custno = 1; (await state('welcome-email')) !== 2; custno += 1) await email(custno);
    expect(await state('direct-debit')).toBe(0);
    expect((await management.health('ready')).json).toMatchObject({
      status: 'degraded',
      details: { octane: { status: 'degraded', breakers: { 'welcome-email': 'open' } } },
    });
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 10_000);
    let finish: (() => void) | undefined;
    gateway.octane.script = (...call) => {
      finish = () => answerProperly(...call);
    };
    const probe = email(99);
    await eventually(() => finish);
    expect(await state('welcome-email')).toBe(1);
    finish!();
    expect((await probe).status).toBe(204);
    expect(await state('welcome-email')).toBe(0);
  });

  it('tell whether requests are welcome', async () => {
    const readiness = async (): Promise<number[]> => {
      const scrape = await management.scrape();
      return [scrape.value('gateway_ready'), scrape.value('gateway_draining')];
    };
    expect(await readiness()).toEqual([1, 0]);
    gateway.application.get(Lifecycle).drain();
    expect(await readiness()).toEqual([0, 1]);
  });
});
