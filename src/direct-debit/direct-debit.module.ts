import { Module } from '@nestjs/common';
import { JournalModule } from '../journal/journal.module.ts';
import { OctaneModule } from '../octane/octane.module.ts';
import { DirectDebitController } from './direct-debit.controller.ts';
import { DirectDebitService } from './direct-debit.service.ts';

@Module({
  imports: [JournalModule, OctaneModule],
  controllers: [DirectDebitController],
  providers: [DirectDebitService],
})
export class DirectDebitModule {}
