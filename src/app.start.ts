import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { openOperations } from './app.module.ts';
import { createGateway } from './app.setup.ts';
import { ConfigurationError } from './config/configuration-error.ts';
import { databaseLocation } from './config/database-url.ts';
import { type ConfigSummary, LiveGatewayConfig } from './config/live-gateway-config.ts';
import { loadSettings, type Settings } from './config/settings.ts';
import type { UnreadVariable } from './config/unread-variables.ts';
import type { OpenOperation } from './operations/operations.module.ts';
import { leaveOnSignal } from './health/leave.ts';
import { Lifecycle } from './health/lifecycle.ts';
import { ManagementModule } from './health/management.module.ts';
import { cutSilentConnectionsOnClose } from './health/silent-connections.ts';
import { defectOf } from './http/problem.filter.ts';
import { LineWriter } from './telemetry/line-writer.ts';
import { Metrics, packageVersion } from './telemetry/metrics.ts';
import { createLogger, NestLogger, noticeOfDropped } from './telemetry/nest-logger.ts';
import { Tracing } from './telemetry/tracing.ts';

/** Starts the gateway, or with `--check` says what a start would find. A fault ends the process with exit code 1. */
export async function run(args: readonly string[]): Promise<void> {
  try {
    if (args.length === 0) await start();
    else if (args.length === 1 && args[0] === '--check') check();
    else throw new ConfigurationError(['unknown argument: the only one is --check']);
  } catch (error) {
    process.stderr.write(`${startFault(error)}\n`);
    process.exit(1);
  }
}

async function start(): Promise<void> {
  const { settings, gateway, operations, summary, unread } = configuration();
  // Node lets no write to a pipe wait, once somebody asks it for its stream.
  const lines = new LineWriter(process.stdout.fd, noticeOfDropped);
  process.on('exit', () => lines.end());
  const logger = createLogger(settings.logLevel, lines);
  // Node would print the error with all that hangs on it.
  process.on('uncaughtException', (error) => {
    logger.fatal(defectOf(error), 'ended by a defect');
    process.exit(1);
  });
  logger.info(summary, 'starting');
  for (const variable of unread)
    logger.warn(variable, 'unknown variable: it looks like a setting and is not read');
  const app = await createGateway(settings, gateway, logger, operations);
  app.get(Metrics, { strict: false }).read('log_lines_dropped_total', () => lines.dropped);
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
  process.on('SIGHUP', () => gateway.reload());
  await app.listen(settings.port, settings.host);
  await management.listen(settings.managementPort, settings.managementHost);
  logger.info({ api: addressOf(app), management: addressOf(management) }, 'listening');
}

/** Opens nothing and writes nothing: what it reads, a start reads in the same way. */
function check(): void {
  const { settings, operations, summary, notes, unread } = configuration();
  const lines = Object.entries(summary).map(
    ([name, value]) => `${name.padEnd(12)}${[value].flat().join(', ')}\n`,
  );
  const good =
    settings.operationsFile === undefined
      ? 'The settings and the gateway file'
      : 'The settings, the gateway file and the operations file';
  const open = operations.map(
    ({ operation: { name, route, octane } }) => `  ${name}: ${route} to ${octane}\n`,
  );
  process.stdout.write(`${good} are good.\n${lines.join('')}${open.join('')}`);
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  for (const { variable, similarTo } of unread) {
    const meant = similarTo === undefined ? '' : `; did you mean ${similarTo}?`;
    process.stderr.write(`warning: ${JSON.stringify(variable)} is not read${meant}\n`);
  }
}

/** What a person looks at first when a gateway does not do what it should. */
interface Summary extends ConfigSummary {
  readonly version: string;
  readonly store: string;
  readonly octane: string;
  readonly operations: number;
}

function configuration(): {
  settings: Settings;
  gateway: LiveGatewayConfig;
  operations: readonly OpenOperation[];
  /** What an operator should know of the operations. */
  notes: readonly string[];
  summary: Summary;
  unread: readonly UnreadVariable[];
} {
  const settings = loadSettings();
  const secrets = new Set<string>();
  const readSecret = (variable: string): string | undefined => {
    secrets.add(variable);
    return settings.readSecret(variable);
  };
  const [gateway, { operations, notes, files: operationsFiles }] = withoutFaults(
    () => new LiveGatewayConfig({ ...settings, readSecret }),
    () => openOperations(settings),
  );
  const { files, ...entries } = gateway.started;
  const summary = {
    version: packageVersion(),
    store: databaseLocation(settings.databaseUrl),
    octane: settings.octaneBaseUrl,
    files: [
      ...files,
      ...operationsFiles,
      ...(settings.databaseUrlFile === undefined ? [] : [settings.databaseUrlFile]),
    ],
    ...entries,
    operations: operations.length,
  };
  const unread = settings.unreadVariables.filter(({ variable }) => !secrets.has(variable));
  return { settings, gateway, operations, notes, summary, unread };
}

/** Both, or the faults of both: one start shows all of them. */
function withoutFaults<One, Other>(one: () => One, other: () => Other): [One, Other] {
  const faults: string[] = [];
  const attempt = <T>(make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      faults.push(...error.faults);
      return undefined;
    }
  };
  const made = [attempt(one), attempt(other)];
  if (faults.length > 0) throw new ConfigurationError(faults);
  return made as [One, Other];
}

/** Where it listens: Nest's own `getUrl` says 127.0.0.1 also for every address of the machine. */
function addressOf(app: NestFastifyApplication): string {
  const { address, family, port } = app.getHttpServer().address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** One line per fault for what the operator can mend; the stack for a defect. */
function startFault(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  const { code, message, stack } = error as NodeJS.ErrnoException;
  return code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL'
    ? message
    : (stack ?? String(error));
}
