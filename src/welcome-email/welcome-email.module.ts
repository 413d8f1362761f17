import { Module } from '@nestjs/common';
import { OctaneModule } from '../octane/octane.module.ts';
import { WelcomeEmailController } from './welcome-email.controller.ts';
import { WelcomeEmailService } from './welcome-email.service.ts';

@Module({ imports: [OctaneModule], controllers: [WelcomeEmailController], providers: [WelcomeEmailService] })
export class WelcomeEmailModule {}
