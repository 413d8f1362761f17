import type { ValidationOptions } from 'class-validator';
import type { SchemaRule } from './json-schema.ts';

/** How much is refused, from the documented schema alone to all that the document leaves open. */
export const RULE_LEVELS = ['documented', 'standard', 'strict'] as const;
export type RuleLevel = (typeof RULE_LEVELS)[number];

export const VIOLATION_CODES = [
  'required',
  'null',
  'type',
  'enum',
  'format',
  'read_only',
  'unknown_property',
  'not_applicable',
  'mutually_exclusive',
  'range',
  'precision',
  'date_order',
  'length',
  'pattern',
  'items',
  'schema',
] as const;
export type ViolationCode = (typeof VIOLATION_CODES)[number];

/** An object as it was sent: what other rules say of its fields may not hold. */
export type SentObject = Readonly<Record<string, unknown>>;
export type Holds = (value: unknown, object: SentObject) => boolean;

/** What a rule's decorator carries besides its sentence: class-validator keeps it as the rule's `context`. */
export interface RuleContext {
  readonly code: ViolationCode;
  readonly inSchema?: SchemaRule | undefined;
  /** The function of a rule of ours, without class-validator's wrapping: each body asks it. */
  readonly holds?: Holds;
}

/** The codes of rules about a value's presence. Any other rule is about the value, and has no say without one. */
const PRESENCE_CODES: ReadonlySet<ViolationCode> = new Set(['required', 'null', 'read_only']);

const always = (): boolean => true;
const hasValue = (_object: unknown, value: unknown): boolean => value !== undefined && value !== null;

const ruleOf =
  (level: RuleLevel) =>
  (code: ViolationCode, sentence: string): ValidationOptions => ({
    groups: RULE_LEVELS.slice(RULE_LEVELS.indexOf(level)),
    context: { code } satisfies RuleContext,
    message: sentence,
    validateIf: PRESENCE_CODES.has(code) ? always : hasValue,
  });

/**
 * The options of a class-validator decorator that is in force at every level. The sentence tells the app's developer what to do.
 * A decorator without such options is in force at every level, too; its code and sentence follow from its name.
 */
export const documented = ruleOf('documented');

/** As {@link documented}, in force at `standard` and `strict`: refuses what cannot mean anything. */
export const standard = ruleOf('standard');

/** As {@link documented}, in force at `strict` alone: adds what the document leaves open. */
export const strict = ruleOf('strict');
