import { Module } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { AuthFailureLimit } from './auth-failure-limit.ts';
import { Counts } from './counts.ts';
import { FloodLimit } from './flood-limit.ts';
import { Limits } from './limits.ts';
import { LoadShedding } from './load-shedding.ts';
import { MemoryCounts } from './memory-counts.ts';
import { PostgresCounts } from './postgres-counts.ts';

@Module({
  providers: [
    {
      provide: Counts,
      inject: [SETTINGS, Metrics],
      useFactory: ({ databaseUrl, migrateOnStart }: Settings, metrics: Metrics): Counts =>
        databaseUrl.startsWith('sqlite:')
          ? new MemoryCounts()
          : new PostgresCounts(databaseUrl, metrics, migrateOnStart),
    },
    Limits,
    AuthFailureLimit,
    FloodLimit,
    LoadShedding,
  ],
  exports: [Limits, AuthFailureLimit, FloodLimit, LoadShedding],
})
export class LimitsModule {}
