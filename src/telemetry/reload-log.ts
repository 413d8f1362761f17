import type { Logger } from 'pino';
import type { LiveGatewayConfig } from '../config/live-gateway-config.ts';

/** One line for each change of the gateway file or of a file that it names. A fault tells its place, never a value. */
export function logReloads(gateway: LiveGatewayConfig, logger: Logger): void {
  gateway.onReload((reload) => {
    if (reload.result === 'accepted') logger.info('gateway file reloaded');
    else logger.error({ faults: reload.faults }, 'gateway file refused: what was in use stays');
  });
}
