import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { LiveGatewayConfig } from './live-gateway-config.ts';
import type { Settings } from './settings.ts';
import { SETTINGS } from './tokens.ts';

/** Gives every module the settings and the gateway file, which the start has read and checked. */
@Module({})
export class ConfigModule {
  static of(settings: Settings, gateway: LiveGatewayConfig): DynamicModule {
    const providers = [
      { provide: SETTINGS, useValue: settings },
      { provide: LiveGatewayConfig, useValue: gateway },
    ];
    return { module: ConfigModule, global: true, providers, exports: providers };
  }
}
