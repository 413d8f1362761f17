import type { Settings } from '../config/settings.ts';
import type { BodyOf, NamedExample } from '../operations/operation.ts';
import type { BodyWords } from '../validation/body-schema.ts';
import { bodySchema } from '../validation/body-schema.ts';
import type { Dto } from '../validation/dto-rules.ts';
import type { RuleLevel } from '../validation/rule-levels.ts';
import { validateBody } from '../validation/validate-body.ts';

interface DtoBody<Body extends object> {
  readonly dto: Dto<Body>;
  readonly required: boolean;
  readonly description: string;
  /** Which of the rules are in force. */
  readonly level: (settings: Settings) => RuleLevel;
  /** The classes that the schemas are made of, by the names of those; the body's own first. */
  readonly schemas: Readonly<Record<string, { readonly dto: Dto; readonly words: BodyWords }>>;
  readonly examples: Readonly<Record<string, NamedExample>>;
  readonly refused: unknown;
}

/** A body whose rules are the decorators of a DTO class. */
export const dtoBody = <Body extends object>({
  dto,
  level,
  schemas,
  ...rest
}: DtoBody<Body>): BodyOf<Body> => ({
  ...rest,
  read: (json, settings) => validateBody(dto, json, level(settings)),
  schemas: (settings) =>
    Object.fromEntries(
      Object.entries(schemas).map(([name, { dto: each, words }]) => [
        name,
        bodySchema(each, level(settings), words),
      ]),
    ),
});
