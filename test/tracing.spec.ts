import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Metrics } from '../src/telemetry/metrics.ts';
import { Tracing } from '../src/telemetry/tracing.ts';
import { eventually } from './support/eventually.ts';
import { compileGateway, GatewayProcess } from './support/gateway-process.ts';
import { CREDENTIALS, gatewayFileOf, TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { RawConnection, requestText } from './support/raw-connection.ts';
import { answerProperly } from './support/scripted-octane.ts';
import type { Hit } from './support/scripted-octane.ts';
import { TraceReceiver } from './support/trace-receiver.ts';
import type { ReceivedSpan } from './support/trace-receiver.ts';

const DIRECT_DEBIT = 'POST /v1/customers/:custno/direct-debit';
/** Compiling and starting take seconds, and more on a busy machine. */
const SLOW_MS = 120_000;
const WELCOME_EMAIL = 'POST /v1/customers/:custno/send-welcome-email';

let receiver: TraceReceiver;
let gateway: TestGateway;
beforeAll(async () => {
  receiver = await TraceReceiver.start();
  gateway = await TestGateway.start({
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.endpoint}/`, OCTANE_MAX_IN_FLIGHT: '2' },
  });
});
afterAll(async () => {
  await gateway.stop();
  await receiver.stop();
});
beforeEach(() => gateway.octane.reset());

interface AppTrace {
  readonly traceId: string;
  readonly spanId: string;
  readonly headers: { readonly traceparent: string };
}

/** An app that traces. */
function appTrace(flags = '01'): AppTrace {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-${flags}` } };
}

const flushed = (of = gateway): Promise<void> => of.application.get(Tracing, { strict: false }).flush();

/** Everything that was received of a trace, once the span of its request is there, which ends last. */
async function spansOf(traceId: string): Promise<ReceivedSpan[]> {
  return eventually(async () => {
    await flushed();
    const spans = receiver.ofTrace(traceId);
    return spans.some(({ kind }) => kind === 'SERVER') && spans;
  });
}

/** The spans by their place below the request: `parent > name`, in the order in which they began. */
function treeOf(spans: readonly ReceivedSpan[]): string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const place = (span: ReceivedSpan): string => {
    const parent = byId.get(span.parentSpanId);
    return parent ? `${place(parent)} > ${span.name}` : span.name;
  };
  return spans.toSorted((one, other) => Number(one.startedAt - other.startedAt)).map(place);
}

const parentAtOctane = ({ headers }: Hit): string[] => String(headers['traceparent']).split('-');
const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan[] =>
  spans.filter((span) => span.name === name);

