import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { GatewayConfig } from './gateway-file.ts';
import type { Settings } from './settings.ts';
import { GATEWAY_CONFIG, SETTINGS } from './tokens.ts';

/** Gives every module what the start has read and checked. */
@Module({})
export class ConfigModule {
  static of(settings: Settings, gateway: GatewayConfig): DynamicModule {
    const providers = [
      { provide: SETTINGS, useValue: settings },
      { provide: GATEWAY_CONFIG, useValue: gateway },
    ];
    return { module: ConfigModule, global: true, providers, exports: providers };
  }
}
