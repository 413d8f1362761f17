import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What the journal needs to know of the HTTP request, and what it can tell the app beside the answer. */
export interface IdempotentRequest {
  /** The request id. */
  readonly id: string;
  /** The Idempotency-Key, where the app sent one. */
  readonly key: string | undefined;
  markReplayed(): void;
}

export const Idempotency = createParamDecorator(
  (_: unknown, context: ExecutionContext): IdempotentRequest => {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return {
      id: request.id,
      get key() {
        return request.idempotencyKey;
      },
      markReplayed: () => void reply.header('idempotency-replayed', 'true'),
    };
  },
);
