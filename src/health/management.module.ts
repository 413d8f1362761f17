import { Module } from '@nestjs/common';
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import { Issuers } from '../auth/issuers.ts';
import { StoreWatch } from '../journal/store/store-watch.ts';
import { OctaneClient } from '../octane/octane-client.ts';
import { MetricsController } from '../telemetry/metrics.controller.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { HealthController } from './health.controller.ts';
import { Lifecycle } from './lifecycle.ts';
import { Readiness } from './readiness.ts';

/** The application behind the management port: its own server, so that nothing of it can be reached on the public one. */
@Module({})
export class ManagementModule {
  /** @param gateway the application that it tells about */
  static of(gateway: INestApplicationContext): DynamicModule {
    const lifecycle = gateway.get(Lifecycle);
    const metrics = gateway.get(Metrics, { strict: false });
    metrics.includeNode();
    return {
      module: ManagementModule,
      // Its own log would say at each look of a balancer that a gateway which leaves is leaving.
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController, MetricsController],
      providers: [
        {
          provide: Readiness,
          inject: [HealthIndicatorService],
          useFactory: (indicators: HealthIndicatorService): Readiness => {
            const parts = {
              lifecycle,
              store: gateway.get(StoreWatch, { strict: false }),
              octane: gateway.get(OctaneClient, { strict: false }),
              issuers: gateway.get(Issuers),
            };
            const readiness = new Readiness(parts, indicators);
            metrics.read('gateway_ready', () => Number(readiness.isReady()));
            metrics.read('gateway_draining', () => Number(lifecycle.draining));
            return readiness;
          },
        },
        { provide: Metrics, useValue: metrics },
      ],
    };
  }
}
