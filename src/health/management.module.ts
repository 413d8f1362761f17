import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { HealthController } from './health.controller.ts';
import { Lifecycle } from './lifecycle.ts';

/** The application behind the management port: its own server, so that nothing of it can be reached on the public one. */
@Module({})
export class ManagementModule {
  static of(lifecycle: Lifecycle): DynamicModule {
    return {
      module: ManagementModule,
      controllers: [HealthController],
      providers: [{ provide: Lifecycle, useValue: lifecycle }],
    };
  }
}
