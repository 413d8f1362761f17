import assert from 'node:assert/strict';
import { expectAnswerHeaders, expectProblem } from './support/expect-problem.ts';
import { eventually } from './support/eventually.ts';
import { TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import type { Answer, Call } from './support/gateway.ts';
import { RawConnection, requestText, sendRaw } from './support/raw-connection.ts';

const PATH = '/v1/customers/700123/direct-debit';
const BODY = JSON.stringify({ directDebit: VALID_DIRECT_DEBIT });
const KIB = 1024;

let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await TestGateway.start();
  token = await gateway.issuer.token();
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.octane.reset());
/** Nothing but a test that says so lets anything through to Octane. */
let expectedHits = 0;
beforeEach(() => {
  expectedHits = 0;
});
afterEach(() => assert.equal(gateway.octane.hits.length, expectedHits, 'what Octane received'));

describe('routes', () => {
  it.each([
    ['POST', '/'],
    ['GET', '/v1'],
    ['POST', '/v1/customers/700123'],
    ['POST', `${PATH}/`],
    ['POST', `/${PATH}`],
    ['POST', `/v2${PATH.slice(3)}`],
    ['POST', '/V1/customers/700123/direct-debit'],
    ['POST', '/v1/Customers/700123/direct-debit'],
    ['POST', '/v1/customers/700123/Direct-Debit'],
    ['POST', '/v1/customers/700123/direct_debit'],
    ['POST', '/v1/customers//direct-debit'],
    ['POST', '/v1/customers/700123/../700124/direct-debit'],
    ['POST', `${PATH};groupno=2002`],
    ['POST', `${PATH}%2f`],
    ['POST', '/v1/customers/700123%2fdirect-debit'],
    ['POST', '/v1/customers/700123/direct%2Ddebit'],
    ['POST', '/v1/%63ustomers/700123/direct-debit'],
    ['POST', `${PATH}#`],
    ['POST', `${PATH}#fragment`],
    ['POST', `${PATH}?query#fragment`],
    ['POST', '/v1/customers/700123#/direct-debit'],
    ['GET', '/problems#'],
    ['GET', '/problems/not-found#action'],
    ['GET', '/docs#/direct-debit'],
    ['GET', '/openapi.json#/paths'],
    ['PUT', `${PATH}#`],
    ['GET', '/Problems'],
    ['GET', '/problems/'],
    ['GET', '/problems/no-such-problem'],
    ['GET', '/openapi.json/'],
    ['GET', '/health/live'],
    ['GET', '/health/ready'],
    ['GET', '/metrics'],
    ['PUT', '/no-such-path'],
  ])('%s %s leads nowhere', async (method, path) => {
    for (const sent of [undefined, token]) {
      const answer = await gateway.call({ method, path, ...(sent !== undefined && { token: sent }) });
      expectProblem(answer, 404, 'not-found');
    }
  });

  it.each([
    ['GET', PATH, 'POST'],
    ['HEAD', PATH, 'POST'],
    ['PUT', PATH, 'POST'],
    ['PATCH', PATH, 'POST'],
    ['DELETE', PATH, 'POST'],
    ['OPTIONS', PATH, 'POST'],
    ['TRACE', PATH, 'POST'],
    ['PROPFIND', PATH, 'POST'],
    ['GET', '/v1/customers/me/send-welcome-email', 'POST'],
    ['GET', `${PATH}?x=1`, 'POST'],
    ['POST', '/openapi.json', 'GET, HEAD'],
    ['POST', '/problems', 'GET, HEAD'],
    ['DELETE', '/problems/not-found', 'GET, HEAD'],
  ])('%s %s is not allowed, but %s is', async (method, path, allow) => {
    const answer = await gateway.call({ method, path });
    expect({ status: answer.status, allow: answer.headers.allow }).toEqual({ status: 405, allow });
    if (method === 'HEAD') expectAnswerHeaders(answer);
    else expectProblem(answer, 405, 'method-not-allowed');
  });

  it.each([
    [404, 'not-found', '/no-such-path'],
    [405, 'method-not-allowed', PATH],
  ])('answer %i %s before a body is looked at', async (status, code, path) => {
    for (const [type, body] of [
      ['application/json', '{'],
      ['application/xml', '<a/>'],
      ['text/plain', 'x'.repeat(20 * KIB)],
      ['application/json', 'x'.repeat(2 * KIB * KIB)],
    ] as const) {
      const methods =
        status === 404 ? ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] : ['PUT', 'PATCH', 'DELETE'];
      for (const method of methods) {
        const answer = await gateway.call({ method, path, body, headers: { 'content-type': type } });
        expectProblem(answer, status, code);
      }
    }
  });

  it('take an absolute URL', async () => {
    const request = requestText('GET http://gateway/problems/not-found HTTP/1.1');
    expect((await sendRaw(gateway.port, request)).json.code).toBe('not-found');
  });

  it('take HTTP/1.0 without a Host', async () => {
    const request = requestText('GET /problems/not-found HTTP/1.0', []);
    expect((await sendRaw(gateway.port, request)).status).toBe(200);
  });
});

