import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { kinds, parseFault } from './faults.ts';
import { startOctane, type Octane } from './octane.ts';
import type { ReceivedRequest } from './octane-records.ts';
import { operationNames } from './operations.ts';
import { OCTANE_SAMPLES } from '../test/support/octane-samples.ts';
import type { Sample } from '../test/support/octane-samples.ts';

const hour = 3_600_000;

let octane: Octane;
beforeEach(async () => {
  octane = await startOctane({ port: 0, controlPort: 0 });
});
afterEach(() => octane.close());

function putFault(fault: unknown): Promise<Response> {
  return fetch(`${octane.controlUrl}/fault`, { method: 'PUT', body: JSON.stringify(fault) });
}

async function control<T>(path: string): Promise<T> {
  return (await (await fetch(`${octane.controlUrl}${path}`)).json()) as T;
}

/** How many changes Octane made. */
async function changes(): Promise<number> {
  const made = await Promise.all(
    ['/direct-debits', '/emails', '/payments'].map((path) => control<unknown[]>(path)),
  );
  return made.flat().length;
}

function sampleOf(operation: string): Sample {
  return OCTANE_SAMPLES[operation]!;
}

const textOf = ({ body }: Sample): string => (body === undefined ? '' : JSON.stringify(body));

async function lastRequest(): Promise<ReceivedRequest | undefined> {
  return (await control<ReceivedRequest[]>('/requests')).at(-1);
}

function call(operation = 'direct-debit'): Promise<Response> {
  const { method, path, body } = sampleOf(operation);
  return fetch(`${octane.url}${path}`, {
    method,
    headers: {
      Authorization: `Basic ${btoa('sandbox-1001:sandbox-only-1001')}`,
      'Content-Type': 'application/json',
    },
    body: body === undefined ? null : JSON.stringify(body),
    redirect: 'manual',
  });
}

/** A request over a bare socket, to see the bytes that come back. */
class Wire {
  received = '';
  error: unknown;
  readonly closed: Promise<unknown>;
  readonly #socket: Socket;

