import { openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startFlags } from '../scripts/start-flags.ts';
import { onReservedPort } from '../test/support/reserved-port.ts';
import { MeasuredProgram } from './measured-program.ts';
import { AUDIENCE, CLIENT, GROUPNO, ISSUER, OCTANE_PATH, PASSWORD, USERNAME } from './scenario.ts';

/** More than any run asks for: every limit counts, and none refuses. */
const BOUNDLESS = '1000000000';

/** Where compiled gateways are started, and with what. */
export interface Surroundings {
  /** Where `dist/` is, and where files may be left. */
  readonly folder: string;
  readonly octanePort: number;
  readonly publicPem: string;
}

/** A caller of the gateway file that is allowed every customer of the one group. */
export const forAllCustomers = (clientId: string): object => ({
  clientId,
  issuer: ISSUER,
  groupno: GROUPNO,
  customers: 'any',
});

/** Puts the gateway file and the issuer's key in place. */
export async function writeGatewayFile(
  { folder, publicPem }: Surroundings,
  callers: readonly object[] = [forAllCustomers(CLIENT)],
  name = 'gateway.yaml',
): Promise<void> {
  const gatewayFile = {
    issuers: [{ issuer: ISSUER, audience: AUDIENCE, publicKeyFile: 'issuer.pem' }],
    callers,
    groups: [{ groupno: GROUPNO, usernameEnv: 'OCTANE_USERNAME', passwordEnv: 'OCTANE_PASSWORD' }],
  };
  await writeFile(join(folder, 'issuer.pem'), publicPem);
  await writeFile(join(folder, name), JSON.stringify(gatewayFile));
}

export interface GatewayOptions {
  readonly databaseUrl: string;
  /** Names of modules of this folder that are preloaded. */
  readonly preloaded?: readonly string[];
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly core?: string;
}

/** A compiled gateway, everything of it switched on, that logs to a file. */
export async function startGateway(
  { folder, octanePort }: Surroundings,
  { databaseUrl, preloaded = [], flags = [], environment = {}, core }: GatewayOptions,
): Promise<MeasuredProgram> {
  const flagsOfStart = await startFlags();
  const imports = preloaded.flatMap((name) => ['--import', new URL(name, import.meta.url).href]);
  return onReservedPort(({ number: port }) =>
    onReservedPort(({ number: managementPort }) =>
      MeasuredProgram.start({
        command: [process.execPath, ...flagsOfStart, ...imports, ...flags, 'dist/main.js'],
        folder,
        environment: {
          HOST: '127.0.0.1',
          PORT: String(port),
          MANAGEMENT_PORT: String(managementPort),
          OCTANE_BASE_URL: `http://127.0.0.1:${octanePort}${OCTANE_PATH}`,
          OCTANE_USERNAME: USERNAME,
          OCTANE_PASSWORD: PASSWORD,
          GATEWAY_FILE: 'gateway.yaml',
          DATABASE_URL: databaseUrl,
          LOG_LEVEL: 'info',
          OCTANE_MAX_IN_FLIGHT: '10000',
          OCTANE_RATE_LIMIT: BOUNDLESS,
          CALLER_RATE_LIMIT: BOUNDLESS,
          USER_RATE_LIMIT: BOUNDLESS,
          CUSTOMER_CHANGE_RATE_LIMIT: BOUNDLESS,
          AUTH_FAILURE_RATE_LIMIT: BOUNDLESS,
          MAX_EVENT_LOOP_DELAY_MS: '60000',
          DRAIN_DELAY_MS: '0',
          ...environment,
        },
        port,
        readyUrl: `http://127.0.0.1:${managementPort}/health/ready`,
        stdout: openSync(join(folder, `${port}.log`), 'a'),
        ...(core !== undefined && { core }),
      }),
    ),
  );
}
