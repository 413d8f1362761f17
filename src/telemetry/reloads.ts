import type { Logger } from 'pino';
import type { LiveGatewayConfig } from '../config/live-gateway-config.ts';
import type { Metrics } from './metrics.ts';

/** Tells of each change of the gateway file or of a file that it names. A fault tells its place, never a value. */
export function tellOfReloads(gateway: LiveGatewayConfig, logger: Logger, metrics: Metrics): void {
  let isRefused = false;
  metrics.read('config_refused', () => Number(isRefused));
  gateway.onReload((reload) => {
    isRefused = reload.result === 'refused';
    metrics.count('config_reloads_total', { result: reload.result });
    const { result, ...told } = reload;
    if (result === 'accepted') logger.info(told, 'gateway file reloaded');
    else logger.error(told, 'gateway file refused: what was in use stays');
  });
}