describe('bodies', () => {
  const set = (call: Partial<Call>): Promise<Answer> => gateway.setDirectDebit(undefined, { token, ...call });

  it.each([
    'application/json',
    'Application/JSON',
    'application/json;charset=UTF-8',
    'application/json; charset=utf-8',
    'application/json; charset="utf-8"',
    'application/json ; charset=UTF8',
    'application/json; profile="https://example.com/p"',
  ])('may be declared as %s', async (type) => {
    expect((await set({ body: BODY, headers: { 'content-type': type } })).status).toBe(200);
    expectedHits = 1;
  });

  it.each([
    'text/plain',
    'text/json',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/problem+json',
    'application/json; charset=iso-8859-1',
    'application/json; charset=utf-16',
    'application/json; charset=""',
    'application/json, text/plain',
    'application/',
    'json',
    '*/*',
    '',
  ])('may not be declared as "%s"', async (type) => {
    expectProblem(
      await set({ body: BODY, headers: { 'content-type': type } }),
      415,
      'unsupported-media-type',
    );
  });

  it.each([
    ['the same twice', ['application/json', 'application/json']],
    ['JSON and another', ['application/json', 'text/plain']],
    ['another and JSON', ['text/plain', 'application/json']],
    ['JSON and nothing', ['application/json', '']],
    ['three', ['application/json', 'application/json', 'application/json']],
  ])('may not be declared more than once: %s', async (_, types) => {
    const headers = { 'content-type': types };
    expectProblem(await set({ body: BODY, headers }), 400, 'invalid-request');
    expectProblem(await gateway.sendWelcomeEmail({ token, headers }), 400, 'invalid-request');
    // Whose body is not looked at is told nothing of its headers.
    expectProblem(await gateway.call({ path: PATH, body: BODY, headers }), 401, 'authentication-required');
  });

  it('may be declared in 256 characters and no more: to read them takes their square', async () => {
    const typeOf = (length: number): string => 'application/json; a='.padEnd(length, 'b');
    expect((await set({ body: BODY, headers: { 'content-type': typeOf(256) } })).status).toBe(200);
    expectedHits = 1;
    for (const type of [typeOf(257), `application/json${' '.repeat(10_000)}x`]) {
      expectProblem(
        await set({ body: BODY, headers: { 'content-type': type } }),
        415,
        'unsupported-media-type',
      );
    }
  });

  it.each([[['a', 'b']], [['a', 'a']], [['"a', 'b"']], [['"a"', '"a"']]])(
    'may not come with several Idempotency-Keys: %j',
    async (keys) => {
      const headers = { 'idempotency-key': keys };
      expectProblem(await set({ body: BODY, headers }), 400, 'invalid-request');
      expectProblem(await gateway.sendWelcomeEmail({ token, headers }), 400, 'invalid-request');
    },
  );

  it('must be declared', async () => {
    const headers = ['Host: gateway', `Authorization: Bearer ${token}`, `Content-Length: ${BODY.length}`];
    const answer = await sendRaw(gateway.port, requestText(`POST ${PATH} HTTP/1.1`, headers, BODY));
    expectProblem(answer, 415, 'unsupported-media-type');
  });

  it.each(['gzip', 'deflate', 'br', 'GZIP', 'identity, gzip', 'x'])(
    'may not be encoded in %s',
    async (encoding) => {
      const answer = await set({ body: BODY, headers: { 'content-encoding': encoding } });
      expectProblem(answer, 415, 'unsupported-media-type');
    },
  );

  it('may be encoded in identity', async () => {
    expect((await set({ body: BODY, headers: { 'content-encoding': 'identity' } })).status).toBe(200);
    expectedHits = 1;
  });

  it.each([
    ['declared', 16 * KIB, 200],
    ['declared', 16 * KIB + 1, 413],
    ['declared', 20 * KIB * KIB, 413],
    ['in chunks', 16 * KIB, 200],
    ['in chunks', 16 * KIB + 1, 413],
    ['in chunks', 200 * KIB, 413],
  ])('%s with %i bytes are answered with %i', async (how, bytes, status) => {
    const connection = await RawConnection.open(gateway.port);
    const length = how === 'declared' ? `Content-Length: ${bytes}` : 'Transfer-Encoding: chunked';
    const json = 'Content-Type: application/json';
    const headers = ['Host: gateway', `Authorization: Bearer ${token}`, json, length];
    connection.write(requestText(`POST ${PATH} HTTP/1.1`, headers));
    // Of a declared body that is far too large not a byte is needed for the refusal.
    const body = bytes > KIB * KIB ? '' : BODY.padEnd(bytes);
    connection.write(how === 'declared' ? body : `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    const answer = await connection.answer();
    expect([answer.status, answer.json.code]).toEqual([
      status,
      status === 413 ? 'payload-too-large' : undefined,
    ]);
    expectedHits = status === 200 ? 1 : 0;
    connection.socket.destroy();
  });

  it.each([
    '',
    ' ',
    '{',
    '{"directDebit":{}',
    `${BODY}x`,
    `${BODY}${BODY}`,
    "{'directDebit':{}}",
    '{"directDebit":{},}',
    '{"directDebit":NaN}',
    '{"directDebit":0x10}',
    '{"directDebit":"\u0001"}',
    '// comment\n{}',
    'undefined',
    `"\\ud83d`,
  ])('must be JSON, not %j', async (body) => {
    expectProblem(await set({ body }), 400, 'malformed-json');
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['Latin-1', [0xe9]],
    ['a cut character', [0xe2, 0x82]],
  ])('must be UTF-8 without %s', async (_, bytes) => {
    const [before, after] = JSON.stringify({
      directDebit: { ...VALID_DIRECT_DEBIT, ddPaymentDay: '|' },
    }).split('|');
    const body = Buffer.concat([Buffer.from(before!), Buffer.from(bytes), Buffer.from(after!)]);
    const headers = [
      'Host: gateway',
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ];
    const head = Buffer.from(requestText(`POST ${PATH} HTTP/1.1`, headers));
    expectProblem(await sendRaw(gateway.port, Buffer.concat([head, body])), 400, 'malformed-json');
  });

  it('in UTF-16 are not JSON', async () => {
    const body = Buffer.from(BODY, 'utf16le').toString('latin1');
    expectProblem(await set({ body }), 400, 'malformed-json');
  });

  it.each(['[]', 'null', 'true', '0', '"{}"', '[{"directDebit":{}}]'])(
    'must be an object, not %s',
    async (body) => {
      expectProblem(await set({ body }), 422, 'validation-failed', {
        errors: [{ pointer: '#', code: 'type', detail: expect.any(String) }],
      });
    },
  );

  it('with repeated names count for the last', async () => {
    const repeated = BODY.replace('{"directDebit":', '{"directDebit":{"directDebitType":"x"},"directDebit":');
    const answer = await set({
      body: repeated.replace('"ddPaymentDay":', '"ddPaymentDay":"99","ddPaymentDay":'),
    });
    expect({ status: answer.status, json: answer.json }).toEqual({ status: 200, json: JSON.parse(BODY) });
    expect(gateway.octane.hits[0]?.body).toBe(BODY);
    expectedHits = 1;
    const last = await set({
      body: BODY.replace('"ddPaymentDay":', '"ddPaymentDay":"15","ddPaymentDay":9,"x":'),
    });
    expect(last.status).toBe(422);
  });

  it.each([
    [
      '{"directDebit":{"directDebitType":"OFF","ddNotificationFlag":"N","ddSpecialPaymentAmount":1e400}}',
      'type',
    ],
    [
      '{"directDebit":{"directDebitType":"OFF","ddNotificationFlag":"N","ddSpecialPaymentAmount":-1e400}}',
      'type',
    ],
    [
      '{"directDebit":{"directDebitType":"OFF","ddNotificationFlag":"N","ddSpecialRequiredCount":1e400}}',
      'type',
    ],
  ])('have finite numbers: %s', async (body, code) => {
    const answer = await set({ body });
    expectProblem(answer, 422, 'validation-failed', {
      errors: [{ pointer: expect.stringMatching(/ddSpecial/), code, detail: expect.any(String) }],
    });
  });

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'then', 'hasOwnProperty', '$ref'])(
    'have no property %s',
    async (name) => {
      const outside = await set({ body: BODY.replace('{', `{"${name}":{"directDebitType":"OFF"},`) });
      const inside = await set({ body: BODY.replace('":{', `":{"${name}":{"x":1},`) });
      for (const [answer, pointer] of [
        [outside, `#/${name}`],
        [inside, `#/directDebit/${name}`],
      ] as const) {
        expectProblem(answer, 422, 'validation-failed', {
          errors: [{ pointer, code: 'unknown_property', detail: expect.any(String) }],
        });
      }
      expect(({} as Record<string, unknown>)['directDebitType']).toBeUndefined();
    },
  );

  it('may be nested deeply, and are refused', async () => {
    const deep = '['.repeat(8000) + ']'.repeat(8000);
    expectProblem(await set({ body: deep }), 422, 'validation-failed', { errors: expect.any(Array) });
    expectProblem(await set({ body: `{"directDebit":${deep}}` }), 422, 'validation-failed', {
      errors: expect.any(Array),
    });
  });
});

