import type { IncomingMessage } from 'node:http';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AppModule, OPERATIONS } from './app.module.ts';
import type { OpenOperation } from './app.module.ts';
import { RequestLine } from './audit/request-line.ts';
import { callerSlot } from './callers/caller.ts';
import type { LiveGatewayConfig } from './config/live-gateway-config.ts';
import type { Settings } from './config/settings.ts';
import { Lifecycle } from './health/lifecycle.ts';
import { cutSilentConnectionsOnClose } from './health/silent-connections.ts';
import { answerHeaders, requestIdOf } from './http/answer-headers.ts';
import { limitConnections, openConnections } from './http/connections.ts';
import { headerCount } from './http/header-count.ts';
import { OpenApi } from './http/open-api.ts';
import { ParserErrors } from './http/parser-errors.ts';
import { peerAddress } from './http/peer-address.ts';
import type { PeerAddress } from './http/peer-address.ts';
import { ProblemFilter, refusal } from './http/problem.filter.ts';
import { onRequestEnd } from './http/request-end.ts';
import { RouteTable } from './http/route-table.ts';
import { LoadShedding } from './limits/load-shedding.ts';
import { Operations } from './operations/operations.ts';
import { Problem } from './problems/problem.ts';
import { Metrics } from './telemetry/metrics.ts';
import { NestLogger } from './telemetry/nest-logger.ts';
import { tellOfReloads } from './telemetry/reloads.ts';
import { countRefusedMessage, countRequest } from './telemetry/request-metrics.ts';
import { endServing, serveWithin } from './telemetry/served-request.ts';
import { Tracing } from './telemetry/tracing.ts';

const HEADERS_TIMEOUT_MS = 10_000;
/** Header and body together: 10 s for the one, 15 s for the other. */
const REQUEST_TIMEOUT_MS = 25_000;
const TIMEOUT_CHECK_INTERVAL_MS = 1000;
/** The longest customer number that is looked at; a longer one is refused like any other bad one. */
const MAX_PATH_PARAMETER_CHARACTERS = 16 * 1024;

/** The whole gateway, ready to listen: what production runs is what the tests run. */
export async function createGateway(
  settings: Settings,
  gateway: LiveGatewayConfig,
  logger: Logger,
  operations: readonly OpenOperation[] = OPERATIONS,
): Promise<NestFastifyApplication> {
  const peerOf = peerAddress(settings.trustedProxies);
  const parserErrors = new ParserErrors(settings.publicUrl, peerOf, (refused) => {
    logger.info({ ...refused, route: 'none', durationMs: 0 }, 'request completed');
    countRefusedMessage(app.get(Metrics, { strict: false }), refused);
  });
  const adapter = new FastifyAdapter({
    genReqId: requestIdOf,
    clientErrorHandler: parserErrors.onClientError,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      reply.headers(answerHeaders(request.id));
      closeIfLeaving(app.get(Lifecycle), reply);
      app.get(Tracing, { strict: false }).begin(request, () => {
        app.get(ProblemFilter).answer(error, request, reply);
      });
      requestEnd(app, peerOf, logger)(request, reply);
    },
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
      // Node would refuse with an empty answer; the hook below refuses with a problem.
      requireHostHeader: false,
    },
    // A request that came on a kept-alive connection while the gateway leaves is still served.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER_CHARACTERS },
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.of({ settings, gateway, operations }),
    adapter,
    {
      bodyParser: false,
      logger: new NestLogger(logger),
      abortOnError: false,
    },
  );
  configureApp(app, settings, peerOf, parserErrors, logger);
  tellOfReloads(gateway, logger, app.get(Metrics, { strict: false }));
  try {
    await app.init();
  } catch (error) {
    // A start that fails leaves nothing open, such as the thread of the store. Why it failed is what counts.
    await app.close().catch(() => undefined);
    throw error;
  }
  return app;
}

function configureApp(
  app: NestFastifyApplication,
  settings: Settings,
  peerOf: PeerAddress,
  parserErrors: ParserErrors,
  logger: Logger,
): void {
  const fastify = app.getHttpAdapter().getInstance();
  const lifecycle = app.get(Lifecycle);
  const routes = app.get(RouteTable);
  const load = app.get(LoadShedding, { strict: false });
  const tracing = app.get(Tracing, { strict: false });
  // To Fastify no request has a body: the body pipe reads it, behind the guards, where a route takes one.
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    fastify.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  }
  fastify.addHook('onRoute', (route) => routes.add(route));
  fastify.addHook('onRequest', (request: FastifyRequest, _reply, done) => tracing.begin(request, done));
  fastify.addHook('onRequest', (request: FastifyRequest, _reply, done) => serveWithin(request, done));
  onRequestEnd(fastify, requestEnd(app, peerOf, logger));
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    reply.headers(answerHeaders(request.id));
    done(
      load.refusal() ??
        headFault(request.raw) ??
        (routes.isSpelledOut(request.url) ? undefined : new Problem('not-found')),
    );
  });
  fastify.addHook('onSend', (_request: FastifyRequest, reply: FastifyReply, _payload, done) => {
    closeIfLeaving(lifecycle, reply);
    done();
  });
  parserErrors.listen(app.getHttpServer());
  const server = app.getHttpServer();
  const metrics = app.get(Metrics, { strict: false });
  limitConnections(server, () => metrics.count('http_server_dropped_connections_total', {}));
  metrics.read('http_server_connections', () => openConnections(server));
  cutSilentConnectionsOnClose(app);
  app.get(OpenApi).madeBy(async () => {
    const { makeReference } = await import('./open-api/reference.ts');
    return makeReference(app, settings);
  });
}

/** What is told of each request when it is over. */
function requestEnd(
  app: NestFastifyApplication,
  peerOf: PeerAddress,
  logger: Logger,
): (request: FastifyRequest, reply: FastifyReply) => void {
  const metrics = app.get(Metrics, { strict: false });
  const tracing = app.get(Tracing, { strict: false });
  const line = new RequestLine(logger, peerOf, app.get(Operations, { strict: false }));
  return (request, reply) => {
    line.log(request, reply);
    countRequest(metrics, request, reply);
    const caller = callerSlot.get(request);
    tracing.end(request, {
      status: reply.statusCode,
      client: caller?.clientId,
      group: caller?.groupno,
      problem: refusal.get(request),
      isReplay: reply.hasHeader('idempotency-replayed'),
    });
    endServing(request);
  };
}

function closeIfLeaving({ draining }: Lifecycle, reply: FastifyReply): void {
  if (draining) reply.header('connection', 'close');
}

/** What HTTP/1.1 demands of the head of a request (RFC 9112, sections 2.3 and 3.2) and Node leaves to the application. */
function headFault(request: IncomingMessage): Problem | undefined {
  const { httpVersion } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    return new Problem('invalid-request', { status: 505, detail: 'Use HTTP/1.1.' });
  }
  const hosts = headerCount(request, 'host');
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0')
    ? undefined
    : new Problem('invalid-request', { detail: 'Send one Host header.' });
}
