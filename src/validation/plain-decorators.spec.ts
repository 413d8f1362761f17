import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsDefined,
  IsEmail,
  IsIn,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Validate,
  validateSync,
  ValidateIf,
  ValidateNested,
  ValidatorConstraint,
} from 'class-validator';
import type { ValidatorConstraintInterface } from 'class-validator';
import fc from 'fast-check';
import { bodySchema } from './body-schema.ts';
import { RULE_LEVELS } from './rule-levels.ts';
import type { RuleLevel } from './rule-levels.ts';
import { validateBody } from './validate-body.ts';

@ValidatorConstraint({ name: 'isPalindrome' })
class IsPalindrome implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return (value as string) === (value as string).split('').toReversed().join('');
  }
  defaultMessage(): string {
    return '$property is $value, which reads otherwise backwards';
  }
}

class Line {
  @IsString()
  @MaxLength(3)
  readonly text!: string;
}

class Order {
  @IsEmail({}, { message: 'not $value' })
  readonly email!: string;

  @IsOptional()
  @MaxLength(5, { message: ({ value }) => `${value} is longer than 5` })
  readonly note?: string;

  @IsIn(['a', 'b'])
  readonly kind!: string;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(2)
  @IsString({ each: true })
  @Matches(/^#/, { each: true })
  readonly tags?: string[];

  @ValidateNested()
  @IsDefined()
  readonly first!: Line;

  @ValidateNested({ each: true })
  @Type(() => Line)
  readonly lines?: Line[];

  @ValidateIf((order: Order) => order.kind === 'b')
  @Validate(IsPalindrome)
  readonly word?: string;

  @IsOptional()
  @IsIn([1, 2, 10, 100])
  @Max(9, { groups: ['strict'] })
  readonly count?: number;
}

const GOOD = { email: 'jo@example.com', kind: 'a', first: { text: 'x' } };

const violationsOf = (body: object, level: RuleLevel = 'documented') =>
  (validateBody(Order, body, level).violations ?? []).map(({ pointer, code }) => `${pointer} ${code}`);

describe.each(RULE_LEVELS)('plain decorators at the level %s', (level) => {
  it.each<[object, readonly string[]]>([
    [{}, []],
    [{ email: 'x' }, ['#/email format']],
    [{ email: '\ud800@example.com' }, ['#/email format']],
    [{ email: undefined }, ['#/email required']],
    [{ note: '123456' }, ['#/note length']],
    [{ note: null }, []],
    [{ kind: 'canary' }, ['#/kind enum']],
    [{ tags: '#' }, ['#/tags type']],
    [{ tags: ['#', 1] }, ['#/tags type']],
    [{ tags: ['#', 'x'] }, ['#/tags pattern']],
    [{ tags: ['#', '#', '#'] }, ['#/tags items']],
    [{ first: undefined }, ['#/first required']],
    [{ first: 'canary' }, ['#/first type']],
    [{ first: [] }, ['#/first type']],
    [{ first: { text: 'long' } }, ['#/first/text length']],
    [{ lines: {} }, ['#/lines type']],
    [{ lines: [{ text: 'x' }, 1] }, ['#/lines type']],
    [{ lines: [{ text: 'x' }, { text: 'long' }, {}] }, ['#/lines/1/text length', '#/lines/2/text required']],
    [{ kind: 'a', word: 'canary' }, []],
    [{ kind: 'b', word: 'canary' }, ['#/word format']],
    [{ kind: 'b', word: 1 }, ['#/word format']],
    [{ kind: 'b', word: 'anna' }, []],
  ])('hold for %j', (sent, expected) => {
    expect(violationsOf({ ...GOOD, ...sent }, level)).toEqual(expected);
  });

  it('judge as class-validator does', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('a', 'b', '#', 'anna', 'x@y.com', 10),
    );
    const names = fc.constantFrom('email', 'note', 'kind', 'tags', 'count');
    fc.assert(
      fc.property(fc.array(fc.tuple(names, value), { maxLength: 4 }), (properties) => {
        const sent = { ...GOOD, word: 'anna', ...Object.fromEntries(properties) };
        const order = Object.assign(Object.create(Order.prototype), sent, {
          first: Object.assign(Object.create(Line.prototype), sent.first),
        }) as Order;
        const broken = validateSync(order, { groups: [level], always: true }).map(
          ({ property }) => `#/${property}`,
        );
        const { violations = [] } = validateBody(Order, sent, level);
        expect(violations.map(({ pointer = '' }) => pointer).toSorted()).toEqual(broken.toSorted());
      }),
      { numRuns: 300 },
    );
  });
});

describe('plain decorators', () => {
  it('are in force at the levels that their groups name', () => {
    expect(violationsOf({ ...GOOD, count: 10 }, 'standard')).toEqual([]);
    expect(violationsOf({ ...GOOD, count: 10 }, 'strict')).toEqual(['#/count range']);
  });

  it('have sentences without any value that was sent', () => {
    const canary = {
      email: 'canary',
      note: 'canary',
      kind: 'b',
      word: 'canary',
      first: 'canary',
      lines: 'canary',
    };
    const { violations } = validateBody(Order, canary, 'documented');
    expect(JSON.stringify(violations)).not.toContain('canary');
    expect(violations?.map(({ detail }) => detail)).toEqual([
      'not the value',
      'the value is longer than 5',
      'nested property first must be either object or array',
      'each value in nested property lines must be either object or array',
      'word is the value, which reads otherwise backwards',
    ]);
  });

  it('count as fields, and the unknown properties of a list are found', () => {
    const sent = { ...GOOD, lines: [{ text: 'x', y: 1 }], z: 1 };
    expect(violationsOf(sent, 'standard')).toEqual(['#/lines/0/y unknown_property', '#/z unknown_property']);
    expect(JSON.stringify(validateBody(Order, sent, 'documented').value)).toBe(
      JSON.stringify({ email: GOOD.email, kind: 'a', first: { text: 'x' }, lines: [{ text: 'x' }] }),
    );
  });

  it('are part of the schema', () => {
    const fields = Object.fromEntries(
      ['email', 'note', 'kind', 'tags', 'first', 'lines', 'word', 'count'].map((name) => [
        name,
        { meaning: name },
      ]),
    );
    expect(bodySchema(Order, 'standard', { description: 'An order.', fields })).toMatchObject({
      properties: {
        note: { anyOf: [{ maxLength: 5 }, { type: 'null' }] },
        kind: { enum: ['a', 'b'] },
        count: { anyOf: [{ enum: [1, 2, 10, 100] }, { type: 'null' }] },
        tags: { anyOf: [{ type: 'array', maxItems: 2 }, { type: 'null' }] },
      },
      required: ['kind', 'first'],
    });
  });

  it('that cannot be checked are refused', () => {
    class Unmarked {
      validate = (): boolean => false;
    }
    class Unchecked {
      @Validate(Unmarked)
      readonly one?: string;
    }
    class OtherGroup {
      @IsString({ groups: ['create'] })
      readonly one?: string;
    }
    class NoClass {
      @ValidateNested({ each: true })
      readonly one?: object[];
    }
    for (const dto of [Unchecked, OtherGroup, NoClass] as (new () => object)[]) {
      expect(() => validateBody(dto, {}, 'standard')).toThrow(/^one: /);
    }
  });
});
