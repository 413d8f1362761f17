import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { Metrics } from './metrics.ts';
import { LOGGER } from './nest-logger.ts';
import { ReloadReport } from './reload-report.ts';
import { NoTracing, Tracing } from './tracing.ts';

/** Gives every module of one gateway the one log, the one `Metrics` and the one `Tracing`. */
@Global()
@Module({
  providers: [
    Metrics,
    { provide: Tracing, inject: [SETTINGS, Metrics], useFactory: openTracing },
    ReloadReport,
  ],
  exports: [Metrics, Tracing],
})
export class TelemetryModule {
  static of(logger: Logger): DynamicModule {
    const providers = [{ provide: LOGGER, useValue: logger }];
    return { module: TelemetryModule, providers, exports: providers };
  }
}

/** OpenTelemetry is not even loaded where nobody asked for traces. */
async function openTracing(
  { otelExporterOtlpEndpoint, octaneBaseUrl }: Pick<Settings, 'otelExporterOtlpEndpoint' | 'octaneBaseUrl'>,
  metrics: Metrics,
): Promise<Tracing> {
  if (otelExporterOtlpEndpoint === undefined) return new NoTracing();
  const { OpenTelemetryTracing } = await import('./tracing-opentelemetry.ts');
  return new OpenTelemetryTracing(otelExporterOtlpEndpoint, new URL(octaneBaseUrl), metrics);
}
