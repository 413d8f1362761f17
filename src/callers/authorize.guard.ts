import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { challenge } from '../auth/challenge.ts';
import { principalSlot, schemeOf } from '../auth/principal.ts';
import { isForAllCustomers, isPublic, requiredScope } from '../operations/access.decorators.ts';
import { Operations } from '../operations/operations.ts';
import { CUSTNO } from '../config/customer-number.ts';
import { Problem } from '../problems/problem.ts';
import { CallerDirectory } from './caller-directory.ts';
import { LinkedCustomers } from './linked-customers.ts';
import { requireLogin } from './login.ts';
import { callerSlot, custnoSlot } from './caller.ts';
import type { Caller } from './caller.ts';

type CustomerRequest = FastifyRequest<{ Params: { custno?: string } }>;

/** Step 3: the customer number is well-formed, the scope is there, and the caller may act for that customer, by a login that will do. */
@Injectable()
export class AuthorizeGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly directory: CallerDirectory,
    private readonly operations: Operations,
    private readonly links: LinkedCustomers,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (isPublic(this.reflector, context)) return true;
    const request = context.switchToHttp().getRequest<CustomerRequest>();
    const scope = requiredScope(this.reflector, context);
    const caller = callerSlot.need(request);
    const { custno } = request.params;
    if (custno !== undefined && !isWellFormed(custno, request)) {
      throw new Problem('invalid-request', {
        detail:
          'The customer number in the path must have 1 to 10 digits without a leading zero, or be "me".',
      });
    }
    if (!caller.scopes.has(scope)) {
      throw new Problem('insufficient-scope', {
        headers: challenge(schemeOf(principalSlot.need(request)), { error: 'insufficient_scope', scope }),
      });
    }
    const isForAll = custno === undefined || isForAllCustomers(this.reflector, context);
    if (isForAll && caller.customers === 'own') {
      throw new Problem('customer-not-permitted', {
        detail: 'Only clients that may act for every customer can use this operation.',
      });
    }
    // Nobody else waits.
    if (caller.directory === 'token' || !needsOwn(caller, custno))
      return this.permit(request, caller, caller.ownCustnos);
    const linked = this.links.customersOf(caller);
    return linked instanceof Promise
      ? linked.then((custnos) => this.permit(request, caller, custnos))
      : this.permit(request, caller, linked);
  }

  private permit(request: CustomerRequest, caller: Caller, ownCustnos: readonly string[]): true {
    const { custno } = request.params;
    const permitted = custno === undefined ? '' : permittedCustomer(caller, custno, ownCustnos);
    this.directory.requireCustomerFree(caller.groupno, permitted);
    const operation = this.operations.at(request.method, request.routeOptions.url);
    if (operation) requireLogin(operation, principalSlot.need(request));
    custnoSlot.set(request, permitted);
    return true;
  }
}

/** Whether the customers of the user itself decide. */
function needsOwn({ customers }: Caller, custno: string | undefined): boolean {
  return custno !== undefined && (custno === 'me' || customers === 'own');
}

/** It must stand in the path as it is: the router decodes what it hands on, and paths are exact. */
function isWellFormed(custno: string, { url, routeOptions }: FastifyRequest): boolean {
  if (custno !== 'me' && !CUSTNO.test(custno)) return false;
  if (!url.includes('%')) return true;
  const [path = ''] = url.split('?', 1);
  // Counted from the end: the URL of a request to a proxy begins with a host.
  const names = routeOptions.url!.split('/');
  return path.split('/').at(names.indexOf(':custno') - names.length) === custno;
}

function permittedCustomer(caller: Caller, custno: string, ownCustnos: readonly string[]): string {
  if (!needsOwn(caller, custno)) return custno;
  const [own, ...others] = ownCustnos;
  const isLinked = caller.directory === 'links';
  if (own === undefined) {
    throw new Problem('customer-not-permitted', {
      detail: isLinked
        ? 'The user of the access token is not linked to a customer.'
        : 'The access token names no customer.',
    });
  }
  if (custno !== 'me') {
    if (ownCustnos.includes(custno)) return custno;
    throw new Problem('customer-not-permitted');
  }
  if (others.length === 0) return own;
  throw new Problem('customer-not-permitted', {
    detail: `The ${isLinked ? 'user is linked to' : 'access token names'} several customers. Put the number of one of them in the path.`,
  });
}
