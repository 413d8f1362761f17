import { _, Ajv2020, type CodeKeywordDefinition, type ErrorObject, Name } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { isDateTime } from '../validation/date-time.ts';
import type { JsonSchema } from '../validation/json-schema.ts';
import { canonicalText, isAmong } from './json-places.ts';
import { isMultipleOf } from './numbers.ts';
import { compilePattern } from './pattern.ts';
import { CHECKED_FORMATS, TELLING_FORMATS } from './translate.ts';

/** An error with what Ajv tells of the schema and the value. */
export type CheckError = ErrorObject<string, Record<string, unknown>> & {
  readonly parentSchema: JsonSchema;
  readonly data: unknown;
};

/** How often one value may be looked at: a schema that holds itself twice can ask 2 to the power of its depth times. */
const MAX_VISITS = 200_000;
/** Its schemas ask too often for this value. */
export class TooManyVisits extends Error {}

let visits = 0;

function countVisit(): boolean {
  visits += 1;
  if (visits > MAX_VISITS) throw new TooManyVisits();
  return true;
}

/**
 * Compiles a schema to a function that gives all errors of a value.
 *
 * @throws RangeError, or TooManyVisits, of the function: where the value is nested too deeply, or its schemas ask too often
 */
export function compile(
  schema: JsonSchema | boolean,
  components: Readonly<Record<string, JsonSchema>>,
): (value: unknown) => readonly CheckError[] {
  const counted = Object.entries(components).map(
    ([name, component]) => [name, { counted: true, allOf: [component] }] as const,
  );
  ajv ??= newAjv();
  const check = ajv.compile({
    ...(typeof schema === 'boolean' ? (schema ? {} : { not: {} }) : { allOf: [schema] }),
    components: { schemas: Object.fromEntries(counted) },
  });
  return (value) => {
    visits = 0;
    return check(value) ? [] : (check.errors as CheckError[]);
  };
}

let ajv: Ajv2020 | undefined;

function newAjv(): Ajv2020 {
  const made = new Ajv2020({
    allErrors: true,
    // Errors name the schema and the value: what is told of them depends on both.
    verbose: true,
    messages: false,
    // What is compiled here was translated, keyword by keyword.
    strict: false,
    strictNumbers: true,
    validateSchema: false,
    meta: false,
    logger: false,
    // Without it, a schema that names `constructor` finds one in every object.
    ownProperties: true,
    inlineRefs: false,
    code: { regExp: Object.assign(compilePattern, { code: 'compilePattern' }) },
  });
  for (const format of CHECKED_FORMATS) made.addFormat(format, fullFormats[format]);
  made.addFormat('date-time', isDateTime);
  for (const format of TELLING_FORMATS) made.addFormat(format, true);
  made.addKeyword('components').addKeyword({
    keyword: 'counted',
    schemaType: 'boolean',
    errors: false,
    validate: countVisit,
  });
  for (const keyword of ['anyOf', 'oneOf', 'contains']) forgetBranches(made, keyword);
  countOwnNames(made);

  // fast-deep-equal calls what an app names `valueOf`, and the stock uniqueItems compares each with each.
  replace(made, 'enum', { schemaType: 'array', compile: isAmong });
  replace(made, 'const', { compile: (value: unknown) => isAmong([value]) });
  replace(made, 'uniqueItems', {
    type: 'array',
    schemaType: 'boolean',
    compile: (isAsked: boolean) => (items: unknown[]) =>
      !isAsked || new Set(items.map(canonicalText)).size === items.length,
  });
  replace(made, 'multipleOf', {
    type: 'number',
    schemaType: 'number',
    compile: (divisor: number) => (value: number) => isMultipleOf(value, divisor),
  });
  replace(made, 'pattern', {
    type: 'string',
    schemaType: 'string',
    compile: (source: string, { maxLength = Infinity }: { maxLength?: number }) => {
      const pattern = compilePattern(source);
      // A character may be two units long. Of a longer text, its length is told.
      return (text: string) => text.length > 2 * maxLength || pattern.test(text);
    },
  });
  return made;
}

interface OwnKeyword {
  readonly type?: 'string' | 'number' | 'array';
  readonly schemaType?: 'string' | 'number' | 'array' | 'boolean';
  // oxlint-disable-next-line typescript/no-explicit-any -- each keyword has its own types
  compile(schema: any, parent: any): (value: any) => boolean;
}

function replace(made: Ajv2020, keyword: string, definition: OwnKeyword): void {
  made.removeKeyword(keyword).addKeyword({ keyword, ...definition });
}

/** Of a value that no branch takes, Ajv gives the errors of all branches, and not whose they are. Here it gives just its own. */
function forgetBranches(made: Ajv2020, keyword: string): void {
  const stock = made.getKeyword(keyword) as CodeKeywordDefinition;
  made.removeKeyword(keyword).addKeyword({
    ...stock,
    code: (context) => {
      const report = context.error.bind(context);
      context.error = (): void => {
        context.reset();
        report();
      };
      stock.code(context);
    },
  });
}

/** Ajv keeps the names that were evaluated in `{}`, where `constructor` and `valueOf` are found without having been. */
function countOwnNames(made: Ajv2020): void {
  const keyword = 'unevaluatedProperties';
  const stock = made.getKeyword(keyword) as CodeKeywordDefinition;
  made.removeKeyword(keyword).addKeyword({
    ...stock,
    code: (context) => {
      const { gen, it } = context;
      const { props } = it;
      if (props instanceof Name)
        gen.if(_`${props} && ${props} !== true`, () =>
          gen.assign(props, _`Object.assign(Object.create(null), ${props})`),
        );
      stock.code(context);
    },
  });
}
