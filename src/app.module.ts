import { Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
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
import { directDebit } from './direct-debit/direct-debit.operation.ts';
import { Lifecycle } from './health/lifecycle.ts';
import { DocsController } from './http/docs.controller.ts';
import { OpenApiController } from './http/open-api.controller.ts';
import { OpenApi } from './http/open-api.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { ProblemsController } from './http/problems.controller.ts';
import { RouteTable } from './http/route-table.ts';
import type { Operation } from './operations/operation.ts';
import { Operations } from './operations/operations.ts';
import { OperationsModule } from './operations/operations.module.ts';
import { LimitsModule } from './limits/limits.module.ts';
import { MetricsModule } from './telemetry/metrics.module.ts';
import { TracingModule } from './telemetry/tracing.module.ts';
import { WelcomeEmailModule } from './welcome-email/welcome-email.module.ts';
import { welcomeEmail } from './welcome-email/welcome-email.operation.ts';

/** An operation, and the module of the controller that serves it. */
export interface OpenOperation {
  readonly operation: Operation;
  readonly module: Type | DynamicModule;
}

/** Every operation that this gateway serves: a further one is one more line. */
export const OPERATIONS: readonly OpenOperation[] = [
  { operation: directDebit, module: DirectDebitModule },
  { operation: welcomeEmail, module: WelcomeEmailModule },
];

export interface AppParts {
  readonly settings: Settings;
  readonly gateway: LiveGatewayConfig;
  readonly operations: readonly OpenOperation[];
}

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
    //                                                      5 to 8 Dispatch, behind the controller: limits, journal, Octane
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
  static of({ settings, gateway, operations }: AppParts): DynamicModule {
    return {
      module: AppModule,
      controllers: settings.docs === 'on' ? [OpenApiController, DocsController] : [],
      imports: [
        ConfigModule.of(settings, gateway),
        MetricsModule,
        TracingModule,
        LimitsModule,
        OperationsModule.of(new Operations(operations.map(({ operation }) => operation))),
        ...operations.map(({ module }) => module),
      ],
    };
  }
}
