import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { Operations } from './operations.ts';

/** Gives every module the one list of operations. */
@Module({})
export class OperationsModule {
  static of(operations: Operations): DynamicModule {
    const providers = [{ provide: Operations, useValue: operations }];
    return { module: OperationsModule, global: true, providers, exports: providers };
  }
}