describe('messages that are no proper HTTP', () => {
  const padding = 'x'.repeat(17 * KIB);
  const post = (headers: readonly string[], body = ''): string =>
    requestText(`POST ${PATH} HTTP/1.1`, ['Host: gateway', ...headers], body);

  it.each([
    ['an unknown method', requestText('FOO / HTTP/1.1'), 501, 'invalid-request'],
    ['a method in lower case', requestText(`post ${PATH} HTTP/1.1`), 501, 'invalid-request'],
    ['CONNECT', requestText('CONNECT octane.example:443 HTTP/1.1'), 501, 'invalid-request'],
    ['an unknown version', requestText('GET /problems HTTP/3.0'), 505, 'invalid-request'],
    ['HTTP/2 in the clear', requestText('GET /problems HTTP/2.0'), 505, 'invalid-request'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'invalid-request'],
    [
      'a header that is too long',
      requestText('GET /problems HTTP/1.1', ['Host: gateway', `X-A: ${padding}`]),
      431,
      'headers-too-large',
    ],
    [
      'too many headers',
      requestText('GET /problems HTTP/1.1', [
        'Host: gateway',
        ...Array.from({ length: 2000 }, (_, n) => `X-${n}: 12345678`),
      ]),
      431,
      'headers-too-large',
    ],
    ['a URL that is too long', requestText(`GET /${padding} HTTP/1.1`), 414, 'invalid-request'],
    ['a URL without end', `GET /${padding}${padding}`, 414, 'invalid-request'],
    ['no Host', requestText('GET /problems HTTP/1.1', []), 400, 'invalid-request'],
    ['two Hosts', requestText('GET /problems HTTP/1.1', ['Host: a', 'Host: b']), 400, 'invalid-request'],
    ['an unknown expectation', post(['Expect: 200-ok', 'Content-Length: 2'], '{}'), 417, 'invalid-request'],
    [
      'a length and chunks',
      post(['Content-Length: 2', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
      400,
      'invalid-request',
    ],
    [
      'chunks and a length',
      post(['Transfer-Encoding: chunked', 'Content-Length: 2'], '0\r\n\r\n'),
      400,
      'invalid-request',
    ],
    ['two lengths', post(['Content-Length: 2', 'Content-Length: 3'], '{}'), 400, 'invalid-request'],
    ['a negative length', post(['Content-Length: -2'], '{}'), 400, 'invalid-request'],
    ['a length with a sign', post(['Content-Length: +2'], '{}'), 400, 'invalid-request'],
    [
      'chunks that are not the last coding',
      post(['Transfer-Encoding: chunked, gzip'], '0\r\n\r\n'),
      400,
      'invalid-request',
    ],
    ['a blank before the colon', post(['Content-Length : 2'], '{}'), 400, 'invalid-request'],
    ['a folded header', post(['X-A: 1\r\n 2']), 400, 'invalid-request'],
    ['a header name with a blank', post(['X A: 1']), 400, 'invalid-request'],
    ['a header without a colon', post(['X-A']), 400, 'invalid-request'],
    ['a control character in a header', post(['X-A: a\u0001b']), 400, 'invalid-request'],
    ['a bare line feed in a header', post(['X-A: a\nX-B: b']), 400, 'invalid-request'],
    ['a blank in the URL', requestText('GET /a b HTTP/1.1'), 400, 'invalid-request'],
    ['bytes that are not ASCII in the URL', requestText('GET /\u00e9 HTTP/1.1'), 400, 'invalid-request'],
    [
      'bad percent-encoding',
      requestText('POST /v1/customers/%zz/direct-debit HTTP/1.1'),
      400,
      'invalid-request',
    ],
    [
      'percent-encoded bytes that are not UTF-8',
      requestText('GET /problems/%ff HTTP/1.1'),
      400,
      'invalid-request',
    ],
    [
      'a TLS handshake',
      Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00]),
      400,
      'invalid-request',
    ],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2p1\r\n', 400, 'invalid-request'],
  ] satisfies [string, string | Buffer, number, string][])(
    'with %s are refused',
    async (_, bytes, status, code) => {
      expectProblem(await sendRaw(gateway.port, bytes), status, code);
    },
  );

  it.each([
    ['a chunk size that is none', ['Transfer-Encoding: chunked'], 'zz\r\n{}\r\n0\r\n\r\n'],
    ['a chunk longer than its size', ['Transfer-Encoding: chunked'], '1\r\n{}\r\n0\r\n\r\n'],
  ])('with %s are refused and logged once', async (_, headers, body) => {
    const all = [`Authorization: Bearer ${token}`, 'Content-Type: application/json', ...headers];
    const before = gateway.log.length;
    const answer = await sendRaw(gateway.port, post(all, body));
    expectProblem(answer, 400, 'invalid-request');
    const line = await eventually(() =>
      gateway.log.slice(before).find((entry) => entry.includes('request completed')),
    );
    expect(JSON.parse(line)).toMatchObject({
      requestId: answer.json.instance,
      status: 400,
      client: 'selfcare-app',
    });
    await gateway.call({ method: 'GET', path: '/problems' });
    expect(gateway.log.slice(before)).toHaveLength(2);
  });

  it('with a coding that is not known are refused', async () => {
    const all = [
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      'Transfer-Encoding: gzip, chunked',
    ];
    expectProblem(await sendRaw(gateway.port, post(all, '2\r\n{}\r\n0\r\n\r\n')), 501, 'invalid-request');
  });

  it('do not take the place of the answer to the request before them', async () => {
    const headers = [
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      `Content-Length: ${BODY.length}`,
    ];
    const connection = await RawConnection.open(gateway.port);
    let answerNow: (() => void) | undefined;
    gateway.octane.script = (hit, response) => {
      answerNow = () => response.writeHead(200).end(hit.body);
    };
    connection.write(`${post(headers, BODY)}NO HTTP\r\n\r\n`);
    (await eventually(() => answerNow))();
    expect((await connection.answer()).status).toBe(200);
    await connection.end();
    expectedHits = 1;
  });

  it('do no harm when the sender hangs up at once', async () => {
    for (const bytes of [
      requestText('CONNECT octane.example:443 HTTP/1.1'),
      requestText('FOO / HTTP/1.1'),
      post(['Content-Length: 5'], '{'),
    ]) {
      for (let round = 0; round < 5; round += 1) {
        const { socket } = (await RawConnection.open(gateway.port)).write(bytes);
        socket.resetAndDestroy();
      }
    }
    expect((await gateway.call({ method: 'GET', path: '/problems' })).status).toBe(200);
  });
});

