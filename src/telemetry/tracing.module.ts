import { Global, Module } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { Metrics } from './metrics.ts';
import { NoTracing, Tracing } from './tracing.ts';

/** Gives every module the one `Tracing`. */
@Global()
@Module({
  providers: [{ provide: Tracing, inject: [SETTINGS, Metrics], useFactory: openTracing }],
  exports: [Tracing],
})
export class TracingModule {}

/** OpenTelemetry is not even loaded where nobody asked for traces. */
async function openTracing(
  { otelExporterOtlpEndpoint, octaneBaseUrl }: Settings,
  metrics: Metrics,
): Promise<Tracing> {
  if (otelExporterOtlpEndpoint === undefined) return new NoTracing();
  const { OpenTelemetryTracing } = await import('./tracing-opentelemetry.ts');
  return new OpenTelemetryTracing(otelExporterOtlpEndpoint, new URL(octaneBaseUrl), metrics);
}
