import { getMetadataStorage } from 'class-validator';
import { RULE_LEVELS, type RuleLevel } from '../../validation/rule-levels.ts';
import { ruleTable } from '../../validation/rule-table.ts';
import { validateBody } from '../../validation/validate-body.ts';
import { DirectDebitDto } from './direct-debit.dto.ts';
import { SetDirectDebitDto } from './set-direct-debit.dto.ts';

const STANDARD = { directDebitType: 'STANDARD_DIRECT_DEBIT', ddNotificationFlag: 'N' };
const SPECIAL = {
  directDebitType: 'SPECIAL_DIRECT_DEBIT',
  ddNotificationFlag: 'Y',
  ddNotificationEmail: 'jo@example.com',
  ddPaymentDay: '15',
  ddSpecialPaymentPeriod: 'fn',
  ddSpecialPaymentMethod: 'ST',
  ddSpecialPaymentAmount: 49.95,
  ddSpecialDayOfWeek: 1,
  ddSpecialStartDate: '2027-03-01T00:00:00+11:00',
};
const END = '2027-09-01T00:00:00+10:00';

/** The example of Octane's document, to the letter. */
const OCTANE_EXAMPLE = {
  directDebit: {
    directDebitType: 'STANDARD_DIRECT_DEBIT',
    ddNotificationFlag: 'Y',
    ddNotificationEmail: 'string',
    ddPaymentDay: 'string',
    ddSpecialPaymentPeriod: 'wk',
    ddSpecialPaymentMethod: 'ST',
    ddSpecialPaymentAmount: 0,
    ddSpecialDayOfWeek: 1,
    ddSpecialStartDate: '2019-08-24T14:15:22Z',
    ddSpecialEndDate: '2019-08-24T14:15:22Z',
    ddSpecialRequiredCount: 0,
  },
};

function without(sent: object, ...names: readonly string[]): object {
  return Object.fromEntries(Object.entries(sent).filter(([name]) => !names.includes(name)));
}

function violations(directDebit: unknown, level: RuleLevel): string[] {
  return (validateBody(SetDirectDebitDto, { directDebit }, level).violations ?? []).map(
    ({ pointer, code }) => `${pointer?.replace('#/directDebit/', '')} ${code}`,
  );
}

/** Expects `expected` from level `from` on, and nothing at the levels before it. */
function expectFrom(from: RuleLevel, directDebit: unknown, expected: readonly string[]) {
  for (const level of RULE_LEVELS) {
    const isInForce = RULE_LEVELS.indexOf(level) >= RULE_LEVELS.indexOf(from);
    expect([level, violations(directDebit, level)]).toEqual([level, isInForce ? expected : []]);
  }
}

function expectValid(directDebit: unknown) {
  expectFrom('documented', directDebit, []);
}