describe('the trace of a request', () => {
  it('goes from the app through each step to Octane', async () => {
    const app = appTrace();
    const answer = await gateway.setDirectDebit(VALID_DIRECT_DEBIT, { headers: app.headers });
    expect(answer.status).toBe(200);
    const spans = await spansOf(app.traceId);
    expect(treeOf(spans)).toEqual([
      DIRECT_DEBIT,
      `${DIRECT_DEBIT} > authenticate`,
      `${DIRECT_DEBIT} > journal.intent`,
      `${DIRECT_DEBIT} > octane.direct-debit`,
      `${DIRECT_DEBIT} > octane.direct-debit > POST direct-debit`,
      `${DIRECT_DEBIT} > journal.outcome`,
    ]);
    const [request] = named(spans, DIRECT_DEBIT);
    expect(request).toMatchObject({
      parentSpanId: app.spanId,
      kind: 'SERVER',
      status: 'UNSET',
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/v1/customers/:custno/direct-debit',
        'http.response.status_code': 200,
        'url.scheme': 'http',
        'octane_bff.client': 'selfcare-app',
        'octane_bff.group': '1001',
      },
      resource: {
        'service.name': 'octane-bff',
        'service.version': expect.any(String),
        'service.instance.id': expect.any(String),
      },
    });
    const [attempt] = named(spans, 'POST direct-debit');
    const { hostname, port } = new URL(gateway.octane.baseUrl);
    expect(attempt).toMatchObject({ kind: 'CLIENT', status: 'UNSET' });
    expect(attempt!.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'server.address': hostname,
      'server.port': Number(port),
    });
    expect(gateway.octane.hits.map(parentAtOctane)).toEqual([['00', app.traceId, attempt!.spanId, '01']]);
    for (const { startedAt, endedAt } of spans) {
      expect(startedAt >= request!.startedAt && endedAt >= startedAt && endedAt <= request!.endedAt).toBe(
        true,
      );
    }
  });

  it('begins at the gateway where the app has none, and is the one of the log', async () => {
    const answer = await gateway.sendWelcomeEmail({ headers: { traceparent: 'canary', tracestate: 'a=1' } });
    const [[version, traceId, , flags]] = gateway.octane.hits.map(parentAtOctane) as [string[]];
    expect({ version, flags }).toEqual({ version: '00', flags: '01' });
    expect(gateway.octane.hits[0]!.headers).not.toHaveProperty('tracestate');
    const spans = await spansOf(traceId!);
    expect(named(spans, WELCOME_EMAIL)).toMatchObject([{ parentSpanId: '', traceState: '' }]);
    const line = await eventually(() =>
      gateway.log.find((each) => each.includes(String(answer.headers['x-request-id']))),
    );
    expect(JSON.parse(line)).toMatchObject({ traceId });
  });

  it('keeps the tracestate of the app', async () => {
    const app = appTrace();
    const tracestate = 'vendor=t61rcWkgMzE,other=00f067aa0ba902b7';
    await gateway.sendWelcomeEmail({ headers: { ...app.headers, tracestate } });
    expect(gateway.octane.hits).toMatchObject([{ headers: { tracestate } }]);
    expect(named(await spansOf(app.traceId), WELCOME_EMAIL)).toMatchObject([{ traceState: tracestate }]);
  });

  it('is not recorded where the app does not record it, and goes on all the same', async () => {
    const [unrecorded, recorded] = [appTrace('00'), appTrace()];
    await gateway.sendWelcomeEmail({ headers: unrecorded.headers });
    await gateway.sendWelcomeEmail({ headers: recorded.headers });
    const [[, traceId, parentId, flags]] = gateway.octane.hits.map(parentAtOctane) as [string[]];
    expect({ traceId, flags }).toEqual({ traceId: unrecorded.traceId, flags: '00' });
    expect(parentId).not.toBe(unrecorded.spanId);
    await spansOf(recorded.traceId);
    expect(receiver.ofTrace(unrecorded.traceId)).toEqual([]);
  });

  it('shows each attempt, and Octane the one that it serves', async () => {
    const app = appTrace();
    gateway.octane.script = (hit, response, socket) => {
      if (gateway.octane.hits.length === 1) response.writeHead(503).end();
      else if (gateway.octane.hits.length === 2) socket.resetAndDestroy();
      else answerProperly(hit, response, socket);
    };
    expect((await gateway.setDirectDebit(VALID_DIRECT_DEBIT, { headers: app.headers })).status).toBe(200);
    const spans = await spansOf(app.traceId);
    const attempts = named(spans, 'POST direct-debit');
    const [call] = named(spans, 'octane.direct-debit');
    expect(attempts).toMatchObject([
      {
        status: 'ERROR',
        attributes: { 'http.response.status_code': 503, 'error.type': 'octane-unavailable' },
      },
      { status: 'ERROR', attributes: { 'http.request.resend_count': 1, 'error.type': 'octane-error' } },
      { status: 'UNSET', attributes: { 'http.request.resend_count': 2, 'http.response.status_code': 200 } },
    ]);
    expect(call).toMatchObject({ status: 'UNSET' });
    for (const { parentSpanId } of attempts) expect(parentSpanId).toBe(call!.spanId);
    expect(gateway.octane.hits.map((hit) => parentAtOctane(hit)[2])).toEqual(
      attempts.map(({ spanId }) => spanId),
    );
  });

  it('stays its own where one request waits for the place of another', async () => {
    const release: (() => void)[] = [];
    gateway.octane.script = (hit, response, socket) =>
      release.push(() => answerProperly(hit, response, socket));
    const apps = [appTrace(), appTrace(), appTrace(), appTrace()];
    const calls = apps.map(({ headers }) => gateway.sendWelcomeEmail({ headers }));
    await eventually(() => release.length === 2);
    gateway.octane.script = answerProperly;
    for (const answer of release) answer();
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    for (const { traceId } of apps) {
      const attempts = named(await spansOf(traceId), 'POST welcome-email');
      const hits = gateway.octane.hits.map(parentAtOctane).filter(([, ofTrace]) => ofTrace === traceId);
      expect(hits.map(([, , spanId]) => spanId)).toEqual(attempts.map(({ spanId }) => spanId));
      expect(attempts).toHaveLength(1);
    }
  });

  it('ends for an app that hung up with the outcome', async () => {
    const app = appTrace();
    let answerNow: (() => void) | undefined;
    gateway.octane.script = (hit, response, socket) => {
      answerNow = () => answerProperly(hit, response, socket);
    };
    const connection = await RawConnection.open(gateway.port);
    connection.write(
      requestText('POST /v1/customers/700123/send-welcome-email HTTP/1.1', [
        'Host: gateway',
        `Authorization: Bearer ${await gateway.issuer.token()}`,
        `traceparent: ${app.headers.traceparent}`,
      ]),
    );
    await eventually(() => answerNow);
    connection.socket.destroy();
    await connection.end();
    answerNow!();
    expect(treeOf(await spansOf(app.traceId))).toContain(`${WELCOME_EMAIL} > journal.outcome`);
  });
});

