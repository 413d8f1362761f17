import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createGateway } from './app.setup.ts';
import { ConfigurationError } from './config/configuration-error.ts';
import { LiveGatewayConfig } from './config/live-gateway-config.ts';
import { loadSettings } from './config/settings.ts';
import { leaveOnSignal } from './health/leave.ts';
import { Lifecycle } from './health/lifecycle.ts';
import { ManagementModule } from './health/management.module.ts';
import { cutSilentConnectionsOnClose } from './health/silent-connections.ts';
import { createLogger, NestLogger } from './telemetry/nest-logger.ts';
import { Tracing } from './telemetry/tracing.ts';

async function start(): Promise<void> {
  const settings = loadSettings();
  const gateway = new LiveGatewayConfig(settings);
  const logger = createLogger(settings.logLevel);
  const app = await createGateway(settings, gateway, logger);
  const lifecycle = app.get(Lifecycle);
  const management = await NestFactory.create<NestFastifyApplication>(
    ManagementModule.of(app),
    new FastifyAdapter(),
    { logger: new NestLogger(logger), abortOnError: false },
  );
  cutSilentConnectionsOnClose(management);
  const tracing = app.get(Tracing, { strict: false });
  leaveOnSignal(
    lifecycle,
    settings,
    { close: () => app.close().then(() => management.close()), flush: () => tracing.flush() },
    logger,
  );
  await app.listen(settings.port, settings.host);
  await management.listen(settings.managementPort, settings.managementHost);
  logger.info({ api: addressOf(app), management: addressOf(management) }, 'listening');
}

/** Where it listens: Nest's own `getUrl` says 127.0.0.1 also for every address of the machine. */
function addressOf(app: NestFastifyApplication): string {
  const { address, family, port } = app.getHttpServer().address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

start().catch((error: unknown) => {
  process.stderr.write(`${startFault(error)}\n`);
  process.exit(1);
});

/** One line per fault for what the operator can mend; the stack for a defect. */
function startFault(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  const { code, message, stack } = error as NodeJS.ErrnoException;
  return code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL'
    ? message
    : (stack ?? String(error));
}
