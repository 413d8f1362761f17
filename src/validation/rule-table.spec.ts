import { IsDefined, IsInstance, IsString } from 'class-validator';
import { documented, strict } from './rule-levels.ts';
import { ruleTable } from './rule-table.ts';
import { IsNotNull } from './field-rules.ts';

class Inner {
  @IsString(documented('type', 'Send a string.'))
  @IsDefined(strict('required', 'Send a/b.'))
  readonly 'a/b'?: string;
}

class Outer {
  @IsNotNull()
  @IsInstance(Inner, documented('type', 'Send an object.'))
  readonly inner?: Inner;
}

const BODY = { level: 'documented', field: '#', code: 'type', rule: 'Send a JSON object.' };
const UNKNOWN = {
  level: 'standard',
  field: '*',
  code: 'unknown_property',
  rule: 'Leave this property out: it is not part of the request.',
};

describe('ruleTable', () => {
  it('lists the rules of each field in the order of its decorators', () => {
    expect(ruleTable(Outer)).toEqual([
      BODY,
      {
        level: 'documented',
        field: '#/inner',
        code: 'null',
        rule: 'Send a value or leave the property out: null is not a value.',
      },
      { level: 'documented', field: '#/inner', code: 'type', rule: 'Send an object.' },
      { level: 'documented', field: '#/inner/a~1b', code: 'type', rule: 'Send a string.' },
      { level: 'strict', field: '#/inner/a~1b', code: 'required', rule: 'Send a/b.' },
      UNKNOWN,
    ]);
  });
});