describe('request ids', () => {
  it.each(['a', 'A-1._z', '0af7651916cd43dd8448eb211c80319c', '.', 'x'.repeat(128)])(
    'are those of the app: %s',
    async (id) => {
      const answers = await Promise.all([
        gateway.call({ method: 'GET', path: '/problems', headers: { 'x-request-id': id } }),
        gateway.call({ method: 'GET', path: '/nowhere', headers: { 'x-request-id': id } }),
        sendRaw(gateway.port, requestText('POST /%zz HTTP/1.1', ['Host: gateway', `X-Request-Id: ${id}`])),
        sendRaw(gateway.port, requestText('CONNECT a:1 HTTP/1.1', ['Host: gateway', `X-Request-Id: ${id}`])),
        sendRaw(
          gateway.port,
          requestText('GET / HTTP/1.1', ['Host: gateway', `X-Request-Id: ${id}`, 'Expect: x']),
        ),
      ]);
      for (const answer of answers) expectAnswerHeaders(answer, id);
    },
  );

  it.each(['', 'x'.repeat(129), 'a b', 'a/b', 'a,b', 'é', '<b>', '"', 'a:1', '{}', '%0a'])(
    'are replaced when they are "%s"',
    async (id) => {
      const headers = ['Host: gateway', `X-Request-Id: ${id}`];
      const answer = await sendRaw(
        gateway.port,
        Buffer.from(requestText('GET /nowhere HTTP/1.1', headers), 'latin1'),
      );
      expectProblem(answer, 404, 'not-found');
    },
  );

  it('are replaced when there are two', async () => {
    const answer = await gateway.call({
      method: 'GET',
      path: '/problems',
      headers: { 'x-request-id': ['a', 'b'] },
    });
    expectAnswerHeaders(answer);
  });

  it('differ from request to request', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => gateway.call({ method: 'GET', path: '/nowhere' })));
    expect(new Set(answers.map(({ json }) => json.instance)).size).toBe(3);
  });
});

