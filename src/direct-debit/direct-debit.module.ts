import { Module } from '@nestjs/common';
import { OctaneModule } from '../octane/octane.module.ts';
import { DirectDebitController } from './direct-debit.controller.ts';
import { DirectDebitService } from './direct-debit.service.ts';

@Module({ imports: [OctaneModule], controllers: [DirectDebitController], providers: [DirectDebitService] })
export class DirectDebitModule {}
