import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { Logger } from 'pino';
import { RequestHooks } from './app.hooks.ts';
import { RequestLine } from './audit/request-line.ts';
import { AuthModule } from './auth/auth.module.ts';
import { AuthenticateGuard } from './auth/authenticate.guard.ts';
import { AuthorizeGuard } from './callers/authorize.guard.ts';
import { CallerGuard } from './callers/caller.guard.ts';
import { CallersModule } from './callers/callers.module.ts';
import { FloodGuard } from './callers/flood.guard.ts';
import { ConfigModule } from './config/config.module.ts';
import type { LiveGatewayConfig } from './config/live-gateway-config.ts';
import type { Settings } from './config/settings.ts';
import { readOperationsFile } from './described/operations-file.ts';
import type { OperationsFile } from './described/operations-file.ts';
import { DirectDebitModule } from './direct-debit/direct-debit.module.ts';
import { directDebit } from './direct-debit/direct-debit.operation.ts';
import { Lifecycle } from './health/lifecycle.ts';
import { HttpModule } from './http/http.module.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { LimitsModule } from './limits/limits.module.ts';
import { LinksModule } from './links/links.module.ts';
import { OpenApiModule } from './open-api/open-api.module.ts';
import { Operations } from './operations/operations.ts';
import { OperationsModule } from './operations/operations.module.ts';
import type { OpenOperation } from './operations/operations.module.ts';
import { ProblemsModule } from './problems/problems.module.ts';
import { TelemetryModule } from './telemetry/telemetry.module.ts';
import { WelcomeEmailModule } from './welcome-email/welcome-email.module.ts';
import { welcomeEmail } from './welcome-email/welcome-email.operation.ts';

/** The operations with rules in code: a further one is one more line. They are open where no file says which are. */
export const OPERATIONS: readonly OpenOperation[] = [
  { operation: directDebit, module: DirectDebitModule },
  { operation: welcomeEmail, module: WelcomeEmailModule },
];

/** Those that the operations file opens. */
export function openOperations(settings: Settings): OperationsFile {
  return settings.operationsFile === undefined
    ? { operations: OPERATIONS, notes: [], files: [] }
    : readOperationsFile(settings.operationsFile, settings, OPERATIONS);
}

export interface AppParts {
  readonly settings: Settings;
  readonly gateway: LiveGatewayConfig;
  readonly logger: Logger;
  readonly operations: readonly OpenOperation[];
}

/**
 * The way of a request, in run order. Global guards and filters are registered here alone: one registered in an
 * imported module would run after these.
 */
@Module({
  providers: [
    RequestHooks, //                                             before: connections, tracing, load, head, path: 503, 505, 400, 404
    { provide: APP_GUARD, useExisting: AuthenticateGuard }, // 1 who sends this? 401, past too many bad tokens 429
    { provide: APP_GUARD, useExisting: CallerGuard }, //       2 which caller is that? 403
    { provide: APP_GUARD, useExisting: FloodGuard }, //          past five times its limit, whatever it asks: 429
    { provide: APP_GUARD, useExisting: AuthorizeGuard }, //    3 may the caller do this for that customer? 400, 403
    //                                                         4 @JsonBody(): read and validate the body: 415, 413, 400, 422
    //                                                         5 to 8 Dispatch, behind the controller: limits, journal, Octane
    { provide: APP_FILTER, useExisting: ProblemFilter }, //      any throw on the way becomes a problem
    RequestLine, //                                              after: RequestHooks tells the log, the metrics and the trace
    Lifecycle,
  ],
})
export class AppModule {
  static of({ settings, gateway, logger, operations }: AppParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.of(settings, gateway),
        TelemetryModule.of(logger),
        OperationsModule.of(new Operations(operations.map(({ operation }) => operation))),
        HttpModule,
        LimitsModule,
        AuthModule,
        CallersModule,
        LinksModule,
        ...operations.map(({ module }) => module),
        ProblemsModule,
        ...(settings.docs === 'on' ? [OpenApiModule] : []),
      ],
    };
  }
}
