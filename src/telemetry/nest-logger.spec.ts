import { createLogger, NestLogger } from './nest-logger.ts';
import type { Logger } from 'pino';

const lines: string[] = [];
let logger: Logger;

beforeEach(() => {
  lines.length = 0;
  logger = createLogger('trace', { write: (line: string) => lines.push(line) });
});

describe('a log line', () => {
  it.each([
    ['CR and LF', 'a\r\nb'],
    ['ANSI escapes', '\u001b[2J\u001b]0;title\u0007'],
    ['C1 controls', '\u009b2J\u0085'],
    ['DEL and NUL', '\u007f\u0000'],
    ['Unicode line ends', 'a\u2028b\u2029c'],
    ['changes of direction', 'a\u202eb\u2066c\u200f'],
    ['what cannot be seen', 'a\u200b\ufeff\u{e0041}b'],
    ['half a character', 'a\ud800b'],
    ['JSON', '","level":"fatal","x":"'],
  ])('keeps its form and its text with %s, wherever they stand', (_, text) => {
    logger.info({ requestId: text, [text]: text, nested: { [text]: [text] } }, text);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*\}\n$/u);
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      requestId: text,
      [text]: text,
      nested: { [text]: [text] },
      msg: text,
    });
  });

  it('is left alone where there is nothing to mend', () => {
    logger.info({ route: '/v1/customers/:custno/direct-debit', subject: 'Zoë' }, 'request completed');
    expect(lines[0]).toMatch(
      /^\{"level":"info","time":"[^"]+","route":"\/v1\/customers\/:custno\/direct-debit","subject":"Zoë","msg":"request completed"\}\n$/,
    );
  });

  const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl-_';
  it.each([
    ['a token', TOKEN],
    ['a token without its signature', TOKEN.slice(0, 40)],
    ['a bearer', 'Bearer abcdefgh12345678'],
    ['credentials', 'Basic Y2FuYXJ5OmNhbmFyeQ=='],
    ['an email address', 'canary.person+tag@mail.example.com'],
    ['an email address beyond ASCII', 'zoë.müller@bücher.example'],
    ['an email address in another script', '用户@例子.广告'],
  ])('does not show %s, wherever it stands', (_, secret) => {
    logger.info({ detail: `before ${secret} after`, nested: [secret] }, `failed: ${secret}`);
    expect(lines[0]).not.toContain(secret);
    const { detail, nested, msg } = JSON.parse(lines[0]!) as Record<string, unknown>;
    expect({ detail, nested, msg }).toEqual({
      detail: 'before [redacted] after',
      nested: ['[redacted]'],
      msg: 'failed: [redacted]',
    });
  });

  it('shows an @ that is part of no email address', () => {
    logger.info({}, 'npm@11 @ a@b @x.example é@ a@@b');
    expect(JSON.parse(lines[0]!)).toMatchObject({ msg: 'npm@11 @ a@b @x.example é@ a@@b' });
  });

  it('shows none of several email addresses, and all that stands between them', () => {
    logger.info({}, 'to a.b@x.example, <c@y.example>; d@e@z.example. é');
    expect(JSON.parse(lines[0]!)).toMatchObject({
      msg: 'to [redacted], <[redacted]>; d@[redacted]. é',
    });
  });

  // A time that grows with the square of the length would be minutes.
  it.each([
    ['a name', 'a'],
    ['dots', '.'],
    ['words and dots', 'a.'],
    ['signs', '@'],
    ['names and signs', 'a@'],
    ['halves of addresses', 'a@b.'],
    ['beginnings of tokens', 'eyJ'],
    ['tokens that are too short', 'eyJa '],
    ['schemes', 'Bearer '],
    ['blanks', ' '],
    ['letters beyond ASCII', 'é'],
    ['what is escaped', '\u202e'],
  ])('is written in no time, however long, when it holds %s', (_, text) => {
    for (const [before, after] of [
      ['é', ''],
      ['', 'é'],
      ['Bearer ', ''],
      ['a@', '@'],
    ] as const) {
      logger.info({}, before + text.repeat(200_000 / text.length) + after);
    }
    expect(lines).toHaveLength(4);
  });

  it('does not show what has no place in a log, even when a whole request is handed to it', () => {
    const fault = { config: { auth: 'canary' }, headers: { cookie: 'canary' }, body: 'canary', kept: 1 };
    new NestLogger(logger).error({ ...fault, password: 'canary', token: 'canary' }, 'Some');
    expect(lines[0]).not.toContain('canary');
    expect(JSON.parse(lines[0]!)).toMatchObject({ config: '[redacted]', kept: 1, source: 'Some' });
  });
});
