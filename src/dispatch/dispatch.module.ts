import { Module } from '@nestjs/common';
import { JournalModule } from '../journal/journal.module.ts';
import { LimitsModule } from '../limits/limits.module.ts';
import { OctaneModule } from '../octane/octane.module.ts';
import { Dispatch } from './dispatch.ts';
import { SharedReads } from './shared-reads.ts';

@Module({
  imports: [JournalModule, LimitsModule, OctaneModule],
  providers: [Dispatch, SharedReads],
  exports: [Dispatch],
})
export class DispatchModule {}
