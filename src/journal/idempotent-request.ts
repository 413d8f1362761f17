import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What the journal needs to know of the HTTP request, and what it can tell the app beside the answer. */
export class IdempotentRequest {
  constructor(
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
  ) {}

  /** The request id. */
  get id(): string {
    return this.request.id;
  }

  /** The Idempotency-Key, where the app sent one. */
  get key(): string | undefined {
    return this.request.idempotencyKey;
  }

  markReplayed(): void {
    this.reply.header('idempotency-replayed', 'true');
  }
}

export const Idempotency = createParamDecorator(
  (_: unknown, context: ExecutionContext): IdempotentRequest => {
    const http = context.switchToHttp();
    return new IdempotentRequest(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  },
);