describe('a refusal', () => {
  const cases: [string, (headers: Record<string, string>) => Promise<Answer>, string[], object][] = [
    [
      'without a path',
      (headers) => gateway.call({ path: '/v1/customers/700123/nothing', headers }),
      ['POST'],
      {
        status: 'UNSET',
        attributes: { 'octane_bff.problem': 'not-found', 'http.response.status_code': 404 },
      },
    ],
    [
      'with a path that cannot be read',
      (headers) => gateway.call({ path: '/v1/customers/%zz', headers }),
      ['POST'],
      { status: 'UNSET', attributes: { 'octane_bff.problem': 'invalid-request' } },
    ],
    [
      'of a bad token',
      (headers) => gateway.sendWelcomeEmail({ token: 'bad', headers }),
      [WELCOME_EMAIL, `${WELCOME_EMAIL} > authenticate`],
      {
        status: 'UNSET',
        attributes: { 'octane_bff.problem': 'invalid-token', 'http.response.status_code': 401 },
      },
    ],
    [
      'of a body',
      (headers) => gateway.setDirectDebit({}, { headers }),
      [DIRECT_DEBIT, `${DIRECT_DEBIT} > authenticate`],
      {
        status: 'UNSET',
        attributes: { 'octane_bff.problem': 'validation-failed', 'octane_bff.group': '1001' },
      },
    ],
    [
      'by Octane',
      (headers) => {
        gateway.octane.script = (_hit, response) => response.writeHead(409).end();
        return gateway.sendWelcomeEmail({ headers });
      },
      [
        WELCOME_EMAIL,
        `${WELCOME_EMAIL} > authenticate`,
        `${WELCOME_EMAIL} > journal.intent`,
        `${WELCOME_EMAIL} > octane.welcome-email`,
        `${WELCOME_EMAIL} > octane.welcome-email > POST welcome-email`,
        `${WELCOME_EMAIL} > journal.outcome`,
      ],
      {
        status: 'UNSET',
        attributes: { 'octane_bff.problem': 'octane-rejected', 'http.response.status_code': 422 },
      },
    ],
    [
      'for a fault of Octane',
      (headers) => {
        gateway.octane.script = (_hit, response) => response.writeHead(500).end();
        return gateway.sendWelcomeEmail({ headers });
      },
      [
        WELCOME_EMAIL,
        `${WELCOME_EMAIL} > authenticate`,
        `${WELCOME_EMAIL} > journal.intent`,
        `${WELCOME_EMAIL} > octane.welcome-email`,
        `${WELCOME_EMAIL} > octane.welcome-email > POST welcome-email`,
        `${WELCOME_EMAIL} > journal.outcome`,
      ],
      { status: 'ERROR', attributes: { 'error.type': 'octane-error', 'http.response.status_code': 502 } },
    ],
  ];

  it.each(cases)('%s is a span with what came before it', async (_, refused, tree, request) => {
    const app = appTrace();
    expect((await refused(app.headers)).status).toBeGreaterThanOrEqual(400);
    const spans = await spansOf(app.traceId);
    expect(treeOf(spans)).toEqual(tree);
    expect(spans.find(({ kind }) => kind === 'SERVER')).toMatchObject(request);
  });

  it('marks the step that refused, and what failed', async () => {
    const [refused, failed] = [appTrace(), appTrace()];
    await gateway.sendWelcomeEmail({ token: 'bad', headers: refused.headers });
    expect(named(await spansOf(refused.traceId), 'authenticate')).toMatchObject([
      { status: 'UNSET', attributes: { 'octane_bff.problem': 'invalid-token' } },
    ]);
    gateway.octane.script = (_hit, response) => response.writeHead(200).end('{}');
    await gateway.setDirectDebit(VALID_DIRECT_DEBIT, { headers: failed.headers });
    const spans = await spansOf(failed.traceId);
    const contractViolation = { status: 'ERROR', attributes: { 'error.type': 'octane-contract-violation' } };
    for (const name of ['POST direct-debit', 'octane.direct-debit', DIRECT_DEBIT]) {
      expect(named(spans, name)).toMatchObject([contractViolation]);
    }
  });
});

