import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
import type { HealthCheckResult } from '@nestjs/terminus';
import { Readiness } from './readiness.ts';

/** The management port has no OpenAPI document. */
const CHECK = { noCache: true, swaggerDocumentation: false };

/** On the management port only. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly checks: HealthCheckService,
    private readonly readiness: Readiness,
  ) {}

  /** The process runs and its event loop turns. */
  @Get('live')
  @HealthCheck(CHECK)
  live(): Promise<HealthCheckResult> {
    return this.checks.check([]);
  }

  /** 503 where something is down; 200 also where something is degraded. */
  @Get('ready')
  @HealthCheck(CHECK)
  ready(): Promise<HealthCheckResult> {
    return this.checks.check(this.readiness.indicators());
  }
}
