import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerSlot, custnoSlot } from '../callers/caller.ts';
import type { Caller } from '../callers/caller.ts';
import { sentParameters } from '../dispatch/sent-parameters.ts';
import type { LimitReport } from '../limits/policy.ts';
import { reportOn } from '../limits/rate-limit-fields.ts';
import { recordedName } from '../telemetry/recorded-name.ts';
import { loggedSubject, soughtSubject, storedSubject } from './stored-subject.ts';

/** As the router writes them. */
export const USERS_PATH = '/v1/customers/:custno/users';
export const USER_PATH = `${USERS_PATH}/:subject`;

/** For whose links a sign-up service asks, and how it is told what is left of a limit. */
export interface LinkRequest {
  /** The request id. */
  readonly id: string;
  readonly caller: Caller;
  readonly custno: string;
  readonly tellLimit: LimitReport;
}

/** The user that is linked to the customer, or not any more. */
export interface LinkedUserRequest extends LinkRequest {
  /** As it was sent: it may be none of the gateway file. */
  readonly issuer: string;
  readonly subject: string;
}

/** Gives a handler its `LinkRequest`. A query is not looked at. */
export const AskedCustomer = createParamDecorator((_: unknown, context: ExecutionContext): LinkRequest => {
  const http = context.switchToHttp();
  return linkRequest(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
});

/**
 * Gives a handler its `LinkedUserRequest`.
 *
 * @throws Problem `invalid-request` where the query is another one than one `issuer`
 */
export const AskedUser = createParamDecorator((_: unknown, context: ExecutionContext): LinkedUserRequest => {
  const http = context.switchToHttp();
  const request = http.getRequest<FastifyRequest>();
  const { issuer = '', subject } = sentParameters(request, { issuer: 'one' }) as Record<string, string>;
  return { ...linkRequest(request, http.getResponse<FastifyReply>()), issuer, subject: subject! };
});

function linkRequest(request: FastifyRequest, reply: FastifyReply): LinkRequest {
  return {
    id: request.id,
    caller: callerSlot.need(request),
    custno: custnoSlot.need(request),
    tellLimit: reportOn(reply),
  };
}

/** The user that the audit line of a request for links names, refused or not; undefined for any other request. */
export function auditedUser(request: FastifyRequest): { issuer?: string; subject?: string } | undefined {
  const { method, params, url, routeOptions } = request;
  if (routeOptions.url === USERS_PATH) return {};
  if (routeOptions.url !== USER_PATH) return undefined;
  const { subject } = params as { subject: string };
  const [issuer, ...others] = new URLSearchParams(url.slice(url.indexOf('?'))).getAll('issuer');
  return {
    ...(issuer !== undefined && others.length === 0 && { issuer: recordedName(issuer) }),
    subject: loggedSubject(method === 'DELETE' ? soughtSubject(subject) : storedSubject(subject)),
  };
}
