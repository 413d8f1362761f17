import { ForbiddenException, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { User } from './jwt.strategy.ts';

@Injectable()
export class CallerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user } = context.switchToHttp().getRequest<{ user: User }>();
    if (user.groupno === undefined || !user.scopes.includes('direct-debit:write')) {
      throw new ForbiddenException();
    }
    return true;
  }
}
