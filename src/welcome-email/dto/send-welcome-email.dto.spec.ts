import { RULE_LEVELS } from '../../validation/rule-levels.ts';
import { ruleTable } from '../../validation/rule-table.ts';
import { validateBody } from '../../validation/validate-body.ts';
import { SendWelcomeEmailDto } from './send-welcome-email.dto.ts';

describe('the body of a welcome email', () => {
  it('has only the rules of every body', () => {
    expect(ruleTable(SendWelcomeEmailDto).map(({ field, code }) => `${field} ${code}`)).toEqual([
      '# type',
      '* unknown_property',
    ]);
  });

  it.each(RULE_LEVELS)('is an empty object (%s)', (level) => {
    const { value } = validateBody(SendWelcomeEmailDto, {}, level);
    expect(value).toBeInstanceOf(SendWelcomeEmailDto);
    expect(JSON.stringify(value)).toBe('{}');
  });

  it.each(['null', '[]', '""', '0', 'false'])('is not %s, at any level', (json) => {
    for (const level of RULE_LEVELS) {
      expect(validateBody(SendWelcomeEmailDto, JSON.parse(json), level).violations).toEqual([
        { pointer: '#', code: 'type', detail: 'Send a JSON object.' },
      ]);
    }
  });

  it.each(['{"email":"jo@example.com"}', '{"email":null}', '{"__proto__":{}}', '{"constructor":1}'])(
    'has no property: %s',
    (json) => {
      const body: unknown = JSON.parse(json);
      const [name] = Object.keys(body as object);
      for (const level of ['standard', 'strict'] as const) {
        expect(validateBody(SendWelcomeEmailDto, body, level).violations).toEqual([
          {
            pointer: `#/${name}`,
            code: 'unknown_property',
            detail: 'Leave this property out: it is not part of the request.',
          },
        ]);
      }
      expect(JSON.stringify(validateBody(SendWelcomeEmailDto, body, 'documented').value)).toBe('{}');
    },
  );
});
