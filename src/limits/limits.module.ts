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
import { MemoryProofs, PostgresProofs, UsedProofs } from './used-proofs.ts';

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
    {
      provide: UsedProofs,
      inject: [SETTINGS],
      useFactory: ({ databaseUrl, migrateOnStart }: Pick<Settings, 'databaseUrl' | 'migrateOnStart'>) =>
        sqlitePathOf(databaseUrl) === undefined
          ? new PostgresProofs(databaseUrl, migrateOnStart)
          : new MemoryProofs(),
    },
    Limits,
    AuthFailureLimit,
    FloodLimit,
    LoadShedding,
  ],
  exports: [Limits, UsedProofs, AuthFailureLimit, FloodLimit, LoadShedding],
})
export class LimitsModule {}
