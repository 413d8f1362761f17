import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { isPublic, requiredScope } from '../operations/access.decorators.ts';
import { CUSTNO } from '../config/customer-number.ts';
import { Problem } from '../problems/problem.ts';
import { callerSlot, custnoSlot } from './caller.ts';
import type { Caller } from './caller.ts';

/** Step 3: the customer number is well-formed, the scope is there, and the caller may act for that customer. */
@Injectable()
export class AuthorizeGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    if (isPublic(this.reflector, context)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { custno?: string } }>>();
    const scope = requiredScope(this.reflector, context);
    const caller = callerSlot.need(request);
    const { custno = '' } = request.params;
    if (!isWellFormed(custno, request)) {
      throw new Problem('invalid-request', {
        detail:
          'The customer number in the path must have 1 to 10 digits without a leading zero, or be "me".',
      });
    }
    if (!caller.scopes.has(scope)) {
      throw new Problem('insufficient-scope', {
        headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
      });
    }
    custnoSlot.set(request, permittedCustomer(caller, custno));
    return true;
  }
}

/** It must stand in the path as it is: the router decodes what it hands on, and paths are exact. */
function isWellFormed(custno: string, { url, routeOptions }: FastifyRequest): boolean {
  const [path = ''] = url.split('?', 1);
  const isLast = routeOptions.url!.endsWith('/:custno');
  const isSpelledOut = isLast ? path.endsWith(`/${custno}`) : path.includes(`/${custno}/`);
  return (custno === 'me' || CUSTNO.test(custno)) && isSpelledOut;
}

function permittedCustomer(caller: Caller, custno: string): string {
  if (custno === 'me' || caller.customers === 'own') {
    if (caller.ownCustno === undefined) {
      throw new Problem('customer-not-permitted', { detail: 'The access token names no customer.' });
    }
    if (custno !== 'me' && custno !== caller.ownCustno) throw new Problem('customer-not-permitted');
    return caller.ownCustno;
  }
  return custno;
}
