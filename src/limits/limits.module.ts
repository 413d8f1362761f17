import { Module } from '@nestjs/common';
import { sqlitePathOf } from '../config/database-url.ts';
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
      useFactory: (settings: Pick<Settings, 'databaseUrl' | 'migrateOnStart'>, metrics: Metrics): Counts =>
        sqlitePathOf(settings.databaseUrl) === undefined
          ? new PostgresCounts(settings.databaseUrl, metrics, settings.migrateOnStart)
          : new MemoryCounts(),
    },
    Limits,
    AuthFailureLimit,
    FloodLimit,
    LoadShedding,
  ],
  exports: [Limits, AuthFailureLimit, FloodLimit, LoadShedding],
})
export class LimitsModule {}
