import { Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import type { Operation } from './operation.ts';
import { Operations } from './operations.ts';

/** An operation, and the module of the controller that serves it. */
export interface OpenOperation {
  readonly operation: Operation;
  readonly module: Type | DynamicModule;
}

/** Gives every module the one list of operations. */
@Module({})
export class OperationsModule {
  static of(operations: Operations): DynamicModule {
    const providers = [{ provide: Operations, useValue: operations }];
    return { module: OperationsModule, global: true, providers, exports: providers };
  }
}
