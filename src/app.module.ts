import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AuthenticateGuard } from './auth/authenticate.guard.ts';
import { Issuers } from './auth/issuers.ts';
import { JwtStrategy } from './auth/jwt.strategy.ts';
import { VerifiedTokens } from './auth/verified-tokens.ts';
import { AuthorizeGuard } from './callers/authorize.guard.ts';
import { CallerDirectory } from './callers/caller-directory.ts';
import { CallerGuard } from './callers/caller.guard.ts';
import { FloodGuard } from './callers/flood.guard.ts';
import { ConfigModule } from './config/config.module.ts';
import type { LiveGatewayConfig } from './config/live-gateway-config.ts';
import type { Settings } from './config/settings.ts';
import { DirectDebitModule } from './direct-debit/direct-debit.module.ts';
import { Lifecycle } from './health/lifecycle.ts';
import { DocsController } from './http/docs.controller.ts';
import { OpenApiController } from './http/open-api.controller.ts';
import { OpenApi } from './http/open-api.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { ProblemsController } from './http/problems.controller.ts';
import { RouteTable } from './http/route-table.ts';
import { LimitsModule } from './limits/limits.module.ts';
import { MetricsModule } from './telemetry/metrics.module.ts';
import { TracingModule } from './telemetry/tracing.module.ts';
import { WelcomeEmailModule } from './welcome-email/welcome-email.module.ts';

/**
 * The way of a request, in run order. Global guards and filters are registered here alone: one registered in an
 * imported module would run after these.
 */
@Module({
  controllers: [ProblemsController],
  providers: [
    { provide: APP_GUARD, useClass: AuthenticateGuard }, // 1 who sends this? 401, past too many bad tokens 429
    { provide: APP_GUARD, useClass: CallerGuard }, //       2 which caller is that? 403
    { provide: APP_GUARD, useClass: FloodGuard }, //        past five times its limit, whatever it asks: 429
    { provide: APP_GUARD, useClass: AuthorizeGuard }, //    3 may the caller do this for that customer? 400, 403
    //                                                      4 @JsonBody(): read and validate the body: 415, 413, 400, 422
    //                                                      5 the controller and its service: limits of user and caller, 429;
    //                                                        the journal; the other limits, 429, 503; Octane
    ProblemFilter, //                                       any throw on the way becomes a problem
    { provide: APP_FILTER, useExisting: ProblemFilter },
    Issuers,
    JwtStrategy,
    VerifiedTokens,
    CallerDirectory,
    RouteTable,
    OpenApi,
    Lifecycle,
  ],
})
export class AppModule {
  static of(settings: Settings, gateway: LiveGatewayConfig): DynamicModule {
    return {
      module: AppModule,
      controllers: settings.docs === 'on' ? [OpenApiController, DocsController] : [],
      imports: [
        ConfigModule.of(settings, gateway),
        MetricsModule,
        TracingModule,
        LimitsModule,
        DirectDebitModule,
        WelcomeEmailModule,
      ],
    };
  }
}
