import fc from 'fast-check';
import {
  DIRECT_DEBIT_FIELDS,
  brokenDirectDebit,
  validDirectDebit,
  type Sent,
} from '../../../test/support/direct-debit-arbitraries.ts';
import { RULE_LEVELS } from '../../validation/rule-levels.ts';
import { validateBody } from '../../validation/validate-body.ts';
import { SetDirectDebitDto } from './set-direct-debit.dto.ts';

describe.each(RULE_LEVELS)('any body at the level %s', (level) => {
  const valid = validDirectDebit(level);

  it('passes when valid, and goes on unchanged but for the order of its properties', () => {
    fc.assert(
      fc.property(valid, (directDebit) => {
        const { value, violations } = validateBody(SetDirectDebitDto, { directDebit }, level);
        expect(violations).toBeUndefined();
        const wire = JSON.parse(JSON.stringify(value)) as { directDebit: Sent };
        expect(wire).toEqual({ directDebit });
        expect(Object.keys(wire.directDebit)).toEqual(
          DIRECT_DEBIT_FIELDS.filter((field) => field in directDebit),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('is refused for any one mutation, at the field that was changed', () => {
    fc.assert(
      fc.property(brokenDirectDebit(level), ({ field, code, directDebit }) => {
        const { violations } = validateBody(SetDirectDebitDto, { directDebit }, level);
        expect(violations).toContainEqual({
          pointer: `#/directDebit/${field}`,
          code,
          detail: expect.any(String),
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('has an answer, whatever the JSON of its fields', () => {
    const names = fc.constantFrom(
      ...DIRECT_DEBIT_FIELDS,
      'ddSpecialEndType',
      '__proto__',
      'constructor',
      'then',
      'valueOf',
    );
    const canary = fc.constantFrom('canary', 'canary@example', { canary: 1 });
    const property = fc.tuple(names, fc.oneof(canary, fc.jsonValue({ maxDepth: 3 })));
    fc.assert(
      fc.property(fc.array(property, { maxLength: 8 }), fc.string({ unit: 'binary' }), (properties, text) => {
        const json = [...properties, ['ddPaymentDay', text], ['ddNotificationEmail', `${text}@example.com`]]
          .map(([name, sent]) => `${JSON.stringify(name)}:${JSON.stringify(sent)}`)
          .join(',');
        const body: unknown = JSON.parse(`{"directDebit":{${json}}}`);
        const { violations = [] } = validateBody(SetDirectDebitDto, body, level);
        expect(violations.length).toBeLessThanOrEqual(50);
        expect(new Set(violations.map(({ pointer }) => pointer)).size).toBe(violations.length);
        expect(JSON.stringify(violations)).not.toContain('canary');
      }),
      { numRuns: 500 },
    );
  });
});