describe('level 1, the documented schema', () => {
  it.each([
    [{}, 'required'],
    [{ directDebit: null }, 'null'],
    [{ directDebit: [] }, 'type'],
    [{ directDebit: [SPECIAL] }, 'type'],
    [{ directDebit: 'OFF' }, 'type'],
    [{ directDebit: 1 }, 'type'],
    [{ directDebit: false }, 'type'],
  ])('wants the object directDebit: %j', (body, code) => {
    for (const level of RULE_LEVELS) {
      const result = validateBody(SetDirectDebitDto, body, level);
      expect(result.violations).toMatchObject([{ pointer: '#/directDebit', code }]);
    }
  });

  it.each([null, [], 'x', 1, true, undefined])('wants an object for a body: %j', (body) => {
    for (const level of RULE_LEVELS) {
      const result = validateBody(SetDirectDebitDto, body, level);
      expect(result.violations).toMatchObject([{ pointer: '#', code: 'type' }]);
    }
  });

  it('wants the type and the flag', () => {
    expectFrom('documented', {}, ['directDebitType required', 'ddNotificationFlag required']);
    expectFrom('documented', without(STANDARD, 'directDebitType'), ['directDebitType required']);
    expectFrom('documented', without(STANDARD, 'ddNotificationFlag'), ['ddNotificationFlag required']);
  });

  const WRONG_STRINGS: readonly unknown[] = ['', 'x', 1, true, [], {}, ['Y'], { constructor: null }];

  it.each<[string, readonly unknown[], readonly unknown[]]>([
    [
      'directDebitType',
      ['STANDARD_DIRECT_DEBIT', 'SPECIAL_DIRECT_DEBIT', 'OFF'],
      ['off', 'OFF ', ...WRONG_STRINGS],
    ],
    ['ddNotificationFlag', ['Y', 'N'], ['y', 'YES', ...WRONG_STRINGS]],
    ['ddSpecialPaymentPeriod', ['wk', 'fn', 'mn'], ['WK', 'weekly', ...WRONG_STRINGS]],
    ['ddSpecialPaymentMethod', ['ST', 'SO'], ['st', ...WRONG_STRINGS]],
    ['ddSpecialDayOfWeek', [1, 2, 3, 4, 5, 6, 7], [0, 8, 1.5, -1, Infinity, '1', true, [], [1], {}]],
  ])('knows the values of %s', (field, right, wrong) => {
    for (const value of right) {
      expect(violations({ ...SPECIAL, [field]: value }, 'documented')).toEqual([]);
    }
    for (const value of wrong) {
      for (const level of RULE_LEVELS) {
        expect(violations({ ...SPECIAL, [field]: value }, level)).toContain(`${field} enum`);
      }
    }
  });

  it.each<[string, readonly unknown[], readonly unknown[]]>([
    ['ddNotificationEmail', ['', 'x', 'jo@example.com'], [1, true, [], {}, ['jo@example.com']]],
    ['ddPaymentDay', ['', 'x', '15', '99'], [15, true, [], {}, ['15']]],
    ['ddSpecialPaymentAmount', [0, -1, 1.005, 1e300], [Infinity, -Infinity, '49.95', '', true, [], [1], {}]],
    ['ddSpecialRequiredCount', [0, -1, 12, 1e300], [1.5, Infinity, -Infinity, '12', true, [], [12], {}]],
  ])('knows the type of %s', (field, right, wrong) => {
    for (const value of right) {
      expect(violations({ ...SPECIAL, [field]: value }, 'documented')).toEqual([]);
    }
    for (const value of wrong) expectFrom('documented', { ...SPECIAL, [field]: value }, [`${field} type`]);
  });

  it.each(['ddSpecialStartDate', 'ddSpecialEndDate'])('wants %s to be an RFC 3339 date-time', (field) => {
    for (const value of ['2028-02-29T00:00:00Z', '2028-12-31t23:59:60.5z']) {
      expectValid({ ...SPECIAL, [field]: value });
    }
    for (const value of ['', '2027-03-01', '2027-02-29T00:00:00Z', '2027-03-01T00:00:00', 1, true, [], {}]) {
      expectFrom('documented', { ...SPECIAL, [field]: value }, [`${field} format`]);
    }
  });

  it.each(['ddSpecialEndType', 'ddSpecialCurrentCount'])('refuses %s, which is read-only', (field) => {
    for (const value of ['EA', 0, null, [], {}]) {
      expectFrom('documented', { ...SPECIAL, [field]: value }, [`${field} read_only`]);
      expectFrom('documented', { ...STANDARD, [field]: value }, [`${field} read_only`]);
    }
  });

  it.each([...Object.keys(SPECIAL), 'ddSpecialEndDate', 'ddSpecialRequiredCount'])(
    'refuses null for %s',
    (field) => {
      expectFrom('documented', { ...SPECIAL, [field]: null }, [`${field} null`]);
    },
  );

  it('takes null for absent in the rules between fields', () => {
    expectFrom('documented', { ...SPECIAL, ddSpecialEndDate: END, ddSpecialRequiredCount: null }, [
      'ddSpecialRequiredCount null',
    ]);
    expectFrom('documented', { ...SPECIAL, ddSpecialEndDate: null, ddSpecialRequiredCount: 3 }, [
      'ddSpecialEndDate null',
    ]);
    expectFrom('documented', { ...STANDARD, ddSpecialPaymentAmount: null }, ['ddSpecialPaymentAmount null']);
  });
});

