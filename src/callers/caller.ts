import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Who calls, as the gateway file maps the verified token: the one source of `groupno`. */
export interface Caller {
  readonly issuer: string;
  readonly clientId: string;
  readonly subject: string;
  /** Who acts for the subject: claim `act.sub` (RFC 8693, section 4.1). */
  readonly actor: string | undefined;
  readonly groupno: string;
  /** `own`: only the customer in the token; `any`: every customer of the group. */
  readonly customers: 'own' | 'any';
  /** The customer that the token names, if it names one. */
  readonly ownCustno: string | undefined;
  /** Of the token and of the gateway file together. */
  readonly scopes: ReadonlySet<string>;
  /** Requests a minute; undefined: the setting for all callers. */
  readonly rateLimit: number | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller?: Caller;
    /** The customer of the path, once the caller may act for it; `me` is resolved. */
    custno?: string;
  }
}

export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext) => {
  return required(context.switchToHttp().getRequest<FastifyRequest>().caller);
});

/** The customer that the caller may act for. */
export const Custno = createParamDecorator((_: unknown, context: ExecutionContext) => {
  return required(context.switchToHttp().getRequest<FastifyRequest>().custno);
});

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the guards have not run');
  return value;
}
