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
import { MAX_VIOLATIONS } from '../validation/validate-body.ts';
import type { Violation } from '../validation/validate-body.ts';
import { keySlot, parametersSlot } from './operation-request.ts';
import { sentParameters } from './sent-parameters.ts';

const NOTHING_SENT = { json: {}, text: '' };

/** Step 4: reads body and parameters as the operation of the route says, and refuses them with every rule that they break. */
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
    const refused = readParameters(operation, request);
    readKey(operation, request);
    if (body && !sent && body.required) throw new Problem('malformed-json');
    const { json, text } = sent ?? NOTHING_SENT;
    const { value, violations } = body?.read(json, this.settings, text) ?? {};
    if (refused ?? violations) throw refusal([...(refused ?? []), ...(violations ?? [])]);
    return value;
  }
}

/** @returns the rules that the parameters break; undefined for none */
function readParameters(
  { parameters }: Operation,
  request: FastifyRequest,
): readonly Violation[] | undefined {
  if (!parameters) return undefined;
  const { value, violations } = parameters.read(sentParameters(request, parameters.query));
  if (value) parametersSlot.set(request, value);
  return violations;
}

/** A read has no key: it changes nothing. */
function readKey(operation: Operation, request: FastifyRequest): void {
  const key = operation.kind === 'change' ? readIdempotencyKey(request, operation.key) : undefined;
  if (key !== undefined) keySlot.set(request, key);
}

function refusal(violations: readonly Violation[]): Problem {
  return new Problem('validation-failed', { errors: violations.slice(0, MAX_VIOLATIONS) });
}

const Unread = createParamDecorator((_: unknown, context: ExecutionContext) =>
  context.switchToHttp().getRequest<FastifyRequest>(),
);

/**
 * Marks the parameter of a handler that takes the checked body. The pipe is that parameter's own: Nest would put every other one
 * through a global pipe too. Route and query are read with it, so a handler has it also where the operation takes no body.
 */
export const JsonBody = (): ParameterDecorator => Unread(BodyPipe);