describe('level 2, what cannot mean anything', () => {
  it('refuses properties outside the schema, and drops them at level 1', () => {
    const body = { directDebit: { ...SPECIAL, groupno: null, ddpaymentday: '1' }, custno: 1 };
    for (const level of ['standard', 'strict'] as const) {
      expect(validateBody(SetDirectDebitDto, body, level).violations).toMatchObject([
        { pointer: '#/directDebit/groupno', code: 'unknown_property' },
        { pointer: '#/directDebit/ddpaymentday', code: 'unknown_property' },
        { pointer: '#/custno', code: 'unknown_property' },
      ]);
    }
    expect(validateBody(SetDirectDebitDto, body, 'documented').value).toEqual({ directDebit: SPECIAL });
  });

  it.each<[string, unknown]>([
    ['ddSpecialPaymentPeriod', 'wk'],
    ['ddSpecialPaymentMethod', 'ST'],
    ['ddSpecialPaymentAmount', 49.95],
    ['ddSpecialPaymentAmount', -1],
    ['ddSpecialDayOfWeek', 1],
    ['ddSpecialStartDate', '2027-03-01T00:00:00Z'],
    ['ddSpecialEndDate', '2027-03-01T00:00:00Z'],
    ['ddSpecialRequiredCount', 12],
    ['ddSpecialRequiredCount', 0],
  ])('refuses %s without SPECIAL_DIRECT_DEBIT', (field, value) => {
    for (const directDebitType of ['STANDARD_DIRECT_DEBIT', 'OFF']) {
      expectFrom('standard', { ...STANDARD, directDebitType, [field]: value }, [`${field} not_applicable`]);
    }
  });

  it('puts a wrong value before a field that does not apply, and that before all between fields', () => {
    expectFrom('documented', { ...STANDARD, ddSpecialPaymentPeriod: 'x' }, ['ddSpecialPaymentPeriod enum']);
    expectFrom('standard', { ...STANDARD, ddSpecialEndDate: END, ddSpecialRequiredCount: 1 }, [
      'ddSpecialEndDate not_applicable',
      'ddSpecialRequiredCount not_applicable',
    ]);
    expectFrom('standard', { ...STANDARD, ddSpecialPaymentPeriod: 'mn', ddSpecialDayOfWeek: 1 }, [
      'ddSpecialPaymentPeriod not_applicable',
      'ddSpecialDayOfWeek not_applicable',
    ]);
    expectFrom('standard', { ...STANDARD, ddSpecialPaymentPeriod: 'wk' }, [
      'ddSpecialPaymentPeriod not_applicable',
    ]);
  });

  it('asks nothing by the type while the type is missing or wrong', () => {
    expectFrom('documented', without(SPECIAL, 'directDebitType'), ['directDebitType required']);
    for (const directDebitType of ['special', 1, null]) {
      expectFrom('documented', { directDebitType, ddNotificationFlag: 'N' }, [
        `directDebitType ${directDebitType === null ? 'null' : 'enum'}`,
      ]);
    }
  });

  it('wants a period with SPECIAL_DIRECT_DEBIT', () => {
    expectFrom('standard', without(SPECIAL, 'ddSpecialPaymentPeriod'), ['ddSpecialPaymentPeriod required']);
    expectFrom('documented', { ...SPECIAL, ddSpecialPaymentPeriod: null }, ['ddSpecialPaymentPeriod null']);
    expectValid(STANDARD);
    expectValid({ ...STANDARD, directDebitType: 'OFF' });
  });

  it('takes one end, or none', () => {
    const both = { ddSpecialEndDate: END, ddSpecialRequiredCount: 12 };
    expectValid(SPECIAL);
    expectValid({ ...SPECIAL, ddSpecialEndDate: END });
    expectValid({ ...SPECIAL, ddSpecialRequiredCount: 12 });
    expectFrom('standard', { ...SPECIAL, ...both }, [
      'ddSpecialEndDate mutually_exclusive',
      'ddSpecialRequiredCount mutually_exclusive',
    ]);
    for (const level of ['standard', 'strict'] as const) {
      expect(violations({ ...without(SPECIAL, 'directDebitType'), ...both }, level)).toEqual([
        'directDebitType required',
        'ddSpecialEndDate mutually_exclusive',
        'ddSpecialRequiredCount mutually_exclusive',
      ]);
      expect(violations({ ...SPECIAL, ...both, ddSpecialEndDate: 'x' }, level)).toEqual([
        'ddSpecialEndDate format',
        'ddSpecialRequiredCount mutually_exclusive',
      ]);
      expect(violations({ ...SPECIAL, ...both, ddSpecialRequiredCount: '12' }, level)).toEqual([
        'ddSpecialEndDate mutually_exclusive',
        'ddSpecialRequiredCount type',
      ]);
    }
  });

  it('puts two ends before the range of the count and the order of the dates', () => {
    const both = { ddSpecialEndDate: '2019-01-01T00:00:00Z', ddSpecialRequiredCount: 0 };
    expectFrom('standard', { ...SPECIAL, ...both }, [
      'ddSpecialEndDate mutually_exclusive',
      'ddSpecialRequiredCount mutually_exclusive',
    ]);
  });

  it.each([0.01, 0.1, 1, 49.95, 9_999_999.99])('takes the amount %d', (ddSpecialPaymentAmount) => {
    expectValid({ ...SPECIAL, ddSpecialPaymentAmount });
  });

  it.each([
    [0, 'range'],
    [-0, 'range'],
    [-0.01, 'range'],
    [-49.955, 'range'],
    [10_000_000, 'range'],
    [9_999_999.991, 'range'],
    [1e300, 'range'],
    [0.001, 'precision'],
    [1e-7, 'precision'],
    [49.955, 'precision'],
    [9_999_999.981, 'precision'],
  ])('refuses the amount %d by its %s', (ddSpecialPaymentAmount, code) => {
    expectFrom('standard', { ...SPECIAL, ddSpecialPaymentAmount }, [`ddSpecialPaymentAmount ${code}`]);
  });

  it.each([1, 12, 2_147_483_647])('takes the count %d', (ddSpecialRequiredCount) => {
    expectValid({ ...SPECIAL, ddSpecialRequiredCount });
  });

  it.each([0, -0, -1, 2_147_483_648, 1e300])('refuses the count %d', (ddSpecialRequiredCount) => {
    expectFrom('standard', { ...SPECIAL, ddSpecialRequiredCount }, ['ddSpecialRequiredCount range']);
  });

  it('takes an end that is not before the start, as instants', () => {
    const startingAt = (ddSpecialStartDate: string, ddSpecialEndDate: string) => ({
      ...SPECIAL,
      ddSpecialStartDate,
      ddSpecialEndDate,
    });
    expectValid(startingAt('2027-03-01T00:00:00Z', '2027-03-01T00:00:00Z'));
    expectValid(startingAt('2027-03-01T10:00:00+10:00', '2027-03-01T00:00:00Z'));
    expectFrom('standard', startingAt('2027-03-01T00:00:01Z', '2027-03-01T00:00:00Z'), [
      'ddSpecialEndDate date_order',
    ]);
    expectFrom('standard', startingAt('2027-03-01T00:00:00Z', '2027-03-01T09:59:59+10:00'), [
      'ddSpecialEndDate date_order',
    ]);
    expectFrom('documented', startingAt('2027-02-29T00:00:00Z', '2026-01-01T00:00:00Z'), [
      'ddSpecialStartDate format',
    ]);
    expect(
      violations({ ...without(SPECIAL, 'ddSpecialStartDate'), ddSpecialEndDate: END }, 'standard'),
    ).toEqual([]);
  });

  it('wants one email address', () => {
    for (const ddNotificationEmail of [
      '',
      'string',
      'jo@example.com,al@example.com',
      'Jo <jo@example.com>',
    ]) {
      expectFrom('standard', { ...STANDARD, ddNotificationEmail }, ['ddNotificationEmail format']);
    }
    expectValid({ ...STANDARD, ddNotificationEmail: 'jo@example.com' });
  });

  it('wants a payment day that can be read', () => {
    for (const ddPaymentDay of ['', ' ', 'a\n', '0', '05', '32', 'a'.repeat(17)]) {
      expectFrom('standard', { ...STANDARD, ddPaymentDay }, ['ddPaymentDay format']);
    }
    expectValid({ ...STANDARD, ddPaymentDay: '31' });
  });

  it('refuses a day of the week with the period mn', () => {
    expectFrom('standard', { ...SPECIAL, ddSpecialPaymentPeriod: 'mn' }, [
      'ddSpecialDayOfWeek not_applicable',
    ]);
    expectValid({ ...without(SPECIAL, 'ddSpecialDayOfWeek'), ddSpecialPaymentPeriod: 'mn' });
    expectValid({ ...SPECIAL, ddSpecialPaymentPeriod: 'wk' });
  });
});