describe('a replay', () => {
  it('goes no further than the journal', async () => {
    const token = await gateway.issuer.token();
    const key = { 'idempotency-key': `"${appTrace().traceId}"` };
    await gateway.sendWelcomeEmail({ token, headers: key });
    const app = appTrace();
    const answer = await gateway.sendWelcomeEmail({ token, headers: { ...key, ...app.headers } });
    expect(answer.headers).toMatchObject({ 'idempotency-replayed': 'true' });
    const spans = await spansOf(app.traceId);
    expect(treeOf(spans)).toEqual([
      WELCOME_EMAIL,
      `${WELCOME_EMAIL} > authenticate`,
      `${WELCOME_EMAIL} > journal.intent`,
    ]);
    expect(named(spans, WELCOME_EMAIL)).toMatchObject([{ attributes: { 'octane_bff.replayed': true } }]);
  });
});

describe('what leaves for the collector', () => {
  it('is OTLP in protobuf without a value of the app, of Octane or of a credential', async () => {
    const app = appTrace();
    const token = await gateway.issuer.token({ claims: { sub: 'canary-subject@example.com' } });
    gateway.octane.script = (_hit, response) =>
      response.writeHead(500, 'canary-reason', { 'x-a': 'canary' }).end('canary');
    await gateway.setDirectDebit(
      { ...VALID_DIRECT_DEBIT, ddNotificationEmail: 'canary-email@example.com' },
      {
        token,
        path: '/v1/customers/700123/direct-debit?canary=canary',
        headers: {
          ...app.headers,
          'user-agent': 'canary-agent',
          'x-request-id': 'canary-request',
          'idempotency-key': 'canary-key',
          'x-forwarded-proto': 'canary',
          'x-forwarded-for': '192.0.2.7',
          baggage: 'canary=canary',
        },
      },
    );
    await gateway.sendWelcomeEmail({ token: `${token}canary`, headers: appTrace().headers });
    await gateway.call({ method: 'CANARY', path: '/canary', headers: appTrace().headers });
    await spansOf(app.traceId);
    for (const { headers } of receiver.exports) {
      expect(headers).toMatchObject({ 'content-type': 'application/x-protobuf' });
    }
    const bytes = Buffer.concat(receiver.exports.map((each) => each.bytes)).toString('latin1');
    expect(bytes).toContain('selfcare-app');
    for (const secret of [
      'canary',
      'example.com',
      '700123',
      '192.0.2.7',
      ...token.split('.'),
      ...Object.values(CREDENTIALS),
      Buffer.from(`${CREDENTIALS.OCTANE_1001_USERNAME}:${CREDENTIALS.OCTANE_1001_PASSWORD}`).toString(
        'base64',
      ),
    ]) {
      expect(bytes).not.toContain(secret);
    }
    expect(receiver.spans.flatMap(({ events }) => events)).toEqual([]);
  });
});

