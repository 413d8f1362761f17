import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import { RawConnection, requestText, sendRaw } from './support/raw-connection.ts';
import { answerProperly } from './support/scripted-octane.ts';

const DIRECT_DEBIT = '/v1/customers/700123/direct-debit';
const WELCOME_EMAIL = '/v1/customers/700123/send-welcome-email';
const BODY = JSON.stringify({ directDebit: VALID_DIRECT_DEBIT });
const KIB = 1024;

let gateway: TestGateway;
let server: Server;
let token: string;
beforeAll(async () => {
  gateway = await TestGateway.start();
  server = gateway.application.getHttpServer();
  token = await gateway.issuer.token();
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.octane.reset());

type Limits = Pick<
  Server,
  'headersTimeout' | 'requestTimeout' | 'timeout' | 'keepAliveTimeout' | 'maxConnections'
>;
const production = {} as Limits;
beforeAll(() => {
  const { headersTimeout, requestTimeout, timeout, keepAliveTimeout, maxConnections } = server;
  Object.assign(production, { headersTimeout, requestTimeout, timeout, keepAliveTimeout, maxConnections });
});
afterEach(async () => {
  Object.assign(server, production);
  for (const socket of opened.splice(0)) socket.destroy();
  const { status } = await gateway.call({ method: 'GET', path: '/problems/not-found' });
  assert.equal(status, 200, 'what a proper client gets meanwhile');
});

const opened: Socket[] = [];
async function open(): Promise<RawConnection> {
  const connection = await RawConnection.open((server.address() as { port: number }).port);
  opened.push(connection.socket);
  return connection;
}

/** One byte after the other, for as long as the gateway listens. */
function drip(connection: RawConnection, bytes: string): void {
  let next = 0;
  const timer = setInterval(() => connection.write(bytes[next++ % bytes.length]!), 10);
  connection.socket.on('close', () => clearInterval(timer));
}

function setDirectDebit(
  headers: readonly string[] = [`Content-Length: ${BODY.length}`],
  body = BODY,
): string {
  const all = ['Host: gateway', `Authorization: Bearer ${token}`, 'Content-Type: application/json'];
  return requestText(`POST ${DIRECT_DEBIT} HTTP/1.1`, [...all, ...headers], body);
}

function sendWelcomeEmail(): string {
  return requestText(`POST ${WELCOME_EMAIL} HTTP/1.1`, ['Host: gateway', `Authorization: Bearer ${token}`]);
}

function readProblem(code: string): string {
  return requestText(`GET /problems/${code} HTTP/1.1`);
}

/** Holds Octane's answers back. @returns the answers of the requests that it has received */
function holdOctane(): (() => void)[] {
  const held: (() => void)[] = [];
  gateway.octane.script = (hit, response, socket) => {
    held.push(() => answerProperly(hit, response, socket));
  };
  return held;
}

it('cuts within 30 s in production', () => {
  const { headersTimeout, requestTimeout, timeout } = production;
  const { connectionsCheckingInterval } = server as Server & { connectionsCheckingInterval: number };
  expect({ headersTimeout, requestTimeout, timeout }).toEqual({
    headersTimeout: 10_000,
    requestTimeout: 25_000,
    timeout: 25_000,
  });
  expect(requestTimeout + connectionsCheckingInterval).toBeLessThan(30_000);
  expect(production.maxConnections).toBeGreaterThan(10_000);
});

describe('a client that is slow', () => {
  it.each([
    ['sends nothing', '', ''],
    ['sends its request line byte by byte', 'GET /', 'a'],
    ['sends its headers byte by byte', 'GET / HTTP/1.1\r\n', 'X-A: b\r\n'],
  ])('is cut when it %s', async (_, head, bytes) => {
    server.headersTimeout = 300;
    const connection = await open();
    if (head !== '') drip(connection.write(head), bytes);
    expectProblem(await connection.answer(), 408, 'invalid-request');
    expect(await connection.end()).toBe('');
  });

  it('is cut when it sends the next headers byte by byte on a connection that served it well', async () => {
    server.headersTimeout = 300;
    const connection = await open();
    expect((await connection.write(readProblem('not-found')).answer()).status).toBe(200);
    drip(connection.write('GET /problems HTTP/1.1\r\n'), 'X-A: b\r\n');
    expectProblem(await connection.answer(), 408, 'invalid-request');
    await connection.end();
  });

  it.each([
    ['by length', setDirectDebitIn('Content-Length: 10000'), ' '],
    ['in chunks', setDirectDebitIn('Transfer-Encoding: chunked'), '1\r\n \r\n'],
  ])('is cut when it sends its body byte by byte, %s', async (_, head, bytes) => {
    Object.assign(server, { headersTimeout: 300, requestTimeout: 300 });
    const connection = await open();
    drip(connection.write(head()), bytes);
    expectProblem(await connection.answer(), 408, 'invalid-request');
    expect(await connection.end()).toBe('');
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('is cut when it goes on with a body that was refused', async () => {
    Object.assign(server, { headersTimeout: 300, requestTimeout: 300 });
    const connection = await open();
    const head = requestText(`POST ${DIRECT_DEBIT} HTTP/1.1`, ['Host: gateway', 'Content-Length: 10000']);
    drip(connection.write(head), ' ');
    expectProblem(await connection.answer(), 401, 'authentication-required');
    await connection.end();
  });

  it('is cut when it never reads its answers', async () => {
    server.timeout = 300;
    const accepted = new Promise<Socket>((accept) => server.once('connection', accept));
    const connection = await open();
    connection.socket.pause();
    const request = requestText('GET /openapi.json HTTP/1.1');
    const socket = await accepted;
    void flood(connection, request);
    await eventually(() => socket.destroyed);
    expect(connection.socket.bytesRead).toBe(0);
  });

  it('is not cut while the gateway waits for Octane', async () => {
    const held = holdOctane();
    const accepted = new Promise<Socket>((accept) => server.once('connection', accept));
    const connection = (await open()).write(sendWelcomeEmail());
    const socket = await accepted;
    await eventually(() => held.length > 0);
    // What the server does when its `timeout` is over.
    const silent = new Promise((timeout) => server.once('timeout', timeout));
    socket.setTimeout(1);
    await silent;
    held[0]!();
    expect((await connection.answer()).status).toBe(204);
  });

  it('may leave its connection unused for longer than any balancer does, and is told for how long', async () => {
    expect(production.keepAliveTimeout).toBe(620_000);
    const connection = await open();
    const answer = await connection.write(readProblem('not-found')).answer();
    expect(answer.headers['keep-alive']).toBe('timeout=620');
    // What cuts a client that sends nothing from the start does not cut one that was served.
    server.timeout = 1;
    server.headersTimeout = 1;
    server.requestTimeout = 1;
    const idle = await open();
    expect(await idle.end()).toMatch(/^(HTTP\/1\.1 408 |$)/);
    expect(connection.socket.destroyed).toBe(false);
    Object.assign(server, production);
    expect((await connection.write(readProblem('not-found')).answer()).status).toBe(200);
  });

  it('is told goodbye politely when it leaves its connection unused', async () => {
    server.keepAliveTimeout = 1;
    const connection = await open();
    const faults: unknown[] = [];
    connection.socket.on('error', (fault) => faults.push(fault));
    expect((await connection.write(readProblem('not-found')).answer()).status).toBe(200);
    expect(await connection.end()).toBe('');
    expect(faults).toEqual([]);
  });
});

/** Written later, because the token comes later than the table. */
function setDirectDebitIn(framing: string): () => string {
  return () => setDirectDebit([framing], '');
}

describe('a client that closes its side', () => {
  it.each([
    ['a direct debit', () => setDirectDebit(), [200]],
    ['a welcome email', sendWelcomeEmail, [204]],
    ['a refused request', () => requestText(`POST ${DIRECT_DEBIT} HTTP/1.1`), [401]],
    [
      'several requests',
      () => setDirectDebit() + sendWelcomeEmail() + readProblem('not-found'),
      [200, 204, 200],
    ],
  ])('behind %s still gets its answer', async (_, request, statuses) => {
    const connection = await open();
    connection.write(request()).socket.end();
    for (const status of statuses) expect((await connection.answer()).status).toBe(status);
    expect(await connection.end()).toBe('');
  });

  it('long before Octane answers still gets its answer', async () => {
    const held = holdOctane();
    const connection = await open();
    connection.write(setDirectDebit()).socket.end();
    await eventually(() => held.length > 0);
    held[0]!();
    expect((await connection.answer()).status).toBe(200);
    expect(await connection.end()).toBe('');
  });

  it.each([
    ['before a request', () => ''],
    ['in a header', () => 'GET / HTTP/1.1\r\nHos'],
    ['in a body', () => setDirectDebit([`Content-Length: ${BODY.length}`], BODY.slice(0, -1))],
    ['in a chunk', () => setDirectDebit(['Transfer-Encoding: chunked'], `${BODY.length.toString(16)}\r\n{`)],
    [
      'before the last chunk',
      () => setDirectDebit(['Transfer-Encoding: chunked'], `${BODY.length.toString(16)}\r\n${BODY}\r\n`),
    ],
  ])('%s is let go, and nothing is sent to Octane', async (_, bytes) => {
    const connection = await open();
    connection.write(bytes()).socket.end();
    await connection.end();
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('behind an answer is let go', async () => {
    const connection = await open();
    expect((await connection.write(readProblem('not-found')).answer()).status).toBe(200);
    connection.socket.end();
    expect(await connection.end()).toBe('');
  });
});

describe('several requests in one packet', () => {
  it('are answered in order, however long the first takes', async () => {
    const held = holdOctane();
    const connection = (await open()).write(
      setDirectDebit() + readProblem('not-found') + sendWelcomeEmail() + readProblem('overloaded'),
    );
    await eventually(() => held.length === 2);
    const email = gateway.octane.hits.findIndex(({ path }) => path.endsWith('email'));
    held[email]!();
    held[1 - email]!();
    expect((await connection.answer()).json).toHaveProperty('directDebit');
    expect((await connection.answer()).json).toMatchObject({ code: 'not-found' });
    expect((await connection.answer()).status).toBe(204);
    expect((await connection.answer()).json).toMatchObject({ code: 'overloaded' });
  });

  it.each([
    [
      'without a token',
      () =>
        requestText(
          `POST ${DIRECT_DEBIT} HTTP/1.1`,
          ['Host: gateway', 'Content-Length: 9000'],
          BODY.padEnd(9000),
        ),
      401,
    ],
    [
      'of an unknown path',
      () => requestText('POST /nowhere HTTP/1.1', ['Host: gateway', 'Content-Length: 2'], '{}'),
      404,
    ],
    ['with a bad body', () => setDirectDebit(['Content-Length: 1'], '{'), 400],
    ['with a large body', () => setDirectDebit([`Content-Length: ${20 * KIB}`], BODY.padEnd(20 * KIB)), 413],
    ['without a host', () => requestText('GET /problems HTTP/1.1', []), 400],
  ])('are served behind one that is refused, %s', async (_, refused, status) => {
    const connection = (await open()).write(refused() + setDirectDebit() + refused() + sendWelcomeEmail());
    for (const expected of [status, 200, status, 204]) {
      expect((await connection.answer()).status).toBe(expected);
    }
    expect(gateway.octane.hits).toHaveLength(2);
  });

  it('end the connection when they are too many, and the gateway serves on', async () => {
    const connection = (await open()).write(sendWelcomeEmail() + readProblem('not-found').repeat(1000));
    await connection.end();
    expect(gateway.octane.hits.length).toBeLessThanOrEqual(1);
    const next = (await open()).write(readProblem('not-found').repeat(100));
    for (let count = 0; count < 100; count += 1) expect((await next.answer()).status).toBe(200);
  });

  it('end connections when those of all together are too many, and count no longer when they are answered', async () => {
    const held = holdOctane();
    const crowd = await Promise.all(Array.from({ length: 15 }, open));
    for (const connection of crowd) {
      connection.write(setDirectDebit() + readProblem('not-found').repeat(99));
    }
    await eventually(() => crowd.filter(({ socket }) => socket.destroyed).length === 5);
    expect((await (await open()).write(readProblem('not-found')).answer()).status).toBe(200);
    const kept = crowd.filter(({ socket }) => !socket.destroyed);
    await eventually(() => held.length >= kept.length);
    gateway.octane.script = answerProperly;
    for (const answer of held) answer();
    for (const connection of kept) {
      for (let count = 0; count < 100; count += 1) expect((await connection.answer()).status).toBe(200);
    }
    const next = await Promise.all(Array.from({ length: 10 }, open));
    for (const connection of next) connection.write(readProblem('not-found').repeat(100));
    for (const connection of next) {
      for (let count = 0; count < 100; count += 1) expect((await connection.answer()).status).toBe(200);
    }
  });

  it('are not served behind one that ends the connection', async () => {
    const last = requestText(`POST ${DIRECT_DEBIT} HTTP/1.1`, [
      'Host: gateway',
      `Content-Length: ${5000 * KIB}`,
    ]);
    const connection = (await open()).write(last + sendWelcomeEmail());
    expectProblem(await connection.answer(), 401, 'authentication-required');
    expect(await connection.end()).toBe('');
    expect(gateway.octane.hits).toHaveLength(0);
  });
});

describe('a client that sends too much', () => {
  it.each([
    ['headers', () => 'GET / HTTP/1.1\r\n', 'X-A: b\r\n', 431, 'headers-too-large'],
    ['one header', () => 'GET / HTTP/1.1\r\nX-A: ', 'b'.repeat(99), 431, 'headers-too-large'],
    ['a path', () => 'GET /', 'a'.repeat(99), 414, 'invalid-request'],
    [
      'a body',
      setDirectDebitIn('Transfer-Encoding: chunked'),
      `3e8\r\n${' '.repeat(1000)}\r\n`,
      413,
      'payload-too-large',
    ],
    [
      'a chunk extension',
      () => setDirectDebit(['Transfer-Encoding: chunked'], '1;'),
      'a'.repeat(99),
      400,
      'invalid-request',
    ],
    [
      'trailers',
      () => setDirectDebit(['Transfer-Encoding: chunked'], '0\r\n'),
      'X-A: b\r\n',
      431,
      'headers-too-large',
    ],
    [
      'a body of no use',
      () => requestText(`POST ${DIRECT_DEBIT} HTTP/1.1`, ['Host: gateway', 'Transfer-Encoding: chunked']),
      `3e8\r\n${' '.repeat(1000)}\r\n`,
      401,
      'authentication-required',
    ],
  ])('as endless %s gets its refusal and is cut', async (_, head, more, status, code) => {
    const connection = (await open()).write(head());
    void flood(connection, more.repeat(100));
    expectProblem(await connection.answer(), status, code);
    await connection.end();
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('as many small headers has all of them looked at', async () => {
    const many = Array.from({ length: 1500 }, () => 'a:b');
    const authorization = `Authorization: Bearer ${token}`;
    const headers = ['Host: gateway', authorization, ...many, authorization];
    const answer = await sendRaw(gateway.port, requestText(`POST ${WELCOME_EMAIL} HTTP/1.1`, headers));
    expectProblem(answer, 400, 'invalid-request');
    expect(gateway.octane.hits).toHaveLength(0);
  });
});

/** Writes as fast as the gateway reads, until it is cut. */
async function flood({ socket }: RawConnection, bytes: string): Promise<void> {
  while (!socket.destroyed) {
    await new Promise<void>((written) => socket.write(bytes, () => written()));
  }
}

describe('connections', () => {
  it('beyond the most that there may be are closed at once, and come in again when others leave', async () => {
    const first = await open();
    expect((await first.write(readProblem('not-found')).answer()).status).toBe(200);
    server.maxConnections = await connections();
    const refused = connect(gateway.port, '127.0.0.1').resume();
    await new Promise((closed) => refused.on('error', () => undefined).on('close', closed));
    expect(refused.bytesRead).toBe(0);
    expect((await first.write(readProblem('not-found')).answer()).status).toBe(200);

    first.socket.destroy();
    await eventually(async () => (await connections()) < server.maxConnections);
    const next = await open();
    expect((await next.write(readProblem('not-found')).answer()).status).toBe(200);
  });

  it('that are idle hold nobody up and can be used again', async () => {
    const idle = await Promise.all(Array.from({ length: 200 }, open));
    for (const round of [1, 2]) {
      const answers = idle.map((connection) => connection.write(readProblem('not-found')).answer());
      const statuses = (await Promise.all(answers)).map(({ status }) => status);
      expect({ round, statuses: new Set(statuses) }).toEqual({ round, statuses: new Set([200]) });
      expect((await gateway.setDirectDebit(undefined, { token })).status).toBe(200);
    }
  });
});

function connections(): Promise<number> {
  return promisify(server.getConnections.bind(server))();
}