describe('level 3, what the document leaves open', () => {
  it('wants an email with the flag Y', () => {
    for (const sent of [SPECIAL, { ...STANDARD, ddNotificationFlag: 'Y' }]) {
      expectFrom('strict', without(sent, 'ddNotificationEmail'), ['ddNotificationEmail required']);
    }
    expectValid({ ...without(SPECIAL, 'ddNotificationEmail'), ddNotificationFlag: 'N' });
    expectFrom('documented', { ...without(SPECIAL, 'ddNotificationEmail'), ddNotificationFlag: 'y' }, [
      'ddNotificationFlag enum',
    ]);
  });

  it.each(['ddSpecialPaymentMethod', 'ddSpecialPaymentAmount', 'ddSpecialStartDate'])(
    'wants %s with SPECIAL_DIRECT_DEBIT',
    (field) => {
      expectFrom('strict', without(SPECIAL, field), [`${field} required`]);
    },
  );

  it('wants a day of the week with the periods wk and fn', () => {
    for (const ddSpecialPaymentPeriod of ['wk', 'fn']) {
      expectFrom('strict', { ...without(SPECIAL, 'ddSpecialDayOfWeek'), ddSpecialPaymentPeriod }, [
        'ddSpecialDayOfWeek required',
      ]);
    }
  });

  it('wants a payment day of 1 to 31', () => {
    for (const ddPaymentDay of ['string', '15th', 'last', ' 15', '１']) {
      expectFrom('strict', { ...STANDARD, ddPaymentDay }, ['ddPaymentDay format']);
    }
    for (const ddPaymentDay of ['1', '9', '10', '31']) expectValid({ ...STANDARD, ddPaymentDay });
  });
});

