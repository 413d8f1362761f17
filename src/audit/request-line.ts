import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { principalSlot } from '../auth/principal.ts';
import type { Principal } from '../auth/principal.ts';
import { callerSlot, custnoSlot } from '../callers/caller.ts';
import { CUSTNO } from '../config/customer-number.ts';
import type { RefusedMessage } from '../http/parser-errors.ts';
import { PeerAddress } from '../http/peer-address.ts';
import { refusal } from '../http/problem.filter.ts';
import { hungUp } from '../http/request-end.ts';
import { auditedUser } from '../links/link-request.ts';
import { Operations } from '../operations/operations.ts';
import { PROBLEMS } from '../problems/catalogue.ts';
import type { Outcome } from '../problems/catalogue.ts';
import type { Problem } from '../problems/problem.ts';
import { LOGGER } from '../telemetry/nest-logger.ts';
import { recordedName } from '../telemetry/recorded-name.ts';
import { traceIdOf } from '../telemetry/trace-context.ts';

/**
 * The one `request completed` line of a request: nothing in it but what a request is told apart and judged by. That of an
 * attempted operation, or of the customer links, allowed or refused, is its audit event too.
 */
@Injectable()
export class RequestLine {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly peers: PeerAddress,
    private readonly operations: Operations,
  ) {}

  /** Of a message that never became a request. */
  logRefused(refused: RefusedMessage): void {
    this.logger.info({ ...refused, route: 'none', durationMs: 0 }, 'request completed');
  }

  log(request: FastifyRequest, reply: FastifyReply): void {
    const caller = callerSlot.get(request);
    const problem = refusal.get(request);
    const principal = principalSlot.get(request);
    const route = request.routeOptions.url ?? 'none';
    const clientId = caller?.clientId ?? principal?.clientId;
    const served = this.operations.at(request.method, request.routeOptions.url);
    const operation = served?.name;
    const linked = auditedUser(request);
    const isAudited = operation !== undefined || linked !== undefined;
    this.logger.info(
      // What is undefined is not written.
      {
        requestId: request.id,
        traceId: traceIdOf(request),
        method: request.method,
        route,
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 1000) / 1000,
        clientClosed: hungUp.get(request) || request.raw.socket.readableEnded || undefined,
        client: clientId === undefined ? undefined : recordedName(clientId),
        group: caller?.groupno,
        code: problem?.code,
        reason: problem?.extras.reason,
        cause: problem?.extras.cause,
        peer: problem && this.peers.of(request.raw.socket, request.headers),
        outcome: served?.kind === 'change' ? outcomeOf(problem, reply) : undefined,
        audit: isAudited || undefined,
        operation,
        issuer: linked ? linked.issuer : operation && principal?.issuer,
        subject: linked ? linked.subject : operation && principal && recordedName(principal.subject),
        actor: (operation && caller?.actor !== undefined && recordedName(caller.actor)) || undefined,
        custno: isAudited ? custnoOf(request) : undefined,
        bound: (isAudited && principal?.jkt !== undefined) || undefined,
        acr: isAudited ? acrOf(principal) : undefined,
        replayed: (operation && reply.hasHeader('idempotency-replayed')) || undefined,
      },
      'request completed',
    );
  }
}

/** What became of the change that the request asked for. */
function outcomeOf(problem: Problem | undefined, reply: FastifyReply): Outcome {
  if (problem?.code === 'internal-error') return 'unknown';
  if (problem) return problem.extras.outcome ?? PROBLEMS[problem.code].outcome ?? 'not-sent';
  return reply.statusCode < 300 ? 'applied' : 'not-sent';
}

/** How the user logged in, in the issuer's words. */
function acrOf(principal: Principal | undefined): string | undefined {
  const acr = principal?.claims['acr'];
  return typeof acr === 'string' ? recordedName(acr) : undefined;
}

/** The customer that was asked for: what `me` stands for, where that was permitted, and nothing that is no customer number. */
function custnoOf(request: FastifyRequest): string | undefined {
  const asked = custnoSlot.get(request) ?? (request.params as { custno?: string }).custno;
  return asked !== undefined && CUSTNO.test(asked) ? asked : undefined;
}