  constructor(operation = 'direct-debit') {
    const sample = sampleOf(operation);
    const { hostname, port, pathname } = new URL(octane.url);
    this.#socket = connect(Number(port), hostname);
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => (this.received += text));
    this.#socket.on('error', (error) => (this.error = error));
    this.closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.write(
      [
        `${sample.method} ${pathname}${sample.path} HTTP/1.1`,
        'Host: octane',
        `Authorization: Basic ${btoa('sandbox-1001:sandbox-only-1001')}`,
        'Content-Type: application/json',
        `Content-Length: ${textOf(sample).length}`,
        '',
        textOf(sample),
      ].join('\r\n'),
    );
  }

  /** Resolves when the bytes so far match. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.received)) await once(this.#socket, 'data');
  }

  get head(): string {
    return this.received.split('\r\n\r\n')[0] ?? '';
  }

  get body(): string {
    return this.received.split('\r\n\r\n').slice(1).join('\r\n\r\n');
  }
}

async function untilReceived(count: number): Promise<void> {
  while ((await control<unknown[]>('/requests')).length < count) await setImmediate();
}

describe.each([
  ['direct-debit', { status: 200, made: 1 }],
  ['welcome-email', { status: 204, made: 1 }],
  ['data-pool', { status: 200, made: 0 }],
])('%s', (operation, { status, made }) => {
  /** What a fault that has a body spoils. */
  const documented = async (): Promise<unknown> =>
    status === 204 ? { sent: true } : (await call(operation)).json();

  it('delay: makes the change, then answers as always', async () => {
    await putFault({ kind: 'delay', ms: 1 });
    expect((await call(operation)).status).toBe(status);
    expect(await changes()).toBe(made);
    expect(await lastRequest()).toMatchObject({ fault: 'delay', status });
  });

  it('delay: answers nothing before its time, though the change is made', async () => {
    await putFault({ kind: 'delay', ms: hour });
    const wire = new Wire(operation);
    await untilReceived(1);
    expect(await changes()).toBe(made);
    expect(wire.received).toBe('');
    await octane.close();
    await wire.closed;
    expect(wire.received).toBe('');
  });

  it('hang: answers nothing, and makes no change', async () => {
    await putFault({ kind: 'hang' });
    const wire = new Wire(operation);
    await untilReceived(1);
    expect(await changes()).toBe(0);
    expect(await lastRequest()).toMatchObject({ fault: 'hang', status: null });
    await octane.close();
    await wire.closed;
    expect(wire.received).toBe('');
  });

  it('hang in the headers', async () => {
    await putFault({ kind: 'hang', at: 'headers' });
    const wire = new Wire(operation);
    await wire.until(/Content-Type: appl/);
    await octane.close();
    await wire.closed;
    expect(wire.received).toBe('HTTP/1.1 200 OK\r\nContent-Type: appl');
  });

  it('hang in the body', async () => {
    await putFault({ kind: 'hang', at: 'body', applied: true });
    const wire = new Wire(operation);
    await wire.until(/\r\n\r\n\{/);
    expect(await changes()).toBe(made);
    await octane.close();
    await wire.closed;
    expect(wire.body.length).toBeLessThan(announcedLength(wire));
  });

  it.each([false, true])('reset: cuts the connection with RST (applied: %s)', async (applied) => {
    await putFault({ kind: 'reset', applied });
    const wire = new Wire(operation);
    await wire.closed;
    expect(wire.received).toBe('');
    expect(wire.error).toMatchObject({ code: 'ECONNRESET' });
    expect(await changes()).toBe(applied ? made : 0);
    expect(await lastRequest()).toMatchObject({ fault: 'reset', status: null });
  });

  it('status: answers with the status, and makes no change', async () => {
    await putFault({ kind: 'status', status: 503, retryAfter: 7, body: 'try later' });
    const response = await call(operation);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await response.text()).toBe('try later');
    expect(await changes()).toBe(0);
    expect(await lastRequest()).toMatchObject({ fault: 'status', status: 503 });
  });

  it('redirect: answers 307 to a place that shows when it is followed', async () => {
    await putFault({ kind: 'redirect' });
    const response = await call(operation);
    expect(response.status).toBe(307);
    const followed = new URL(response.headers.get('location') ?? '', octane.url);
    expect((await fetch(followed, { method: 'POST' })).status).toBe(404);
    expect(await lastRequest()).toMatchObject({ path: followed.pathname, status: 404 });
  });

  it('garbage: answers with bytes that are not HTTP', async () => {
    await putFault({ kind: 'garbage' });
    const wire = new Wire(operation);
    await wire.closed;
    expect(wire.received).toContain('this is not HTTP');
    expect(wire.received).not.toMatch(/^HTTP/);
    expect(await changes()).toBe(made);
    await expect(call(operation)).rejects.toThrow('fetch failed');
  });

  it('wrong-shape: answers 200 with other JSON', async () => {
    await putFault({ kind: 'wrong-shape' });
    const response = await call(operation);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ result: 'OK' });
    expect(await changes()).toBe(made);
  });

  it('not-json: answers 200 with HTML', async () => {
    await putFault({ kind: 'not-json' });
    const response = await call(operation);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html');
    expect(await response.text()).toMatch(/^<!doctype html>/);
  });

  it('oversize: answers 200 with more JSON than the gateway reads', async () => {
    const spoilt = await documented();
    await putFault({ kind: 'oversize' });
    const response = await call(operation);
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text.length).toBeGreaterThan(made === 0 ? 1024 * 1024 : 64 * 1024);
    expect(JSON.parse(text)).toEqual(spoilt);
  });

  it('drip: sends the body byte by byte', async () => {
    const spoilt = await documented();
    await putFault({ kind: 'drip', ms: 1 });
    expect(await (await call(operation)).json()).toEqual(spoilt);

    await putFault({ kind: 'drip', ms: hour });
    const wire = new Wire(operation);
    await wire.until(/\r\n\r\n/);
    await octane.close();
    await wire.closed;
    expect(announcedLength(wire)).toBeGreaterThan(0);
    expect(wire.body).toBe('');
  });

  it('cut: closes the connection in the middle of the body', async () => {
    await putFault({ kind: 'cut' });
    const wire = new Wire(operation);
    await wire.closed;
    expect(wire.error).toBeUndefined();
    expect(wire.head).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(wire.body).not.toBe('');
    expect(wire.body.length).toBeLessThan(announcedLength(wire));
    expect(await changes()).toBe(made);
  });

  it('makes no change for a request that it would refuse', async () => {
    await putFault({ kind: 'wrong-shape' });
    const { method, path } = sampleOf(operation);
    await fetch(`${octane.url}${path.replace('700123', '1')}`, { method });
    expect(await changes()).toBe(0);
  });
});

describe('status', () => {
  it('can be any, with a body of JSON', async () => {
    await putFault({ kind: 'status', status: 404, body: { message: 'no such customer' } });
    const response = await call();
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ message: 'no such customer' });
  });

  it('of success makes the change', async () => {
    await putFault({ kind: 'status', status: 202 });
    expect((await call()).status).toBe(202);
    expect(await changes()).toBe(1);
  });
});

const noFaults = Object.fromEntries(operationNames.map((name) => [name, null]));

