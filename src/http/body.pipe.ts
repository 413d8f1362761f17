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

  async transform(value: unknown, { metatype }: ArgumentMetadata): Promise<unknown> {
    if (!(value instanceof UnreadBody)) return value;
    const sent = await value.read();
    const json = sent === undefined && value.optional ? {} : sent;
    value.readHeaders();
    if (json === undefined) throw new Problem('malformed-json');
    const result = validateBody(metatype as Type<object>, json, this.settings.directDebitRules);
    if ('violations' in result) throw new Problem('validation-failed', { errors: result.violations });
    return result.value;
  }
}
