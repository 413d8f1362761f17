import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { LiveGatewayConfig } from '../config/live-gateway-config.ts';
import type { Reload } from '../config/live-gateway-config.ts';
import { Metrics } from './metrics.ts';
import { LOGGER } from './nest-logger.ts';

/** Tells of each change of the gateway file or of a file that it names. A fault tells its place, never a value. */
@Injectable()
export class ReloadReport {
  private isRefused = false;

  constructor(
    gateway: LiveGatewayConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly metrics: Metrics,
  ) {
    metrics.read('config_refused', () => Number(this.isRefused));
    gateway.onReload((reload) => this.tell(reload));
  }

  private tell({ result, ...told }: Reload): void {
    this.isRefused = result === 'refused';
    this.metrics.count('config_reloads_total', { result });
    if (result === 'accepted') this.logger.info(told, 'gateway file reloaded');
    else this.logger.error(told, 'gateway file refused: what was in use stays');
  }
}
