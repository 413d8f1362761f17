import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { RequestHooks } from './app.hooks.ts';
import { AppModule, OPERATIONS } from './app.module.ts';
import type { LiveGatewayConfig } from './config/live-gateway-config.ts';
import type { Settings } from './config/settings.ts';
import { requestIdOf } from './http/answer-headers.ts';
import { ParserErrors } from './http/parser-errors.ts';
import { OpenApi } from './open-api/open-api.ts';
import type { OpenOperation } from './operations/operations.module.ts';
import { NestLogger } from './telemetry/nest-logger.ts';

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
  const adapter = new FastifyAdapter({
    genReqId: requestIdOf,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
      // Node would refuse with an empty answer; the hooks refuse with a problem.
      requireHostHeader: false,
    },
    // A request that came on a kept-alive connection while the gateway leaves is still served.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER_CHARACTERS },
    // Fastify takes these two now and calls them when messages come: by then the application is there.
    clientErrorHandler: (error, socket) => app.get(ParserErrors).answer(error, socket),
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      app.get(RequestHooks).refuse(error, request, reply),
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.of({ settings, gateway, logger, operations }),
    adapter,
    { bodyParser: false, logger: new NestLogger(logger), abortOnError: false },
  );
  app.get(RequestHooks).install(app);
  if (settings.docs === 'on') {
    app.get(OpenApi).madeBy(async () => {
      const { makeReference } = await import('./open-api/reference.ts');
      return makeReference(app, settings);
    });
  }
  try {
    await app.init();
  } catch (error) {
    // A start that fails leaves nothing open, such as the thread of the store. Why it failed is what counts.
    await app.close().catch(() => undefined);
    throw error;
  }
  return app;
}
