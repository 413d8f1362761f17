import { Injectable } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PeerAddress } from '../http/peer-address.ts';
import { AuthFailureLimit } from '../limits/auth-failure-limit.ts';
import { reportOn } from '../limits/rate-limit-fields.ts';
import { isPublic } from '../operations/access.decorators.ts';
import { Problem } from '../problems/problem.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { Tracing } from '../telemetry/tracing.ts';
import { accessToken, readUnverified } from './access-token.ts';
import type { SentToken } from './access-token.ts';
import { keyOfBinding } from './claims.ts';
import { DpopProofs } from './dpop-proofs.ts';
import { invalidToken, isGenuine } from './invalid-token.ts';
import type { InvalidTokenReason } from './invalid-token.ts';
import { JwtStrategy } from './jwt.strategy.ts';
import { principalSlot } from './principal.ts';
import type { Principal } from './principal.ts';
import { VerifiedTokens } from './verified-tokens.ts';

/** Step 1: nobody passes without a valid token, except to handlers that are @Public(). */
@Injectable()
export class AuthenticateGuard extends AuthGuard('jwt') {
  constructor(
    private readonly reflector: Reflector,
    private readonly failureLimit: AuthFailureLimit,
    private readonly verifiedTokens: VerifiedTokens,
    private readonly jwt: JwtStrategy,
    private readonly proofs: DpopProofs,
    private readonly tracing: Tracing,
    private readonly metrics: Metrics,
    private readonly peers: PeerAddress,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (isPublic(this.reflector, context)) return true;
    try {
      return await this.tracing.step('authenticate', () => this.authenticate(context));
    } catch (error) {
      if (error instanceof Problem) {
        this.metrics.count('auth_failures_total', { reason: error.extras.reason ?? error.code });
        // An app whose token has expired is no attacker, and must learn that it has to renew it.
        if (error.code === 'invalid-token' && !isGenuine(error)) this.countFailure(context);
      }
      throw error;
    }
  }

  private async authenticate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const sent = accessToken(request);
    try {
      const known = await this.verifiedTokens.principalOf(sent.token);
      if (known) principalSlot.set(request, known);
      else {
        await this.jwt.prepare(request, sent.token);
        await super.canActivate(context);
      }
      const { jkt } = principalSlot.need(request);
      if (jkt !== undefined || sent.scheme === 'DPoP') await this.proofs.require(request, sent, jkt);
      return true;
    } catch (error) {
      throw error instanceof Problem && error.code === 'invalid-token' && isForDpop(error, sent)
        ? invalidToken(error.extras.reason as InvalidTokenReason, 'DPoP')
        : error;
    }
  }

  override getAuthenticateOptions(): { session: false } {
    return { session: false };
  }

  /** @param refusal why there is no principal: our own Problem, or the JWT library's word that the signature is wrong */
  // oxlint-disable-next-line max-params -- as Passport's guard calls it
  override handleRequest<TUser>(
    error: unknown,
    principal: TUser | false | null,
    refusal: unknown,
    context: ExecutionContext,
  ): TUser {
    if (error) throw error;
    if (!principal) throw refusal instanceof Problem ? refusal : invalidToken('signature');
    principalSlot.set(context.switchToHttp().getRequest<FastifyRequest>(), principal as unknown as Principal);
    return principal;
  }

  /** @throws Problem `rate-limited` */
  private countFailure(context: ExecutionContext): void {
    const http = context.switchToHttp();
    const { raw, headers } = http.getRequest<FastifyRequest>();
    this.failureLimit.count(this.peers.of(raw.socket, headers), reportOn(http.getResponse<FastifyReply>()));
  }
}

/** Whether the app can only go on with a proof, or tried to. */
function isForDpop(refused: Problem, { scheme, token }: SentToken): boolean {
  if (scheme === 'DPoP' || refused.extras.reason === 'unbound') return true;
  return isGenuine(refused) && keyOfBinding(readUnverified(token).claims['cnf']) !== undefined;
}
