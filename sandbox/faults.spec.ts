import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { kinds, parseFault, type Operation } from './faults.ts';
import { startOctane, type Octane } from './octane.ts';
import type { ReceivedRequest } from './octane-records.ts';

const bodies: Record<Operation, string> = {
  'direct-debit': '{"directDebit":{"directDebitType":"OFF","ddNotificationFlag":"N"}}',
  'welcome-email': '{}',
};
const resources: Record<Operation, string> = {
  'direct-debit': 'direct-debit',
  'welcome-email': 'send-welcome-email',
};
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
  const [directDebits, emails] = await Promise.all([
    control<unknown[]>('/direct-debits'),
    control<unknown[]>('/emails'),
  ]);
  return directDebits.length + emails.length;
}

async function lastRequest(): Promise<ReceivedRequest | undefined> {
  return (await control<ReceivedRequest[]>('/requests')).at(-1);
}

function call(operation: Operation = 'direct-debit', signal: AbortSignal | null = null): Promise<Response> {
  return fetch(`${octane.url}/v1/group/1001/customer/700123/${resources[operation]}`, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${btoa('sandbox-1001:sandbox-only-1001')}`,
      'Content-Type': 'application/json',
    },
    body: bodies[operation],
    redirect: 'manual',
    signal,
  });
}

/** A request over a bare socket, to see the bytes that come back. */
class Wire {
  received = '';
  error: unknown;
  readonly closed: Promise<unknown>;
  readonly #socket: Socket;

  constructor(operation: Operation = 'direct-debit') {
    const { hostname, port, pathname } = new URL(octane.url);
    this.#socket = connect(Number(port), hostname);
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => (this.received += text));
    this.#socket.on('error', (error) => (this.error = error));
    this.closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.write(
      [
        `POST ${pathname}/v1/group/1001/customer/700123/${resources[operation]} HTTP/1.1`,
        'Host: octane',
        `Authorization: Basic ${btoa('sandbox-1001:sandbox-only-1001')}`,
        'Content-Type: application/json',
        `Content-Length: ${bodies[operation].length}`,
        '',
        bodies[operation],
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

describe.each<Operation>(['direct-debit', 'welcome-email'])('%s', (operation) => {
  it('delay: makes the change, then answers as always', async () => {
    await putFault({ kind: 'delay', ms: 1 });
    expect((await call(operation)).status).toBe(operation === 'direct-debit' ? 200 : 204);
    expect(await changes()).toBe(1);
    expect(await lastRequest()).toMatchObject({
      fault: 'delay',
      status: operation === 'direct-debit' ? 200 : 204,
    });
  });

  it('delay: answers nothing before its time, though the change is made', async () => {
    await putFault({ kind: 'delay', ms: hour });
    const wire = new Wire(operation);
    await untilReceived(1);
    expect(await changes()).toBe(1);
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
    expect(await changes()).toBe(1);
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
    expect(await changes()).toBe(applied ? 1 : 0);
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
    expect(await changes()).toBe(1);
    await expect(call(operation)).rejects.toThrow('fetch failed');
  });

  it('wrong-shape: answers 200 with other JSON', async () => {
    await putFault({ kind: 'wrong-shape' });
    const response = await call(operation);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ result: 'OK' });
    expect(await changes()).toBe(1);
  });

  it('not-json: answers 200 with HTML', async () => {
    await putFault({ kind: 'not-json' });
    const response = await call(operation);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html');
    expect(await response.text()).toMatch(/^<!doctype html>/);
  });

  it('oversize: answers 200 with JSON of more than 64 KiB', async () => {
    await putFault({ kind: 'oversize' });
    const response = await call(operation);
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text.length).toBeGreaterThan(64 * 1024);
    expect(JSON.parse(text)).toEqual(
      operation === 'direct-debit' ? JSON.parse(bodies[operation]) : { sent: true },
    );
  });

  it('drip: sends the body byte by byte', async () => {
    await putFault({ kind: 'drip', ms: 1 });
    const whole = await call(operation);
    expect(await whole.json()).toEqual(
      operation === 'direct-debit' ? JSON.parse(bodies[operation]) : { sent: true },
    );

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
    expect(await changes()).toBe(1);
  });

  it('makes no change for a request that it would refuse', async () => {
    await putFault({ kind: 'wrong-shape' });
    await fetch(`${octane.url}/v1/group/1001/customer/1/${resources[operation]}`, { method: 'POST' });
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

describe('a fault', () => {
  const met = async (operation: Operation) => (await call(operation)).status >= 500;

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
    expect(await control('/fault')).toEqual({ 'direct-debit': null, 'welcome-email': null });
  });

  it('meets the operation that it names, beside another for the other', async () => {
    await putFault({ kind: 'status', status: 500, operation: 'welcome-email' });
    expect([await met('direct-debit'), await met('welcome-email')]).toEqual([false, true]);
    await putFault({ kind: 'status', status: 404, operation: 'direct-debit' });
    expect((await call('direct-debit')).status).toBe(404);
    expect(await met('welcome-email')).toBe(true);
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
      { kind: 'reset', operation: 'both' },
      ['operation must be one of direct-debit, welcome-email'],
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
    expect(await control('/fault')).toEqual({ 'direct-debit': null, 'welcome-email': null });
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
