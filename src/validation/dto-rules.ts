// oxlint-disable-next-line import/no-unassigned-import -- it adds to Reflect
import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, IS_INSTANCE, IS_OPTIONAL, ValidationTypes } from 'class-validator';
import type { MetadataStorage, ValidationArguments, ValidatorConstraintInterface } from 'class-validator';
import type { SchemaRule } from './json-schema.ts';
import { RULE_LEVELS, VIOLATION_CODES } from './rule-levels.ts';
import type { Holds, RuleContext, RuleLevel, SentObject, ViolationCode } from './rule-levels.ts';
import { STOCK_CODES, STOCK_KEYWORDS } from './stock-rules.ts';

export type Dto<T extends object = object> = new () => T;

export interface Rule {
  readonly level: RuleLevel;
  readonly code: ViolationCode;
  /** What the app's developer is to do. Made before anything is sent, so it holds no value that the app sent. */
  readonly sentence: string;
  /** The rule as JSON Schema; undefined where that has no words for it. */
  readonly inSchema?: SchemaRule | undefined;
}

export interface FieldRule extends Rule {
  readonly holds: Holds;
  /** What is reported where nothing was sent; undefined for a rule that has no say then. */
  readonly ifAbsent?: Rule | undefined;
}

export interface Field {
  readonly name: string;
  /** The class of the object that the field holds, or of each object in its list. */
  readonly nested: { readonly dto: Dto; readonly isList: boolean } | undefined;
  /** In the order of the decorators, first to last: the first one broken is the one reported. */
  readonly rules: readonly FieldRule[];
  /** Those of them that have a say where nothing was sent, as they are reported then. */
  readonly rulesIfAbsent: readonly FieldRule[];
  /** While one of these does not hold, no rule has a say. */
  readonly conditions: readonly { readonly holds: Holds; readonly isOptional: boolean }[];
}

export const BODY_IS_OBJECT: Rule = { level: 'documented', code: 'type', sentence: 'Send a JSON object.' };

export const PROPERTY_IS_KNOWN: Rule = {
  level: 'standard',
  code: 'unknown_property',
  sentence: 'Leave this property out: it is not part of the request.',
};

/** What class-validator keeps of a decorator. */
type Decorator = ReturnType<MetadataStorage['getTargetValidationMetadatas']>[number];

const RULE_TYPES: ReadonlySet<string> = new Set([
  ValidationTypes.CUSTOM_VALIDATION,
  ValidationTypes.IS_DEFINED,
  ValidationTypes.NESTED_VALIDATION,
]);

const known = new WeakMap<Dto, Map<RuleLevel | undefined, readonly Field[]>>();

/**
 * The fields of a DTO class in the order of their declaration, each with its rules that are in force at `level`, or with all.
 * Every property with a decorator of class-validator is a field.
 *
 * @throws Error where a decorator asks for what cannot be checked here
 */
export function fieldsOf(dto: Dto, level?: RuleLevel): readonly Field[] {
  let byLevel = known.get(dto);
  if (!byLevel) known.set(dto, (byLevel = new Map()));
  let fields = byLevel.get(level);
  if (!fields) byLevel.set(level, (fields = readFields(dto, level)));
  return fields;
}

function readFields(dto: Dto, level: RuleLevel | undefined): Field[] {
  const decorators = getMetadataStorage().getTargetValidationMetadatas(dto, '', true, false);
  return [...Map.groupBy(decorators, ({ propertyName }) => propertyName)].map(([name, stored]) => {
    const nested = nestedOf(dto, name, stored);
    const inForce = stored
      .filter((decorator) => [undefined, ...levelsOf(decorator)].includes(level))
      // Decorators are applied, and so stored, from the last to the first.
      .toReversed();
    const rules = inForce
      .filter(({ type }) => RULE_TYPES.has(type))
      .map((decorator) => ruleOf(dto, decorator, nested));
    return {
      name,
      nested,
      rules,
      rulesIfAbsent: rules.flatMap(({ ifAbsent, holds }) => (ifAbsent ? { ...ifAbsent, holds } : [])),
      conditions: inForce
        .filter(({ type }) => type === ValidationTypes.CONDITIONAL_VALIDATION)
        .map(({ name: kind, constraints: [isAsked] }) => ({
          holds: (value, object) => isAsked(object, value),
          isOptional: kind === IS_OPTIONAL,
        })),
    };
  });
}

/** The groups of a decorator are levels; without any it is in force at each. */
function levelsOf({ always, groups, propertyName }: Decorator): readonly RuleLevel[] {
  if (always || !groups?.length) return RULE_LEVELS;
  const levels = RULE_LEVELS.filter((level) => groups.includes(level));
  if (levels.length === 0) throw new Error(`${propertyName}: none of its groups is a level of rules`);
  return levels;
}

