import { BODY_IS_OBJECT, type Dto, fieldsOf, PROPERTY_IS_KNOWN, type Rule } from './dto-rules.ts';
import { propertyPointer } from './property-pointer.ts';
import type { RuleLevel, ViolationCode } from './rule-levels.ts';

export interface RuleRow {
  readonly level: RuleLevel;
  /** JSON Pointer in URI fragment form; `#` for the whole body, `*` for any property that is no field. */
  readonly field: string;
  readonly code: ViolationCode;
  /** What the app's developer is to do. */
  readonly rule: string;
}

/** All the rules of a body: field by field, a field's own in the order in which they are reported. */
export function ruleTable(dto: Dto): readonly RuleRow[] {
  return [row('#', BODY_IS_OBJECT), ...fieldRows(dto, '#'), row('*', PROPERTY_IS_KNOWN)];
}

const row = (field: string, { level, code, sentence }: Rule): RuleRow => ({
  level,
  field,
  code,
  rule: sentence,
});

const fieldRows = (dto: Dto, pointer: string): readonly RuleRow[] =>
  fieldsOf(dto).flatMap(({ name, nested, rules }) => {
    const field = propertyPointer(pointer, name);
    return [
      ...rules.map((rule) => row(field, rule)),
      ...(nested ? fieldRows(nested.dto, nested.isList ? `${field}/*` : field) : []),
    ];
  });
