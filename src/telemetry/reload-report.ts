import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { LiveGatewayConfig } from '../config/live-gateway-config.ts';
import { Metrics } from './metrics.ts';
import { LOGGER } from './nest-logger.ts';

/** Tells of each change of the gateway file or of a file that it names. A fault tells its place, never a value. */
@Injectable()
export class ReloadReport {
  constructor(gateway: LiveGatewayConfig, @Inject(LOGGER) logger: Logger, metrics: Metrics) {
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
}
