import { Global, Module } from '@nestjs/common';
import { LinkedCustomers } from '../callers/linked-customers.ts';
import { JournalModule } from '../journal/journal.module.ts';
import { LimitsModule } from '../limits/limits.module.ts';
import { CustomerLinks } from './customer-links.ts';
import { LinksController } from './links.controller.ts';
import { RememberedLinks } from './remembered-links.ts';

/** Global, because the guard that asks for the links stands below the journal, in whose store they are. */
@Global()
@Module({
  imports: [JournalModule, LimitsModule],
  controllers: [LinksController],
  providers: [CustomerLinks, RememberedLinks, { provide: LinkedCustomers, useExisting: RememberedLinks }],
  exports: [LinkedCustomers],
})
export class LinksModule {}
