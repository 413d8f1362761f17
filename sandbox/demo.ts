import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { showExchange, showSummary, showToken, type Exchange } from './demo-exchange.ts';
import { startGateway, untilReady } from './demo-gateway.ts';
import { curlCommand, operations, refusals, tokenRequest } from './demo-script.ts';
import { errorCode } from './listen.ts';
import { requestToken } from './request-token.ts';
import { startSandbox, type Sandbox } from './start.ts';
import { usualIssuer, usualPorts } from './usual-ports.ts';
import { stopRequested } from './stop.ts';

const usage = `Shows the gateway at work, between an app and a local Octane.

  npm run demo              stays up afterwards; Ctrl-C stops it
  npm run demo -- --once    ends afterwards: exit code 0 when all operations worked, else 1`;

const usualGatewayPorts = { PORT: '3000', MANAGEMENT_PORT: '3001' };
const freeGatewayPorts = { PORT: '0', MANAGEMENT_PORT: '0' };
const usualGatewayFile = join(import.meta.dirname, '..', 'config', 'gateway.yaml');

type GatewayPorts = typeof usualGatewayPorts;

/** What a demonstration happens on. */
interface Stage {
  once: boolean;
  /** Resolves when somebody asks for the end. */
  stop: Promise<void>;
  folder: string;
  sandbox: Sandbox;
}

try {
  const { values } = parseArgs({
    options: { once: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) console.log(usage);
  else await demonstrate(values.once);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function demonstrate(once: boolean): Promise<void> {
  const stop = stopRequested();
  const folder = mkdtempSync(join(tmpdir(), 'octane-bff-demo-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const sandbox = await startSandboxAnywhere();
  try {
    await demonstrateOn(usualGatewayPorts, { once, stop, folder, sandbox });
  } catch (error) {
    if (!String(error).includes('EADDRINUSE')) throw error;
    await demonstrateOn(freeGatewayPorts, { once, stop, folder, sandbox });
  } finally {
    await sandbox.close();
  }
}

async function demonstrateOn(ports: GatewayPorts, { once, stop, folder, sandbox }: Stage): Promise<void> {
  const logFile = join(folder, 'gateway.log');
  const gateway = startGateway({ ...gatewayEnvironment(sandbox, folder), ...ports }, logFile);
  const over = new AbortController();
  try {
    const demonstration = async () => {
      const { api, management } = await gateway.addresses(over.signal);
      await untilReady(`${management}/health/ready`, over.signal);
      const worked = await showAll(sandbox, api);
      process.exitCode = worked ? 0 : 1;
      if (once) return;
      console.log(await invitation(sandbox, api, logFile));
      await stop;
    };
    const interruption = stop.then(() => {
      if (once) throw new Error('Stopped before the end.');
    });
    const death = gateway.ended.then((how) => {
      throw new Error(how);
    });
    await Promise.race([demonstration(), interruption, death]);
  } finally {
    over.abort();
    await gateway.stop();
  }
}

/** On the usual ports, or on free ones where any of those is taken. */
async function startSandboxAnywhere(): Promise<Sandbox> {
  try {
    return await startSandbox(usualPorts);
  } catch (error) {
    if (errorCode(error) !== 'EADDRINUSE') throw error;
    return startSandbox({ octane: 0, identityProvider: 0, control: 0 });
  }
}

function gatewayEnvironment(sandbox: Sandbox, folder: string): Record<string, string> {
  return {
    ...sandbox.gatewayEnvironment,
    HOST: '127.0.0.1',
    GATEWAY_FILE: gatewayFile(sandbox, folder),
    DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}`,
    DRAIN_DELAY_MS: '0',
    // The guides together change one customer more often than an hour usually allows.
    WELCOME_EMAIL_RATE_LIMIT: '100',
    CUSTOMER_CHANGE_RATE_LIMIT: '100',
  };
}

/** config/gateway.yaml, or a copy that names the issuer where it is. */
function gatewayFile({ identityProvider: { issuer } }: Sandbox, folder: string): string {
  if (issuer === usualIssuer) return usualGatewayFile;
  const copy = join(folder, 'gateway.yaml');
  writeFileSync(copy, readFileSync(usualGatewayFile, 'utf8').replaceAll(usualIssuer, issuer));
  return copy;
}

/** Whether all operations worked. */
async function showAll({ octane, identityProvider }: Sandbox, gatewayUrl: string): Promise<boolean> {
  const { issuer } = identityProvider;
  console.log(
    [
      '',
      `  gateway            ${gatewayUrl}`,
      `  Octane             ${octane.url} (sandbox)`,
      `  identity provider  ${issuer} (sandbox)`,
      '',
    ].join('\n'),
  );
  const { accessToken } = await showToken({ issuer, ...tokenRequest });
  const peers = { gatewayUrl, controlUrl: octane.controlUrl, accessToken };
  const outcomes = new Map<Exchange, boolean>();
  for (const exchange of [...operations, ...refusals]) {
    outcomes.set(exchange, await showExchange(exchange, peers));
  }
  showSummary(outcomes);
  return operations.every((operation) => outcomes.get(operation));
}

async function invitation(sandbox: Sandbox, gatewayUrl: string, logFile: string): Promise<string> {
  const { octane, identityProvider } = sandbox;
  const { accessToken, lifetimeSeconds } = await requestToken({
    issuer: identityProvider.issuer,
    ...tokenRequest,
  });
  return [
    `All of it stays up. Try it; this token lives for ${lifetimeSeconds / 60} minutes:`,
    '',
    curlCommand(gatewayUrl, accessToken),
    '',
    `Or in a browser, with such a token: ${gatewayUrl}/docs`,
    '',
    'Make Octane fail once, and try it again:',
    '',
    `curl -X PUT ${octane.controlUrl}/fault -d '{"kind":"status","status":500,"once":true}'`,
    '',
    `The gateway's log: ${logFile}`,
    'Ctrl-C stops all of it.',
  ].join('\n');
}
