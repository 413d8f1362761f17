import { Injectable } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { Problem } from '../problems/problems.ts';
import { invalidToken } from './invalid-token.ts';
import { isPublic } from './access.decorators.ts';

/** Step 1: nobody passes without a valid token, except to handlers that are @Public(). */
@Injectable()
export class AuthenticateGuard extends AuthGuard('jwt') {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    return isPublic(this.reflector, context) || Boolean(await super.canActivate(context));
  }

  override getAuthenticateOptions(): { session: false; property: string } {
    return { session: false, property: 'principal' };
  }

  /** @param refusal why there is no principal: our own Problem, or the JWT library's word that the signature is wrong */
  override handleRequest<TUser>(error: unknown, principal: TUser | false | null, refusal: unknown): TUser {
    if (error) throw error;
    if (principal) return principal;
    throw refusal instanceof Problem ? refusal : invalidToken('signature');
  }
}
