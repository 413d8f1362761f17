import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FloodLimit } from '../limits/flood-limit.ts';
import { reportOn } from '../limits/rate-limit-fields.ts';
import { callerSlot } from './caller.ts';

/** Behind step 2: who sends far more than its limit goes no further. */
@Injectable()
export class FloodGuard implements CanActivate {
  constructor(private readonly limit: FloodLimit) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const caller = callerSlot.get(http.getRequest<FastifyRequest>());
    if (caller) this.limit.count(caller, reportOn(http.getResponse<FastifyReply>()));
    return true;
  }
}
