import { createParamDecorator, Inject, Injectable } from '@nestjs/common';
import type { ArgumentMetadata, ExecutionContext, PipeTransform, Type } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { SETTINGS } from '../config/tokens.ts';
import type { Settings } from '../config/settings.ts';
import { validateBody } from '../validation/validate-body.ts';
import { UnreadBody } from './json-body.ts';
import { Problem } from '../problems/problems.ts';

/** Reads a JSON body and turns it into an instance of its handler's DTO class, or refuses it with every rule that it breaks. */
@Injectable()
export class BodyPipe implements PipeTransform<UnreadBody> {
  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  async transform(body: UnreadBody, { metatype }: ArgumentMetadata): Promise<unknown> {
    const sent = await body.read();
    const json = sent === undefined && body.optional ? {} : sent;
    body.readHeaders();
    if (json === undefined) throw new Problem('malformed-json');
    const result = validateBody(metatype as Type<object>, json, this.settings.directDebitRules);
    if ('violations' in result) throw new Problem('validation-failed', { errors: result.violations });
    return result.value;
  }
}

const Unread = createParamDecorator(
  (options: { optional: boolean } | undefined, context: ExecutionContext) =>
    new UnreadBody(context.switchToHttp().getRequest<FastifyRequest>(), options?.optional ?? false),
);

/**
 * Marks the parameter of a handler that takes the JSON body; its type is the DTO class that the body must fit. The pipe is that
 * parameter's own: Nest would put every other one through a global pipe too.
 */
export const JsonBody = (options?: { optional: boolean }): ParameterDecorator => Unread(options, BodyPipe);
