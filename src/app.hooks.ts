import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestLine } from './audit/request-line.ts';
import { callerSlot } from './callers/caller.ts';
import { Lifecycle } from './health/lifecycle.ts';
import { cutSilentConnectionsOnClose } from './health/silent-connections.ts';
import { answerHeaders } from './http/answer-headers.ts';
import { limitConnections, openConnections } from './http/connections.ts';
import { headerCount } from './http/header-count.ts';
import { ParserErrors } from './http/parser-errors.ts';
import { ProblemFilter, refusal } from './http/problem.filter.ts';
import { onRequestEnd } from './http/request-end.ts';
import { RouteTable } from './http/route-table.ts';
import { LoadShedding } from './limits/load-shedding.ts';
import { Problem } from './problems/problem.ts';
import { Metrics } from './telemetry/metrics.ts';
import { countRefusedMessage, countRequest } from './telemetry/request-metrics.ts';
import { endServing, serveWithin } from './telemetry/served-request.ts';
import { Tracing } from './telemetry/tracing.ts';

/** What happens to a request outside Nest: ahead of the guards, and when it is over. */
@Injectable()
export class RequestHooks {
  constructor(
    private readonly parserErrors: ParserErrors,
    private readonly tracing: Tracing,
    private readonly load: LoadShedding,
    private readonly routes: RouteTable,
    private readonly problems: ProblemFilter,
    private readonly lifecycle: Lifecycle,
    private readonly line: RequestLine,
    private readonly metrics: Metrics,
  ) {}

  /** In run order. To be called before the application has routes. */
  install(app: NestFastifyApplication): void {
    const server = app.getHttpServer();
    const fastify = app.getHttpAdapter().getInstance();
    // Connections
    limitConnections(server, () => this.metrics.count('http_server_dropped_connections_total', {}));
    this.metrics.read('http_server_connections', () => openConnections(server));
    cutSilentConnectionsOnClose(app);
    // Messages that never become a request
    this.parserErrors.listen(server, (refused) => {
      this.line.logRefused(refused);
      countRefusedMessage(this.metrics, refused);
    });
    // To Fastify no request has a body: the body pipe reads it, behind the guards, where a route takes one.
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      fastify.addHttpMethod(method, { hasBody: false, overrideExisting: true });
    }
    fastify.addHook('onRoute', (route) => this.routes.add(route));
    // Requests
    fastify.addHook('onRequest', (request, _reply, done) => this.tracing.begin(request, done));
    fastify.addHook('onRequest', (request, _reply, done) => serveWithin(request, done));
    onRequestEnd(fastify, (request, reply) => this.end(request, reply));
    fastify.addHook('onRequest', (request, reply, done) => {
      reply.headers(answerHeaders(request.id));
      done(this.load.refusal() ?? headFault(request.raw) ?? this.pathFault(request.url));
    });
    // Here Nest's router takes over: guards, pipes, controller.
    fastify.addHook('onSend', (_request, reply, _payload, done) => {
      this.closeIfLeaving(reply);
      done();
    });
  }

  /** For what Fastify refuses by itself, ahead of all hooks. */
  refuse(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    reply.headers(answerHeaders(request.id));
    this.closeIfLeaving(reply);
    this.tracing.begin(request, () => this.problems.answer(error, request, reply));
    this.end(request, reply);
  }

  /** Tells once of each request that is over. */
  private end(request: FastifyRequest, reply: FastifyReply): void {
    this.line.log(request, reply);
    countRequest(this.metrics, request, reply);
    const caller = callerSlot.get(request);
    this.tracing.end(request, {
      status: reply.statusCode,
      client: caller?.clientId,
      group: caller?.groupno,
      problem: refusal.get(request),
      isReplay: reply.hasHeader('idempotency-replayed'),
    });
    endServing(request);
  }

  private closeIfLeaving(reply: FastifyReply): void {
    if (this.lifecycle.draining) reply.header('connection', 'close');
  }

  private pathFault(url: string): Problem | undefined {
    return this.routes.isSpelledOut(url) ? undefined : new Problem('not-found');
  }
}

/** What HTTP/1.1 demands of the head of a request (RFC 9112, sections 2.3 and 3.2) and Node leaves to the application. */
function headFault(request: IncomingMessage): Problem | undefined {
  const { httpVersion } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    return new Problem('invalid-request', { status: 505, detail: 'Use HTTP/1.1.' });
  }
  const hosts = headerCount(request, 'host');
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0')
    ? undefined
    : new Problem('invalid-request', { detail: 'Send one Host header.' });
}