it.each([
  ['GET', '/problems', 200],
  ['HEAD', '/problems', 200],
  ['GET', '/problems/not-found', 200],
  ['GET', '/openapi.json', 200],
  ['POST', PATH, 200],
  ['POST', '/v1/customers/me/send-welcome-email', 204],
])('%s %s has the headers of every answer, and nobody else’s', async (method, path, status) => {
  const answer = await gateway.call({ method, path, token, ...(path === PATH && { body: BODY }) });
  expect(answer.status).toBe(status);
  expectAnswerHeaders(answer);
  for (const name of ['server', 'x-powered-by', 'etag', 'set-cookie', 'access-control-allow-origin']) {
    expect(answer.headers).not.toHaveProperty(name);
  }
  expectedHits = method === 'POST' ? 1 : 0;
});

describe('a connection', () => {
  const small = BODY.padEnd(10 * KIB);
  const refused: readonly (readonly [string, readonly string[], string, number])[] = [
    ['without a token', [], small, 401],
    ['of another type', [`Content-Type: text/plain`], small, 415],
    ['that is too large', ['Content-Type: application/json'], BODY.padEnd(100 * KIB), 413],
  ];

  it.each(refused)('goes on behind a refused body %s', async (_, headers, body, status) => {
    const connection = await RawConnection.open(gateway.port);
    const authorization = status === 401 ? [] : [`Authorization: Bearer ${token}`];
    const all = ['Host: gateway', ...authorization, ...headers];
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    for (const request of [
      requestText(`POST ${PATH} HTTP/1.1`, [...all, `Content-Length: ${body.length}`], body),
      requestText(`POST ${PATH} HTTP/1.1`, [...all, 'Transfer-Encoding: chunked'], chunk),
    ]) {
      const answer = await connection.write(request).answer();
      expect(answer.status).toBe(status);
      const next = await connection.write(requestText('GET /problems/not-found HTTP/1.1')).answer();
      expect({ status: next.status, code: next.json.code }).toEqual({ status: 200, code: 'not-found' });
    }
    connection.socket.destroy();
  });

  it('ends behind a refused body that is too large to drop', async () => {
    const connection = await RawConnection.open(gateway.port);
    const headers = ['Host: gateway', `Content-Length: ${100 * KIB * KIB}`];
    const answer = await connection.write(requestText(`POST ${PATH} HTTP/1.1`, headers)).answer();
    expectProblem(answer, 401, 'authentication-required');
    expect(answer.headers.connection).toBe('close');
    expect(await connection.end()).toBe('');
  });

  it('gives the answers in the order of the requests', async () => {
    const connection = await RawConnection.open(gateway.port);
    const codes = ['not-found', 'overloaded', 'internal-error'];
    connection.write(codes.map((code) => requestText(`GET /problems/${code} HTTP/1.1`)).join(''));
    for (const code of codes) expect((await connection.answer()).json.code).toBe(code);
    connection.socket.destroy();
  });

  it('that the app cuts in its body leaves nothing behind', async () => {
    const connection = await RawConnection.open(gateway.port);
    const headers = [
      'Host: gateway',
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      'X-Request-Id: cut-in-the-body',
      'Content-Length: 1000',
    ];
    connection.write(requestText(`POST ${PATH} HTTP/1.1`, headers, '{'));
    connection.socket.end();
    const lines = await eventually(() => {
      const found = gateway.log.filter((line) => line.includes('cut-in-the-body'));
      return found.length > 0 && found;
    });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        msg: 'request completed',
        status: 400,
        code: 'invalid-request',
        outcome: 'not-sent',
      }),
    ]);
  });

  it('that the app cuts while its token is checked leaves nothing behind', async () => {
    const stranger = await gateway.issuer.token({ header: { kid: 'asked-for-once-more' } });
    let answerNow: (() => void) | undefined;
    gateway.issuer.misbehave = (response) => {
      answerNow = () => response.end(JSON.stringify({ keys: gateway.issuer.keySet }));
    };
    const connection = await RawConnection.open(gateway.port);
    const known = gateway.issuer.keySet;
    gateway.issuer.keySet = [...known, { ...known[0]!, kid: 'asked-for-once-more' }];
    const headers = [
      'Host: gateway',
      `Authorization: Bearer ${stranger}`,
      'Content-Type: application/json',
      'X-Request-Id: cut-before-the-body',
      'Content-Length: 1000',
    ];
    connection.write(requestText(`POST ${PATH} HTTP/1.1`, headers, '{'));
    await eventually(() => answerNow);
    connection.socket.resetAndDestroy();
    await connection.end();
    answerNow!();
    gateway.issuer.misbehave = undefined;
    const line = await eventually(() => gateway.log.find((entry) => entry.includes('cut-before-the-body')));
    expect(JSON.parse(line)).toMatchObject({
      msg: 'request completed',
      client: 'selfcare-app',
      outcome: 'not-sent',
    });
  });
});

