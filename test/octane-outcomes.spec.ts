import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { ReservedPort } from './support/reserved-port.ts';
import { answerProperly, ScriptedOctane } from './support/scripted-octane.ts';
import type { Script } from './support/scripted-octane.ts';

const OPERATIONS = ['direct debit', 'welcome email'] as const;
type Operation = (typeof OPERATIONS)[number];
type Outcome = 'applied' | 'rejected' | 'not-sent' | 'unknown';

/** The status that a code is answered with. */
const STATUS_OF = {
  'octane-rejected': 422,
  'octane-access-denied': 403,
  'customer-not-found': 404,
  'octane-credentials-rejected': 502,
  'octane-error': 502,
  'octane-contract-violation': 502,
  'octane-unreachable': 502,
  'octane-unavailable': 503,
  'octane-timeout': 504,
} as const;
type Code = keyof typeof STATUS_OF;

const call = (gateway: TestGateway, operation: Operation): Promise<Answer> =>
  operation === 'direct debit' ? gateway.setDirectDebit() : gateway.sendWelcomeEmail();

const properStatus = (operation: Operation): number => (operation === 'direct debit' ? 200 : 204);

function expectRefusal(answer: Answer, code: Code, outcome: Outcome, retryable: boolean): void {
  expectProblem(answer, STATUS_OF[code], code, { outcome, retryable });
  const saysWhen = /^[1-9]\d*$/.test(answer.headers['retry-after'] ?? '');
  expect(saysWhen).toBe(STATUS_OF[code] === 503 && retryable);
}

/** Octane behaves again: what went wrong before must not come back on the connections that are left. */
async function expectRecovery(gateway: TestGateway, operation: Operation): Promise<void> {
  gateway.octane.reset();
  // After a 401 nothing is sent for a second.
  const answer = await eventually(async () => {
    const tried = await call(gateway, operation);
    return tried.json?.code === 'octane-credentials-rejected' ? undefined : tried;
  });
  expect(answer.status).toBe(properStatus(operation));
  expect(gateway.octane.hits).toHaveLength(1);
  // Once more, so that less than half of the calls fail, however few of them a slow machine makes in ten seconds.
  expect((await call(gateway, operation)).status).toBe(properStatus(operation));
  expect(gateway.octane.hits).toHaveLength(2);
}

const octane = (script: Script): Script => script;

