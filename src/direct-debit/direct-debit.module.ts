import { Module } from '@nestjs/common';
import { JournalModule } from '../journal/journal.module.ts';
import { LimitsModule } from '../limits/limits.module.ts';
import { OctaneModule } from '../octane/octane.module.ts';
import { DirectDebitController } from './direct-debit.controller.ts';
import { DirectDebitService } from './direct-debit.service.ts';

@Module({
  imports: [JournalModule, LimitsModule, OctaneModule],
  controllers: [DirectDebitController],
  providers: [DirectDebitService],
})
export class DirectDebitModule {}
