import { Module } from '@nestjs/common';
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { Journal } from '../journal/journal.ts';
import { HealthController } from './health.controller.ts';
import { Lifecycle } from './lifecycle.ts';
import { Readiness } from './readiness.ts';

/** The application behind the management port: its own server, so that nothing of it can be reached on the public one. */
@Module({})
export class ManagementModule {
  /** @param gateway the application that it tells about */
  static of(gateway: INestApplicationContext): DynamicModule {
    const readiness = new Readiness(gateway.get(Lifecycle), gateway.get(Journal, { strict: false }));
    return {
      module: ManagementModule,
      controllers: [HealthController],
      providers: [{ provide: Readiness, useValue: readiness }],
    };
  }
}
