import { Module } from '@nestjs/common';
import { JournalModule } from '../journal/journal.module.ts';
import { LimitsModule } from '../limits/limits.module.ts';
import { OctaneModule } from '../octane/octane.module.ts';
import { WelcomeEmailController } from './welcome-email.controller.ts';
import { WelcomeEmailService } from './welcome-email.service.ts';

@Module({
  imports: [JournalModule, LimitsModule, OctaneModule],
  controllers: [WelcomeEmailController],
  providers: [WelcomeEmailService],
})
export class WelcomeEmailModule {}
