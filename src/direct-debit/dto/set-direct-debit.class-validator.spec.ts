import { validateSync } from 'class-validator';
import fc from 'fast-check';
import {
  brokenDirectDebit,
  DIRECT_DEBIT_FIELDS,
  validDirectDebit,
} from '../../../test/support/direct-debit-arbitraries.ts';
import { RULE_LEVELS } from '../../validation/rule-levels.ts';
import { validateBody } from '../../validation/validate-body.ts';
import { DirectDebitDto } from './direct-debit.dto.ts';
import { SetDirectDebitDto } from './set-direct-debit.dto.ts';

const bodyOf = (directDebit: unknown): SetDirectDebitDto =>
  Object.assign(Object.create(SetDirectDebitDto.prototype), { directDebit }) as SetDirectDebitDto;

const directDebitOf = (fields: object): DirectDebitDto =>
  Object.assign(Object.create(DirectDebitDto.prototype), fields) as DirectDebitDto;

describe.each(RULE_LEVELS)('the rules at the level %s', (level) => {
  /** What the library itself says. */
  const isFlawless = (instance: object): boolean =>
    validateSync(instance, { groups: [level], forbidUnknownValues: false }).length === 0;
  let kept = 0;
  let broken = 0;
  const expectSame = (directDebit: unknown): void => {
    const body = bodyOf(directDebit);
    const expected = isFlawless(body) && isFlawless(directDebit as DirectDebitDto);
    const { violations = [] } = validateBody(SetDirectDebitDto, body, level);
    expect(violations.every(({ code }) => code === 'unknown_property')).toBe(expected);
    if (expected) kept += 1;
    else broken += 1;
  };

  const anyValue = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(undefined, NaN, Infinity, -0, 0.001, 7, '15', 'Y', 'wk', 'EA', '2027-02-28T00:00:00Z'),
  );
  const anyFields = fc
    .array(fc.tuple(fc.constantFrom(...DIRECT_DEBIT_FIELDS, 'ddSpecialEndType'), anyValue), { maxLength: 8 })
    .map((fields) => Object.fromEntries(fields));
  const anyDirectDebit = fc.oneof(
    anyFields.map(directDebitOf),
    validDirectDebit(level).map(directDebitOf),
    brokenDirectDebit(level).map(({ directDebit }) => directDebitOf(directDebit)),
    // A good one but for one field, which is where a rule that is missing would show.
    fc
      .tuple(validDirectDebit(level), anyFields)
      .map(([valid, fields]) => directDebitOf({ ...valid, ...fields })),
    // An object would become an instance.
    anyValue.filter((value) => typeof value !== 'object'),
  );

  it('judge every body as class-validator does', () => {
    fc.assert(fc.property(anyDirectDebit, expectSame), { numRuns: 700 });
    expect(Math.min(kept, broken)).toBeGreaterThan(100);
  });
});