describe("the document's example", () => {
  it('passes at level 1, unchanged', () => {
    const { value } = validateBody(SetDirectDebitDto, OCTANE_EXAMPLE, 'documented');
    expect(JSON.stringify(value)).toBe(JSON.stringify(OCTANE_EXAMPLE));
  });

  it('is refused for what it says at the levels after', () => {
    const atStandard = [
      'ddNotificationEmail format',
      'ddSpecialPaymentPeriod not_applicable',
      'ddSpecialPaymentMethod not_applicable',
      'ddSpecialPaymentAmount not_applicable',
      'ddSpecialDayOfWeek not_applicable',
      'ddSpecialStartDate not_applicable',
      'ddSpecialEndDate not_applicable',
      'ddSpecialRequiredCount not_applicable',
    ];
    expect(violations(OCTANE_EXAMPLE.directDebit, 'standard')).toEqual(atStandard);
    expect(violations(OCTANE_EXAMPLE.directDebit, 'strict')).toEqual(
      atStandard.toSpliced(1, 0, 'ddPaymentDay format'),
    );
  });
});

describe('the validated body', () => {
  it('has no number that JSON can write and a double cannot hold', () => {
    for (const number of ['1e400', '-1e400']) {
      const json = `{"directDebitType":"OFF","ddNotificationFlag":"N","ddSpecialPaymentAmount":${number}}`;
      expectFrom('documented', JSON.parse(json), ['ddSpecialPaymentAmount type']);
    }
  });

  it("is JSON in the document's order, with the values as they were sent", () => {
    const json =
      '{"ddSpecialStartDate":"2027-03-01t00:00:00.50z","ddSpecialPaymentAmount":1e2,' +
      '"ddSpecialPaymentPeriod":"mn","ddNotificationFlag":"N","directDebitType":"SPECIAL_DIRECT_DEBIT"}';
    const { value } = validateBody(SetDirectDebitDto, { directDebit: JSON.parse(json) }, 'standard');
    expect(JSON.stringify(value)).toBe(
      '{"directDebit":{"directDebitType":"SPECIAL_DIRECT_DEBIT","ddNotificationFlag":"N",' +
        '"ddSpecialPaymentPeriod":"mn","ddSpecialPaymentAmount":100,"ddSpecialStartDate":"2027-03-01t00:00:00.50z"}}',
    );
  });
});

describe('the rules of each field', () => {
  it("stand in the order of the levels, and the fields in the document's order", () => {
    const rows = ruleTable(SetDirectDebitDto).slice(0, -1);
    const fields = [...new Set(rows.map(({ field }) => field))];
    for (const name of fields) {
      const levels = rows
        .filter(({ field }) => field === name)
        .map(({ level }) => RULE_LEVELS.indexOf(level));
      expect([name, levels]).toEqual([name, levels.toSorted((a, b) => a - b)]);
    }
    expect(fields).toEqual([
      '#',
      '#/directDebit',
      ...Object.keys(OCTANE_EXAMPLE.directDebit)
        .toSpliced(8, 0, 'ddSpecialEndType')
        .concat('ddSpecialCurrentCount')
        .map((name) => `#/directDebit/${name}`),
    ]);
  });

  it('have names of their own within the field, by which class-validator keeps their failures apart', () => {
    const metadata = getMetadataStorage().getTargetValidationMetadatas(DirectDebitDto, '', false, false);
    const names = metadata.map(({ propertyName, name }) => `${propertyName} ${name}`);
    expect(names).toHaveLength(new Set(names).size);
  });

  it('have a sentence of their own, which class-validator leaves as it is', () => {
    for (const { rule } of ruleTable(SetDirectDebitDto)) {
      expect(rule).toMatch(/^[A-Z][^$]+\.$/);
    }
  });
});
