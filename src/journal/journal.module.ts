import { Module } from '@nestjs/common';
import { sqlitePathOf } from '../config/database-url.ts';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { Claims } from './claims.ts';
import { Clock } from './clock.ts';
import { Journal } from './journal.ts';
import { Outcomes } from './outcomes.ts';
import { Retention } from './retention.ts';
import { JournalStore } from './store/journal-store.ts';
import { KyselyJournalStore } from './store/kysely-journal-store.ts';
import { openPostgres } from './store/open-database.ts';
import { SqliteJournalStore } from './store/sqlite-journal-store.ts';
import { StoreWatch } from './store/store-watch.ts';

@Module({
  providers: [
    {
      provide: JournalStore,
      inject: [SETTINGS],
      useFactory: ({
        databaseUrl,
        migrateOnStart,
      }: Pick<Settings, 'databaseUrl' | 'migrateOnStart'>): JournalStore => {
        const path = sqlitePathOf(databaseUrl);
        return path === undefined
          ? new KyselyJournalStore(openPostgres(databaseUrl), migrateOnStart)
          : new SqliteJournalStore(path, migrateOnStart);
      },
    },
    Clock,
    StoreWatch,
    Outcomes,
    Claims,
    Journal,
    Retention,
  ],
  exports: [Journal, JournalStore, StoreWatch],
})
export class JournalModule {}