describe('a collector', () => {
  const exportFailures = (of: TestGateway): string[] =>
    of.log.filter((line) => line.includes('traces cannot be exported'));

  it('that refuses is told of once, and nobody waits for it', async () => {
    receiver.collect = (response) => response.writeHead(400, 'canary').end('canary');
    for (let round = 0; round < 3; round += 1) {
      const before = receiver.exports.length;
      expect((await gateway.sendWelcomeEmail()).status).toBe(204);
      await eventually(async () => {
        await flushed();
        return receiver.exports.length > before;
      });
    }
    receiver.collect = (response) => response.writeHead(200).end();
    const [line, ...more] = exportFailures(gateway);
    expect(JSON.parse(line!)).toMatchObject({ level: 'warn', cause: 'HTTP_400' });
    expect(JSON.parse(line!)).not.toHaveProperty('requestId');
    expect(line).not.toContain('canary');
    expect(more).toEqual([]);
    expect(await gateway.application.get(Metrics, { strict: false }).text()).toMatch(
      /^trace_exports_total\{result="failed"\} [3-9]$/m,
    );
  });

  it('that hangs holds up no request', async () => {
    const waiting: (() => void)[] = [];
    receiver.collect = (response) => waiting.push(() => response.writeHead(200).end());
    expect((await gateway.sendWelcomeEmail()).status).toBe(204);
    await eventually(() => {
      void flushed();
      return waiting.length > 0;
    });
    expect((await gateway.setDirectDebit()).status).toBe(200);
    receiver.collect = (response) => response.writeHead(200).end();
    for (const answer of waiting) answer();
  });
});

describe('a gateway without an endpoint', () => {
  let untraced: TestGateway;
  beforeAll(async () => {
    untraced = await TestGateway.start({ beside: gateway });
  });
  afterAll(() => untraced.stop());

  it('hands on what the app sent, and exports nothing', async () => {
    const app = appTrace();
    const tracestate = 'vendor=1';
    expect((await untraced.sendWelcomeEmail({ headers: { ...app.headers, tracestate } })).status).toBe(204);
    expect(gateway.octane.hits).toMatchObject([{ headers: { ...app.headers, tracestate } }]);
    await flushed(untraced);
    await flushed();
    expect(receiver.ofTrace(app.traceId)).toEqual([]);
  });
});

describe('a process', () => {
  /** Notes each file that is loaded and holds OpenTelemetry's SDK; prom-client loads the small API. */
  const WATCH = `
    import { registerHooks } from 'node:module';
    import { appendFileSync } from 'node:fs';
    registerHooks({ load(url, context, next) {
      const loaded = next(url, context);
      if (Buffer.from(loaded.source ?? '').includes('BatchSpanProcessor')) appendFileSync('loaded.txt', url + '\\n');
      return loaded;
    } });`;
  let build: Awaited<ReturnType<typeof compileGateway>>;
  beforeAll(async () => {
    build = await compileGateway();
    await writeFile(join(build.folder, 'gateway.yaml'), stringify(gatewayFileOf(gateway.issuer)));
    await writeFile(join(build.folder, 'watch.mjs'), WATCH);
  }, SLOW_MS);
  afterAll(() => build.remove());

  /** Starts the gateway, serves one request and leaves. */
  async function runOnce(
    environment: Record<string, string>,
  ): Promise<{ exitCode: number | null; loaded: string }> {
    await writeFile(join(build.folder, 'loaded.txt'), '');
    const running = new GatewayProcess(build.folder, {
      ...CREDENTIALS,
      HOST: '127.0.0.1',
      PORT: '0',
      MANAGEMENT_PORT: '0',
      OCTANE_BASE_URL: gateway.octane.baseUrl,
      GATEWAY_FILE: 'gateway.yaml',
      DATABASE_URL: 'sqlite:gateway.db',
      DRAIN_DELAY_MS: '0',
      NODE_OPTIONS: '--import ./watch.mjs',
      ...environment,
    });
    try {
      const { api } = await running.addresses();
      await fetch(`${api}/problems`);
      running.signal('SIGTERM');
      const exitCode = await running.exited();
      return { exitCode, loaded: await readFile(join(build.folder, 'loaded.txt'), 'utf8') };
    } finally {
      await running.kill();
    }
  }

  it(
    'loads nothing of OpenTelemetry without an endpoint',
    async () => {
      expect(await runOnce({})).toEqual({ exitCode: 0, loaded: '' });
    },
    SLOW_MS,
  );

  it(
    'leaves well when its collector does not answer',
    async () => {
      const before = receiver.exports.length;
      receiver.collect = () => {};
      // Less than the gateway would wait for the collector if it had the time.
      const { exitCode, loaded } = await runOnce({
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        SHUTDOWN_GRACE_MS: '1500',
      });
      expect(exitCode).toBe(0);
      expect(loaded).not.toBe('');
      expect(receiver.exports.length).toBeGreaterThan(before);
    },
    SLOW_MS,
  );
});
