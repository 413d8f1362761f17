import { expectProblem } from './support/expect-problem.ts';
import { TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import type { Answer, Call } from './support/gateway.ts';
import { RawConnection, requestText } from './support/raw-connection.ts';

/** A request in the parts that can each be wrong alone. */
interface Parts {
  method: string;
  custno: string;
  route: string;
  /** Values of the Authorization header; undefined: the token of the claims. */
  authorization?: string | string[];
  claims: Record<string, unknown>;
  contentType: string;
  /** What the body holds. */
  content: unknown;
  /** The bytes of the body instead of the content as JSON. */
  text?: string;
  /** Bytes that do not change what the body says. */
  padding: number;
}

const ROUTES = [
  ['direct-debit', { directDebit: VALID_DIRECT_DEBIT }],
  ['send-welcome-email', {}],
] as const;

interface Fault {
  readonly name: string;
  readonly status: number;
  readonly code: string;
  readonly spoil: (parts: Parts) => void;
}

/** One way to be refused at each step, in the order of the steps. */
const FAULTS: readonly Fault[] = [
  { name: 'an unknown path', status: 404, code: 'not-found', spoil: (parts) => (parts.route = 'nothing') },
  {
    name: 'a wrong method',
    status: 405,
    code: 'method-not-allowed',
    spoil: (parts) => (parts.method = 'PUT'),
  },
  {
    name: 'two Authorization headers',
    status: 400,
    code: 'invalid-request',
    spoil: (parts) => (parts.authorization = ['Bearer x', 'Bearer y']),
  },
  {
    name: 'no token',
    status: 401,
    code: 'authentication-required',
    spoil: (parts) => (parts.authorization ??= []),
  },
  {
    name: 'a malformed token',
    status: 401,
    code: 'invalid-token',
    spoil: (parts) => (parts.authorization ??= 'Bearer x'),
  },
  {
    name: 'an expired token',
    status: 401,
    code: 'invalid-token',
    spoil: ({ claims }) => (claims['exp'] = 1),
  },
  {
    name: 'an unknown client',
    status: 403,
    code: 'caller-not-mapped',
    spoil: ({ claims }) => (claims['client_id'] = 'nobody'),
  },
  {
    name: 'a malformed customer number',
    status: 400,
    code: 'invalid-request',
    spoil: (parts) => (parts.custno = '0700123'),
  },
  {
    name: 'no scope',
    status: 403,
    code: 'insufficient-scope',
    spoil: ({ claims }) => (claims['scope'] = 'openid'),
  },
  {
    name: 'another customer',
    status: 403,
    code: 'customer-not-permitted',
    spoil: ({ claims }) => (claims['custno'] = '700124'),
  },
  {
    name: 'another media type',
    status: 415,
    code: 'unsupported-media-type',
    spoil: (parts) => (parts.contentType = 'text/plain'),
  },
  {
    name: 'too large a body',
    status: 413,
    code: 'payload-too-large',
    spoil: (parts) => (parts.padding = 20 * 1024),
  },
  {
    name: 'a body that is no JSON',
    status: 400,
    code: 'malformed-json',
    spoil: (parts) => (parts.text = '{"directDebit": '),
  },
  {
    name: 'a body that breaks a rule',
    status: 422,
    code: 'validation-failed',
    spoil: (parts) => (parts.content = { unknown: 1 }),
  },
];

const PAIRS = FAULTS.flatMap((first, index) =>
  FAULTS.slice(index + 1).map((second) => [first, second] as const),
);

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
  await gateway.sendWelcomeEmail(); // the keys are loaded
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.octane.reset());

function partsOf(route: string, content: unknown): Parts {
  return {
    method: 'POST',
    custno: '700123',
    route,
    claims: {},
    contentType: 'application/json',
    content,
    padding: 0,
  };
}

async function callOf(parts: Parts): Promise<Call> {
  const {
    method,
    custno,
    route,
    claims,
    contentType,
    content,
    text = JSON.stringify(content),
    padding,
  } = parts;
  const authorization = parts.authorization ?? `Bearer ${await gateway.issuer.token({ claims })}`;
  return {
    method,
    path: `/v1/customers/${custno}/${route}`,
    headers: { 'content-type': contentType, ...(authorization.length > 0 && { authorization }) },
    body: text.padEnd(text.length + padding),
  };
}

function expectRefused(answer: Answer, { status, code }: Pick<Fault, 'status' | 'code'>): void {
  const { errors } = answer.json ?? {};
  expect(Array.isArray(errors)).toBe(code === 'validation-failed');
  expectProblem(answer, status, code, errors && { errors });
  expect(gateway.octane.hits).toHaveLength(0);
}