describe('a fault', () => {
  const met = async (operation: string) => (await call(operation)).status >= 500;

  it('lasts until it is cleared', async () => {
    await putFault({ kind: 'status', status: 500 });
    expect([await met('direct-debit'), await met('welcome-email'), await met('direct-debit')]).toEqual([
      true,
      true,
      true,
    ]);
    expect((await fetch(`${octane.controlUrl}/fault`, { method: 'DELETE' })).status).toBe(204);
    expect([await met('direct-debit'), await met('welcome-email')]).toEqual([false, false]);
  });

  it('meets one request with once', async () => {
    await putFault({ kind: 'status', once: true });
    expect([await met('direct-debit'), await met('welcome-email'), await met('direct-debit')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('meets as many requests as times says, of either operation', async () => {
    await putFault({ kind: 'status', times: 2 });
    expect(await control('/fault')).toMatchObject({
      'direct-debit': { times: 2 },
      'welcome-email': { times: 2 },
    });
    expect(await met('welcome-email')).toBe(true);
    expect(await control('/fault')).toMatchObject({ 'direct-debit': { times: 1 } });
    expect([await met('direct-debit'), await met('direct-debit'), await met('welcome-email')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await control('/fault')).toEqual(noFaults);
  });

  it('meets the operation that it names, beside another for the other', async () => {
    await putFault({ kind: 'status', status: 500, operation: 'welcome-email' });
    expect([await met('direct-debit'), await met('welcome-email')]).toEqual([false, true]);
    await putFault({ kind: 'status', status: 404, operation: 'direct-debit' });
    expect((await call('direct-debit')).status).toBe(404);
    expect(await met('welcome-email')).toBe(true);
  });

  it.each(operationNames)('meets %s by its name, and nothing else', async (name) => {
    await putFault({ kind: 'status', status: 500, operation: name });
    const all = await Promise.all(
      operationNames.map(async (each) => ((await call(each)).status === 500 ? each : undefined)),
    );
    expect(all.filter((each) => each !== undefined)).toEqual([name]);
  });

  it('does not meet another method', async () => {
    await putFault({ kind: 'status', once: true });
    expect((await fetch(`${octane.url}/v1/group/1001/customer/700123/direct-debit`)).status).toBe(405);
    expect(await met('direct-debit')).toBe(true);
  });
});

describe('a fault that cannot be', () => {
  it.each<[string, unknown, string[]]>([
    ['no object', 3, ['the body must be a JSON object, for example {"kind":"reset","once":true}']],
    ['no kind', {}, [expect.stringMatching(/^kind must be one of delay, hang, /)]],
    ['an unknown kind', { kind: 'toString' }, [expect.stringMatching(/^kind must be one of/)]],
    [
      'an option of another kind',
      { kind: 'reset', ms: 1 },
      ['ms is not an option of reset: kind, operation, once, times, applied'],
    ],
    [
      'a status out of range',
      { kind: 'status', status: 100 },
      ['status must be a whole number from 200 to 599'],
    ],
    [
      'a Retry-After that is no header',
      { kind: 'status', retryAfter: 'a\r\nb: c' },
      ['retryAfter must be a number of seconds or an HTTP date'],
    ],
    ['an unknown place', { kind: 'hang', at: 'end' }, ['at must be one of start, headers, body']],
    [
      'an unknown operation',
      { kind: 'reset', operation: 'all' },
      [`operation must be one of ${operationNames.join(', ')}`],
    ],
    [
      'all of it wrong',
      { kind: 'delay', ms: 0, times: 1.5, once: false, applied: 'no' },
      [
        'ms must be a whole number from 1 to 3600000',
        'times must be a whole number from 1 to 1000000',
        'once must be true',
        'applied must be true or false',
        'once and times exclude each other',
      ],
    ],
  ])('is refused: %s', async (_case, fault, errors) => {
    const response = await putFault(fault);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ errors });
    expect(await control('/fault')).toEqual(noFaults);
  });
});

it('has an example of each kind in the documentation', async () => {
  const documentation = await readFile('docs/sandbox.md', 'utf8');
  const examples = [...documentation.matchAll(/^curl -X PUT \S+\/fault -d '(.+)'$/gm)].map(
    ([, example = '']) => parseFault(JSON.parse(example)),
  );
  expect(examples.filter((example) => 'errors' in example)).toEqual([]);
  const shown = new Set(examples.map((example) => 'fault' in example && example.fault.kind));
  expect(shown).toEqual(new Set(Object.keys(kinds)));
});

function announcedLength({ head }: Wire): number {
  return Number(/Content-Length: (\d+)/.exec(head)?.[1]);
}
