import { Module } from '@nestjs/common';
import { LimitsModule } from '../limits/limits.module.ts';
import { AuthorizeGuard } from './authorize.guard.ts';
import { CallerDirectory } from './caller-directory.ts';
import { CallerGuard } from './caller.guard.ts';
import { FloodGuard } from './flood.guard.ts';

/** Steps 2 and 3: which caller a sender is, and what it may do. */
@Module({
  imports: [LimitsModule],
  providers: [CallerDirectory, CallerGuard, FloodGuard, AuthorizeGuard],
  exports: [CallerGuard, FloodGuard, AuthorizeGuard],
})
export class CallersModule {}