describe.each(ROUTES)('the order of the refusals of %s', (route, content) => {
  it('begins with none for a request that is right', async () => {
    const answer = await gateway.call(await callOf(partsOf(route, content)));
    expect(answer.status).toBeLessThan(300);
    expect(gateway.octane.hits).toHaveLength(1);
  });

  it.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s', async (_, fault) => {
    const parts = partsOf(route, content);
    fault.spoil(parts);
    expectRefused(await gateway.call(await callOf(parts)), fault);
  });

  it.each(PAIRS.map(([first, second]) => [first.name, second.name, first, second] as const))(
    '%s comes before %s',
    async (_first, _second, first, second) => {
      const parts = partsOf(route, content);
      first.spoil(parts);
      second.spoil(parts);
      expectRefused(await gateway.call(await callOf(parts)), first);
    },
  );

  it.each(FAULTS.map((fault, index) => [fault.name, index] as const))(
    '%s comes before all that follow',
    async (_, index) => {
      const parts = partsOf(route, content);
      for (const fault of FAULTS.slice(index)) fault.spoil(parts);
      expectRefused(await gateway.call(await callOf(parts)), FAULTS[index]!);
    },
  );
});

describe('what needs no token', () => {
  it.each([
    ['an unknown path', 'POST', '/v1/customers/700123/nothing', 404, 'not-found'],
    ['a path in other letters', 'POST', '/v1/Customers/700123/direct-debit', 404, 'not-found'],
    ['a slash behind the path', 'POST', '/v1/customers/700123/direct-debit/', 404, 'not-found'],
    ['a wrong method', 'GET', '/v1/customers/700123/direct-debit', 405, 'method-not-allowed'],
    [
      'a wrong method with a malformed number',
      'DELETE',
      '/v1/customers/x/direct-debit',
      405,
      'method-not-allowed',
    ],
  ])('%s', async (_, method, path, status, code) => {
    const answer = await gateway.call({ method, path });
    expectRefused(answer, { status, code });
    expect(answer.headers['www-authenticate']).toBeUndefined();
    expect(answer.headers['allow']).toBe(status === 405 ? 'POST' : undefined);
  });
});

describe('a body is not waited for by a refusal', () => {
  const bad = async (): Promise<string> => 'x.y.z';
  const good =
    (claims = {}) =>
    (): Promise<string> =>
      gateway.issuer.token({ claims });
  const path = '/v1/customers/700123/direct-debit';

  const REFUSALS: [string, number, string, string, () => Promise<string | undefined>][] = [
    ['an unknown path', 404, 'not-found', '/v1/nothing', bad],
    ['no token', 401, 'authentication-required', path, async () => undefined],
    ['a bad token', 401, 'invalid-token', path, bad],
    ['an unknown client', 403, 'caller-not-mapped', path, good({ client_id: 'nobody' })],
    ['a malformed number', 400, 'invalid-request', '/v1/customers/0/direct-debit', good()],
    ['a missing scope', 403, 'insufficient-scope', path, good({ scope: '' })],
    ['another customer', 403, 'customer-not-permitted', path, good({ custno: '1' })],
  ];

  const BODIES: [string, string[], string][] = [
    ['that never comes', ['Content-Type: application/json', 'Content-Length: 100'], ''],
    ['that stops half way', ['Content-Type: application/json', 'Content-Length: 100'], '{"directDebit":'],
    ['without an end', ['Content-Type: application/json', 'Transfer-Encoding: chunked'], '5\r\n12345\r\n'],
    ['of 1 TB', ['Content-Type: application/json', 'Content-Length: 1099511627776'], 'x'.repeat(20_000)],
    ['of another type', ['Content-Type: text/plain', 'Content-Length: 1000'], 'x'],
    [
      'that is compressed',
      ['Content-Type: application/json', 'Content-Encoding: gzip', 'Content-Length: 1000'],
      'x',
    ],
    ['of no type', ['Transfer-Encoding: chunked'], '1\r\nx\r\n'],
    ['that is no JSON', ['Content-Type: application/json', 'Content-Length: 1000'], '}'],
  ];

  it.each(
    REFUSALS.flatMap(([refusal, ...rest]) =>
      BODIES.map(([body, ...sent]) => [refusal, body, ...rest, ...sent] as const),
    ),
  )('for %s: a body %s', async (_refusal, _body, status, code, target, getToken, headers, bytes) => {
    const token = await getToken();
    const authorization = token === undefined ? [] : [`Authorization: Bearer ${token}`];
    const connection = await RawConnection.open(gateway.port);
    connection.write(
      requestText(`POST ${target} HTTP/1.1`, ['Host: gateway', ...authorization, ...headers], bytes),
    );
    expectRefused(await connection.answer(), { status, code });
    connection.socket.destroy();
  });

  it('and a refusal for its media type or its size does not wait for the rest of it', async () => {
    for (const [status, code, headers, bytes] of [
      [415, 'unsupported-media-type', ['Content-Type: text/plain', 'Content-Length: 1000'], ''],
      [413, 'payload-too-large', ['Content-Type: application/json', 'Content-Length: 1099511627776'], ''],
      [
        413,
        'payload-too-large',
        ['Content-Type: application/json', 'Transfer-Encoding: chunked'],
        `4001\r\n${' '.repeat(16_385)}\r\n`,
      ],
    ] as const) {
      const connection = await RawConnection.open(gateway.port);
      const authorization = `Authorization: Bearer ${await gateway.issuer.token()}`;
      connection.write(
        requestText(`POST ${path} HTTP/1.1`, ['Host: gateway', authorization, ...headers], bytes),
      );
      expectRefused(await connection.answer(), { status, code });
      connection.socket.destroy();
    }
  });
});
