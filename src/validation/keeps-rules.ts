import { getMetadataStorage } from 'class-validator';
import type { ValidationArguments, ValidatorConstraintInterface } from 'class-validator';
import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata.js';
import type { Dto, Field } from './dto-rules.ts';
import { fieldsOf } from './dto-rules.ts';
import type { RuleLevel } from './rule-levels.ts';

type Holds = (object: Readonly<Record<string, unknown>>) => boolean;

/** Rules that are functions of one value; the library gives `IsDefined` a type of its own only to run it first. */
const RULE_TYPES: ReadonlySet<string> = new Set(['customValidation', 'isDefined']);

const compiled = new WeakMap<Dto, Map<RuleLevel, Holds>>();

/**
 * Whether an instance of a DTO class breaks none of the rules that are in force at a level, nor does an object in it. It asks
 * the same functions as class-validator's `validateSync`, gathered once, and spends nothing on a report: most bodies are good.
 */
export function keepsRules(dto: Dto, instance: object, level: RuleLevel): boolean {
  let byLevel = compiled.get(dto);
  if (!byLevel) compiled.set(dto, (byLevel = new Map()));
  let holds = byLevel.get(level);
  if (!holds) byLevel.set(level, (holds = compile(dto, level)));
  return holds(instance as Readonly<Record<string, unknown>>);
}

function compile(dto: Dto, level: RuleLevel): Holds {
  const fields = fieldsOf(dto).map((field) => compileField(dto, field, level));
  return (object) => fields.every((holds) => holds(object));
}

/** Rules that are in force under the same condition ask for it once. */
function compileField(dto: Dto, { name: property, nested }: Field, level: RuleLevel): Holds {
  const rules = getMetadataStorage()
    .getTargetValidationMetadatas(dto, '', false, false, [level])
    .filter(({ propertyName }) => propertyName === property);
  const conditions = [...Map.groupBy(rules, ({ validateIf }) => validateIf)].map(([isInForce, alike]) => ({
    isInForce,
    checks: alike.flatMap(checksOf),
  }));
  const targetName = dto.name;
  return (object) => {
    const value = object[property];
    for (const { isInForce, checks } of conditions) {
      if (isInForce && !isInForce(object, value)) continue;
      for (const { validator, constraints } of checks) {
        const asked: ValidationArguments = { targetName, property, constraints, object, value };
        if (validator?.validate(value, asked) !== true) return false;
      }
    }
    return !nested || !(value instanceof nested) || keepsRules(nested, value, level);
  };
}

interface Check {
  readonly constraints: ValidationMetadata['constraints'];
  /** Undefined for a rule of which only the library knows what it means: it is left to it, which then sees every body. */
  readonly validator: ValidatorConstraintInterface | undefined;
}

function checksOf({ type, each, constraintCls, constraints }: ValidationMetadata): Check[] {
  return getMetadataStorage()
    .getTargetValidatorConstraints(constraintCls)
    .map(({ async, instance }) => ({
      constraints,
      validator: RULE_TYPES.has(type) && !each && !async ? instance : undefined,
    }));
}