describe('the root', () => {
  it('leads a browser to the reference, and is no path to anybody else', async () => {
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';
    for (const method of ['GET', 'HEAD']) {
      const answer = await gateway.call({ method, path: '/?from=mail', headers: { accept } });
      expect([answer.status, answer.headers.location, answer.text]).toEqual([302, 'docs', '']);
      expectAnswerHeaders(answer);
    }
    for (const call of [{ method: 'GET' }, { method: 'POST', headers: { accept } }])
      expectProblem(await gateway.call({ path: '/', ...call }), 404, 'not-found');
  });
});

describe('a gateway without documents', () => {
  it('has nothing at /docs and /openapi.json, and serves on', async () => {
    const closed = await TestGateway.start({
      environment: { DOCS: 'off', KEEP_ALIVE_TIMEOUT_MS: '5000' },
      beside: gateway,
    });
    try {
      for (const path of ['/', '/docs', '/openapi.json', '/docs/', '/docs?x']) {
        for (const method of ['GET', 'HEAD', 'POST']) {
          const answer = await closed.call({ method, path, headers: { accept: 'text/html' } });
          expect({ path, method, status: answer.status, allow: answer.headers.allow }).toEqual({
            path,
            method,
            status: 404,
          });
        }
      }
      for (const path of ['/problems/not-found', '/nothing'])
        expect((await closed.call({ method: 'GET', path })).text).not.toMatch(/openapi|\/docs/i);
      const served = await closed.call({ method: 'GET', path: '/problems' });
      expect([served.status, served.headers['keep-alive']]).toEqual([200, 'timeout=5']);
      expectedHits = 1;
      expect((await closed.sendWelcomeEmail()).status).toBe(204);
    } finally {
      await closed.stop();
    }
  });
});
