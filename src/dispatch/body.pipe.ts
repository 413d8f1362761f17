import { createParamDecorator, Inject, Injectable } from '@nestjs/common';
import type { ExecutionContext, PipeTransform } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { readJson } from '../http/json-body.ts';
import { readIdempotencyKey } from '../journal/idempotency-key.ts';
import type { Operation } from '../operations/operation.ts';
import { Operations } from '../operations/operations.ts';
import { Problem } from '../problems/problem.ts';
import { keySlot } from './operation-request.ts';

const NOTHING_SENT = { json: {}, text: '' };

/** Step 4: reads the body as the operation of the route says, and refuses it with every rule that it breaks. */
@Injectable()
export class BodyPipe implements PipeTransform<FastifyRequest> {
  constructor(
    // Whole, for what an operation says of its body.
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly operations: Operations,
  ) {}

  async transform(request: FastifyRequest): Promise<unknown> {
    const operation = this.operations.at(request.method, request.routeOptions.url);
    if (!operation) throw new Error(`no operation has the route ${request.routeOptions.url}`);
    const { body } = operation;
    const sent = body && (await readJson(request));
    readKey(operation, request);
    if (!body) return undefined;
    const { json, text } = sent ?? NOTHING_SENT;
    if (!sent && body.required) throw new Problem('malformed-json');
    const { value, violations } = body.read(json, this.settings, text);
    if (violations) throw new Problem('validation-failed', { errors: violations });
    return value;
  }
}

/** A read has no key: it changes nothing. */
function readKey(operation: Operation, request: FastifyRequest): void {
  const key = operation.kind === 'change' ? readIdempotencyKey(request, operation.key) : undefined;
  if (key !== undefined) keySlot.set(request, key);
}

const Unread = createParamDecorator((_: unknown, context: ExecutionContext) =>
  context.switchToHttp().getRequest<FastifyRequest>(),
);

/**
 * Marks the parameter of a handler that takes the checked body. The pipe is that parameter's own: Nest would put every other one
 * through a global pipe too.
 */
export const JsonBody = (): ParameterDecorator => Unread(BodyPipe);