describe('an answer of Octane', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start();
  });
  afterAll(() => gateway.stop());
  beforeEach(() => gateway.octane.reset());

  const OF_BOTH: readonly (readonly [status: number, code: Code, outcome: Outcome])[] = [
    [300, 'octane-error', 'rejected'],
    [301, 'octane-error', 'rejected'],
    [302, 'octane-error', 'rejected'],
    [303, 'octane-error', 'rejected'],
    [304, 'octane-error', 'rejected'],
    [307, 'octane-error', 'rejected'],
    [308, 'octane-error', 'rejected'],
    [400, 'octane-rejected', 'rejected'],
    [401, 'octane-credentials-rejected', 'rejected'],
    [402, 'octane-error', 'rejected'],
    [403, 'octane-access-denied', 'rejected'],
    [404, 'customer-not-found', 'rejected'],
    [405, 'octane-error', 'rejected'],
    [407, 'octane-error', 'rejected'],
    [408, 'octane-error', 'rejected'],
    [409, 'octane-rejected', 'rejected'],
    [410, 'octane-error', 'rejected'],
    [413, 'octane-error', 'rejected'],
    [415, 'octane-error', 'rejected'],
    [418, 'octane-error', 'rejected'],
    [422, 'octane-rejected', 'rejected'],
    [429, 'octane-unavailable', 'rejected'],
    [451, 'octane-error', 'rejected'],
    [499, 'octane-error', 'rejected'],
    [500, 'octane-error', 'unknown'],
    [501, 'octane-error', 'unknown'],
    [502, 'octane-error', 'unknown'],
    [503, 'octane-unavailable', 'unknown'],
    [504, 'octane-error', 'unknown'],
    [511, 'octane-error', 'unknown'],
    [599, 'octane-error', 'unknown'],
  ];
  const OF_DIRECT_DEBIT: typeof OF_BOTH = [201, 202, 203, 204, 206, 299].map(
    (status) => [status, 'octane-contract-violation', 'applied'] as const,
  );
  const TABLE = [
    ...OPERATIONS.flatMap((operation) => OF_BOTH.map((row) => [operation, ...row] as const)),
    ...OF_DIRECT_DEBIT.map((row) => ['direct debit', ...row] as const),
  ];

  it.each(TABLE)('to a %s with %i is %s, %s', async (operation, status, code, outcome) => {
    gateway.octane.script = (_hit, response) =>
      response
        .writeHead(status, {
          location: `${gateway.octane.baseUrl}/elsewhere`,
          'content-type': 'application/json',
        })
        .end(status === 204 || status === 304 ? '' : '{"directDebit":{"directDebitType":"OFF"}}');
    const retryable = outcome === 'unknown' ? operation === 'direct debit' : status === 429;
    expectRefusal(await call(gateway, operation), code, outcome, retryable);
    const isRetried = operation === 'direct debit' && [429, 502, 503, 504].includes(status);
    expect(gateway.octane.hits).toHaveLength(isRetried ? 3 : 1);
    await expectRecovery(gateway, operation);
  });

  const interim = (status: number, line = ''): string => `HTTP/1.1 ${status} Wait\r\n${line}\r\n`;
  const INTERIM: Readonly<Record<string, string>> = {
    'a 100': interim(100),
    'a 102 and a 103': interim(102) + interim(103, 'Link: </x>; rel=preload\r\n'),
    'a 199': interim(199, 'X-Padding: x\r\n'),
    'a 100 of HTTP/1.0 without a reason': 'HTTP/1.0 100\r\n\r\n',
    'a 100 after an empty line': `\r\n${interim(100)}`,
    'a 100 that speaks of a body': interim(100, 'Content-Length: 5\r\nConnection: close\r\n'),
    'two hundred of them': interim(100).repeat(100) + interim(103).repeat(100),
  };
  const INTERIM_CASES = OPERATIONS.flatMap((operation) =>
    Object.entries(INTERIM).map(([what, bytes]) => [operation, what, bytes] as const),
  );

  it.each(INTERIM_CASES)('to a %s may come after %s, at once or bit by bit', async (operation, _, bytes) => {
    const ways: Record<string, Script> = {
      'in one packet with the answer': (hit, response, socket) => {
        socket.cork();
        socket.write(bytes);
        answerProperly(hit, response, socket);
        socket.uncork();
      },
      'in packets of a few bytes': (hit, response, socket) => {
        const size = Math.ceil(bytes.length / 40);
        const sendFrom = (at: number): void => {
          if (at >= bytes.length) return answerProperly(hit, response, socket);
          socket.write(bytes.slice(at, at + size), () => setImmediate(() => sendFrom(at + size)));
        };
        sendFrom(0);
      },
    };
    // The second call is on the connection of the first.
    for (const script of Object.values(ways)) {
      gateway.octane.script = script;
      expect((await call(gateway, operation)).status).toBe(properStatus(operation));
    }
    expect(gateway.octane.hits).toHaveLength(2);
  });

  const BROKEN: Readonly<Record<string, Script>> = {
    'nothing, and a reset': octane((_hit, _response, socket) => socket.resetAndDestroy()),
    'nothing, and the end': octane((_hit, _response, socket) => socket.end()),
    'half a status line, and the end': octane((_hit, _response, socket) => socket.end('HTTP/1.')),
    'half the headers, and the end': octane((_hit, _response, socket) =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Type: applic'),
    ),
    'half the headers, and a reset': octane((_hit, _response, socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: applic', () => socket.resetAndDestroy()),
    ),
    'another protocol': octane((_hit, _response, socket) => socket.end('SSH-2.0-OpenSSH_9.2p1\r\n')),
    'a TLS alert': octane((_hit, _response, socket) =>
      socket.end(Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28])),
    ),
    'two lengths': octane((_hit, _response, socket) =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}'),
    ),
    'headers that never stop': octane((_hit, _response, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${`X-Padding: ${'x'.repeat(1000)}\r\n`.repeat(100)}`);
    }),
    'another protocol on request': octane((_hit, _response, socket) =>
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'),
    ),
    'half an interim answer, and the end': octane((_hit, _response, socket) =>
      socket.end('HTTP/1.1 100 Continue\r\n'),
    ),
    'an interim answer that never stops': octane((_hit, _response, socket) => {
      socket.write(`HTTP/1.1 100 Continue\r\n${`X-Padding: ${'x'.repeat(1000)}\r\n`.repeat(100)}`);
    }),
    'an interim answer with other line ends': octane((_hit, _response, socket) =>
      socket.end('HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\n\n'),
    ),
    'an interim answer with a body': octane((_hit, _response, socket) =>
      socket.end('HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello'),
    ),
  };
  const BROKEN_BODY: Readonly<Record<string, Script>> = {
    'half a body, and the end': octane((hit, response, socket) => {
      response.writeHead(200, { 'content-length': Buffer.byteLength(hit.body) + 1 });
      response.write(hit.body, () => socket.end());
    }),
    'half a body, and a reset': octane((hit, response, socket) => {
      response.writeHead(200, { 'content-length': Buffer.byteLength(hit.body) + 1 });
      response.write(hit.body, () => socket.resetAndDestroy());
    }),
    'a whole body in chunks without the last one': octane((hit, response, socket) => {
      response.writeHead(200);
      response.write(hit.body, () => socket.end());
    }),
    'a chunk that is none': octane((_hit, _response, socket) =>
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'),
    ),
  };
  const BREAKS = [
    ...OPERATIONS.flatMap((operation) =>
      Object.entries(BROKEN).map(([what, script]) => [operation, what, script] as const),
    ),
    ...Object.entries(BROKEN_BODY).map(([what, script]) => ['direct debit', what, script] as const),
  ];

  /** Where the connection itself broke, a direct debit is tried again; where what came over it was no HTTP, it is not. */
  const isBreak = (what: string): boolean => /end$|reset$|last one$|on request$/.test(what);

  it.each(BREAKS)('to a %s that is %s is octane-error, unknown', async (operation, what, script) => {
    gateway.octane.script = script;
    expectRefusal(await call(gateway, operation), 'octane-error', 'unknown', operation === 'direct debit');
    expect(gateway.octane.hits).toHaveLength(operation === 'direct debit' && isBreak(what) ? 3 : 1);
    await expectRecovery(gateway, operation);
  });

  const VIOLATIONS: Readonly<Record<string, Script>> = {
    'of more than 64 KiB in chunks': octane((hit, response) => {
      response.writeHead(200);
      for (const part of [hit.body, ' '.repeat(32 * 1024), ' '.repeat(32 * 1024)]) response.write(part);
      response.end();
    }),
    'without end': octane((_hit, response) => {
      response.writeHead(200);
      const more = (): void =>
        void (response.destroyed || response.write(' '.repeat(1024), () => setImmediate(more)));
      more();
    }),
    'that is a web page': octane((_hit, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>');
    }),
  };

  it.each(Object.entries(VIOLATIONS))(
    'with a body %s breaks the contract of the direct debit',
    async (_, script) => {
      gateway.octane.script = script;
      expectRefusal(await call(gateway, 'direct debit'), 'octane-contract-violation', 'applied', false);
      expect(gateway.octane.hits).toHaveLength(1);
      await expectRecovery(gateway, 'direct debit');
    },
  );
});

describe('an Octane that keeps the gateway waiting', () => {
  const drip = (head: string, drop: string): Script =>
    octane((_hit, _response, socket) => {
      socket.write(head);
      const timer = setInterval(() => socket.write(drop), 20);
      socket.on('close', () => clearInterval(timer));
    });
  const OK = 'HTTP/1.1 200 OK\r\n';
  const HANGS: readonly (readonly [what: string, operation: Operation, script: Script])[] = [
    ...OPERATIONS.flatMap((operation) => [
      ['before the headers', operation, octane(() => {})] as const,
      [
        'in the headers',
        operation,
        octane((_hit, _response, socket) => socket.write(`${OK}Content-Ty`)),
      ] as const,
      ['with slow headers', operation, drip(OK, 'X-Drop: 1\r\n')] as const,
      ['with interim answers', operation, drip('', 'HTTP/1.1 102 Processing\r\n\r\n')] as const,
    ]),
    [
      'in the body',
      'direct debit',
      octane((hit, response) => response.writeHead(200, { 'content-length': 1000 }).write(hit.body)),
    ],
    ['with a slow body', 'direct debit', drip(`${OK}Content-Length: 60000\r\n\r\n`, ' ')],
  ];

  let gateway: TestGateway;
  let answers: Answer[];
  beforeAll(async () => {
    gateway = await TestGateway.start({ environment: { OCTANE_TIMEOUT_MS: '1000' } });
    const token = await gateway.issuer.token({ claims: { client_id: 'billing-service' } });
    // All at once, since each takes its time: the customer's number tells which one it is.
    gateway.octane.script = (hit, response, socket) => {
      const [, custno] = /customer\/(\d+)/.exec(hit.path)!;
      HANGS[Number(custno) - 1]![2](hit, response, socket);
    };
    answers = await Promise.all(
      HANGS.map(([, operation], index) =>
        operation === 'direct debit'
          ? gateway.setDirectDebit(undefined, { token, path: `/v1/customers/${index + 1}/direct-debit` })
          : gateway.sendWelcomeEmail({ token, path: `/v1/customers/${index + 1}/send-welcome-email` }),
      ),
    );
  });
  afterAll(() => gateway.stop());

  it.each(HANGS.map(([what, operation], index) => ({ what, operation, index })))(
    '$what has had its time for a $operation',
    ({ operation, index }) => {
      expectRefusal(answers[index]!, 'octane-timeout', 'unknown', operation === 'direct debit');
    },
  );

  it('was asked once each time', () => {
    expect(gateway.octane.hits).toHaveLength(HANGS.length);
  });

  it('has sent the welcome email once its headers are there', async () => {
    gateway.octane.script = (_hit, response) =>
      response.writeHead(200, { 'content-length': 1000 }).write('{');
    expect((await gateway.sendWelcomeEmail()).status).toBe(204);
  });

  it.each(OPERATIONS)('is asked the next %s', (operation) => expectRecovery(gateway, operation));
});

describe('an Octane that cannot be reached', () => {
  const started: { close: () => unknown }[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((server) => server.close()));
  });

  async function gatewayWith(environment: Record<string, string>): Promise<TestGateway> {
    const gateway = await TestGateway.start({ environment });
    started.push({ close: () => gateway.stop() });
    return gateway;
  }

  /** A port where every connection is accepted and nothing is ever said. */
  async function silentPort(): Promise<number> {
    const server: Server = createServer((socket) => started.push({ close: () => socket.destroy() }));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    started.push({ close: () => server.close() });
    return (server.address() as AddressInfo).port;
  }

  async function closedPort(): Promise<number> {
    const port = await ReservedPort.claim();
    started.push({ close: () => port.release() });
    return port.number;
  }

  async function plainPort(): Promise<number> {
    const plain = await ScriptedOctane.start();
    started.push({ close: () => plain.stop() });
    return Number(new URL(plain.baseUrl).port);
  }

  it.each([
    ['refuses the connection', async () => ({ OCTANE_BASE_URL: `http://127.0.0.1:${await closedPort()}` })],
    [
      'has no address',
      async () => ({ OCTANE_BASE_URL: 'https://nowhere.invalid', OCTANE_CONNECT_TIMEOUT_MS: '1000' }),
    ],
    ['speaks no TLS', async () => ({ OCTANE_BASE_URL: `https://127.0.0.1:${await plainPort()}` })],
    [
      'does not finish connecting in time',
      async () => ({
        OCTANE_BASE_URL: `https://127.0.0.1:${await silentPort()}`,
        OCTANE_CONNECT_TIMEOUT_MS: '100',
      }),
    ],
    [
      'does not finish connecting within the budget',
      async () => ({ OCTANE_BASE_URL: `https://127.0.0.1:${await silentPort()}`, OCTANE_TIMEOUT_MS: '100' }),
    ],
  ] satisfies [string, () => Promise<Record<string, string>>][])(
    'because it %s',
    async (_, environment) => {
      const gateway = await gatewayWith(await environment());
      for (const operation of OPERATIONS) {
        expectRefusal(await call(gateway, operation), 'octane-unreachable', 'not-sent', true);
      }
      expect(gateway.octane.hits).toHaveLength(0);
    },
    30_000,
  );
});
