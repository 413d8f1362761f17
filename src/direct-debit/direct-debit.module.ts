import { Module } from '@nestjs/common';
import { DispatchModule } from '../dispatch/dispatch.module.ts';
import { DirectDebitController } from './direct-debit.controller.ts';

@Module({ imports: [DispatchModule], controllers: [DirectDebitController] })
export class DirectDebitModule {}
