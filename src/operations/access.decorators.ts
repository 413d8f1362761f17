import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Scope } from './operation.ts';

/** For a handler that anybody may call, without a token. */
export const Public = Reflector.createDecorator<undefined>();

/** For a handler that needs a valid token of a known caller with this scope. */
export const RequireScope = Reflector.createDecorator<Scope>();

/** For a handler that needs a caller for all customers of its group, also where its path names one. */
export const ForAllCustomers = Reflector.createDecorator<undefined>();

export function isForAllCustomers(reflector: Reflector, context: ExecutionContext): boolean {
  return reflector.get(ForAllCustomers, context.getHandler()) !== undefined;
}

export function isPublic(reflector: Reflector, context: ExecutionContext): boolean {
  return reflector.get(Public, context.getHandler()) !== undefined;
}

/** @throws Error when the handler says neither who may call it nor that anybody may: a defect, so nobody gets in */
export function requiredScope(reflector: Reflector, context: ExecutionContext): Scope {
  const scope = reflector.get(RequireScope, context.getHandler());
  if (scope === undefined)
    throw new Error(`${context.getHandler().name} is neither @Public() nor @RequireScope()`);
  return scope;
}