function ruleOf(dto: Dto, decorator: Decorator, nested: Field['nested']): FieldRule {
  const { type, name = type, propertyName: property, constraints, validateIf } = decorator;
  const isNested = type === ValidationTypes.NESTED_VALIDATION;
  const each = decorator.each && !isNested;
  const context = decorator.context as Partial<RuleContext> | undefined;
  const ownCode = VIOLATION_CODES.find((code) => code === context?.code);
  const keywords = each || (validateIf && !ownCode) ? undefined : STOCK_KEYWORDS[name]?.(constraints?.[0]);
  const presence: SchemaRule = { presence: 'required' };
  const validator = isNested ? objectsOf(nested!) : validatorOf(decorator);
  const targetName = dto.name;
  const rule: Rule = {
    level: levelsOf(decorator)[0]!,
    code: ownCode ?? STOCK_CODES.get(name) ?? 'format',
    sentence: sentenceOf(decorator.message || validator.defaultMessage?.bind(validator), {
      targetName,
      property,
      constraints,
    }),
    inSchema:
      context?.inSchema ?? (name === ValidationTypes.IS_DEFINED ? presence : keywords && { keywords }),
  };
  const required: Rule = {
    ...rule,
    code: 'required',
    sentence: `Send ${property}.`,
    inSchema: rule.inSchema && presence,
  };
  return {
    ...rule,
    ifAbsent: ownCode ? (ownCode === 'required' ? rule : undefined) : required,
    holds: (value, object) => {
      try {
        if (validateIf && !validateIf(object, value)) return true;
        if (context?.holds) return context.holds(value, object);
        const asked = { targetName, property, constraints, object, value };
        if (!each || !Array.isArray(value)) return validator.validate(value, asked) === true;
        return value.every((one) => validator.validate(one, asked) === true);
      } catch {
        // Validators throw on values that they do not expect: isEmail on half a surrogate pair.
        return false;
      }
    },
  };
}

function validatorOf({ constraintCls, propertyName }: Decorator): ValidatorConstraintInterface {
  const [constraint] = getMetadataStorage().getTargetValidatorConstraints(constraintCls);
  if (!constraint || constraint.async) {
    throw new Error(`${propertyName}: its validator is async, or has no @ValidatorConstraint()`);
  }
  return constraint.instance;
}

const objectsOf = ({ dto, isList }: NonNullable<Field['nested']>): ValidatorConstraintInterface => ({
  validate: (value) =>
    value === undefined ||
    (isList ? Array.isArray(value) && value.every((one) => one instanceof dto) : value instanceof dto),
});

/** class-validator would fill in the value that was sent. Here the sentence never meets it. */
function sentenceOf(
  message: Decorator['message'] | undefined,
  args: Omit<ValidationArguments, 'object' | 'value'>,
): string {
  const words: Readonly<Record<string, unknown>> = {
    value: 'the value',
    property: args.property,
    target: args.targetName,
    ...Object.fromEntries(
      args.constraints?.map((given: unknown, index) => [
        `constraint${index + 1}`,
        Array.isArray(given) ? given.join(', ') : given,
      ]) ?? [],
    ),
  };
  try {
    const text =
      typeof message === 'function' ? message({ ...args, object: {}, value: words['value'] }) : message;
    if (text)
      return text.replaceAll(/\$(value|property|target|constraint\d+)/g, (_, word: string) =>
        String(words[word]),
      );
  } catch {
    // A message that is made of the value or the object that was sent.
  }
  return 'Send another value.';
}

function nestedOf(dto: Dto, name: string, decorators: readonly Decorator[]): Field['nested'] {
  const instance = decorators.find((decorator) => decorator.name === IS_INSTANCE);
  if (instance) return { dto: instance.constraints[0] as Dto, isList: instance.each };
  const nested = decorators.find(({ type }) => type === ValidationTypes.NESTED_VALIDATION);
  if (!nested) return undefined;
  const isList = nested.each || Reflect.getMetadata('design:type', dto.prototype as object, name) === Array;
  // Finds the class of @Type(), else the declared one.
  const made = plainToInstance(dto, { [name]: isList ? [{}] : {} }, { enableImplicitConversion: true });
  const [object] = [(made as SentObject)[name]].flat() as [object];
  if ([Object, Array].includes(object.constructor as never))
    throw new Error(`${name}: its class is unknown; give it with @Type()`);
  return { dto: object.constructor as Dto, isList };
}
