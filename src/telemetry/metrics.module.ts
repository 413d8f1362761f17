import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.ts';

/** Gives every module of one gateway the one `Metrics`. */
@Global()
@Module({ providers: [Metrics], exports: [Metrics] })
export class MetricsModule {}
