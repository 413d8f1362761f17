import { Inject, Injectable } from '@nestjs/common';
import type { ArgumentMetadata, PipeTransform, Type } from '@nestjs/common';
import { SETTINGS } from '../config/tokens.ts';
import type { Settings } from '../config/settings.ts';
import { validateBody } from '../validation/validate-body.ts';
import { UnreadBody } from './json-body.ts';
import { Problem } from '../problems/problems.ts';

/** Reads a JSON body and turns it into an instance of its handler's DTO class, or refuses it with every rule that it breaks. */
@Injectable()
export class BodyPipe implements PipeTransform {
  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  /** Nest asks of every parameter of a handler. */
  transform(value: unknown, { metatype }: ArgumentMetadata): unknown {
    return value instanceof UnreadBody ? this.read(value, metatype as Type<object>) : value;
  }

  private async read(body: UnreadBody, dto: Type<object>): Promise<object> {
    const sent = await body.read();
    const json = sent === undefined && body.optional ? {} : sent;
    body.readHeaders();
    if (json === undefined) throw new Problem('malformed-json');
    const result = validateBody(dto, json, this.settings.directDebitRules);
    if ('violations' in result) throw new Problem('validation-failed', { errors: result.violations });
    return result.value;
  }
}
