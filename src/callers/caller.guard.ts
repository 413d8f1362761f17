import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { principalSlot } from '../auth/principal.ts';
import { Problem } from '../problems/problem.ts';
import { callerSlot } from './caller.ts';
import { CallerDirectory } from './caller-directory.ts';

/** Step 2: the verified token's client becomes a caller of the gateway file, or goes no further. */
@Injectable()
export class CallerGuard implements CanActivate {
  constructor(private readonly directory: CallerDirectory) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const principal = principalSlot.get(request);
    if (!principal) return true; // a public handler: the guard before this one lets nobody else through without
    const caller = this.directory.find(principal);
    if (!caller) throw new Problem('caller-not-mapped');
    callerSlot.set(request, caller);
    this.directory.requireSubjectFree(caller);
    return true;
  }
}
