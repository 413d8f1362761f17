import { Module } from '@nestjs/common';
import { HttpModule } from '../http/http.module.ts';
import { LimitsModule } from '../limits/limits.module.ts';
import { AuthenticateGuard } from './authenticate.guard.ts';
import { DpopProofs } from './dpop-proofs.ts';
import { Issuers } from './issuers.ts';
import { JwtStrategy } from './jwt.strategy.ts';
import { VerifiedTokens } from './verified-tokens.ts';

/** Step 1: who sends a request. */
@Module({
  imports: [HttpModule, LimitsModule],
  providers: [AuthenticateGuard, DpopProofs, Issuers, JwtStrategy, VerifiedTokens],
  exports: [AuthenticateGuard],
})
export class AuthModule {}
