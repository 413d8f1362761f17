import { Module } from '@nestjs/common';
import { DispatchModule } from '../dispatch/dispatch.module.ts';
import { WelcomeEmailController } from './welcome-email.controller.ts';

@Module({ imports: [DispatchModule], controllers: [WelcomeEmailController] })
export class WelcomeEmailModule {}
