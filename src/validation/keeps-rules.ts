import { getMetadataStorage } from 'class-validator';
import type { ValidationArguments } from 'class-validator';
import type { Dto } from './dto-rules.ts';
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
  const storage = getMetadataStorage();
  const rules = storage.getTargetValidationMetadatas(dto, '', false, false, [level]).flatMap((rule) =>
    storage.getTargetValidatorConstraints(rule.constraintCls).map((constraint): Holds => {
      const { propertyName: property, constraints, validateIf } = rule;
      // Such a rule is left to the library, which then sees every body.
      if (!RULE_TYPES.has(rule.type) || rule.each || constraint.async) return () => false;
      const { instance } = constraint;
      const known = { targetName: dto.name, property, constraints };
      return (object) => {
        const value = object[property];
        if (validateIf && !validateIf(object, value)) return true;
        const asked: ValidationArguments = { ...known, object, value };
        return instance.validate(value, asked) === true;
      };
    }),
  );
  const nested = fieldsOf(dto).flatMap((field): Holds[] => {
    const { nested: nestedDto, name } = field;
    if (!nestedDto) return [];
    return [
      (object) => {
        const value = object[name];
        return !(value instanceof nestedDto) || keepsRules(nestedDto, value, level);
      },
    ];
  });
  const all = [...rules, ...nested];
  return (object) => all.every((holds) => holds(object));
}
