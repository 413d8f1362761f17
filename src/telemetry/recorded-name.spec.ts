import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { recordedName } from './recorded-name.ts';

const digestOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 16);

describe('recordedName', () => {
  it.each([
    'user-1',
    'auth0|5f7c8ec7c33c6c004bbafe82',
    'a b',
    ' !"#$%&\'()*+,-./:;<=>?[\\]^_`{|}~',
    '',
    'x'.repeat(128),
  ])('keeps %j', (subject) => {
    expect(recordedName(subject)).toBe(subject);
  });

  it.each([
    'person@example.com',
    '@',
    'a\u0000b',
    'a\nb',
    'a\n',
    'a\u001b[2Jb',
    'a\u007f',
    'a\u009bb',
    'é',
    'Zoë',
    'a\u00a0b',
    'а', // Cyrillic
    'a\u202eb',
    '🙂',
    '\ud800',
    'x'.repeat(129),
    'x'.repeat(8000),
  ])('makes 16 hex digits of %j', (subject) => {
    expect(recordedName(subject)).toBe(digestOf(subject));
  });

  it('gives printable ASCII of at most 128 characters without an @, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
        const recorded = recordedName(name);
        expect(recorded).toMatch(/^[\x20-\x3f\x41-\x7e]{0,128}$/);
        expect([name, digestOf(name)]).toContain(recorded);
      }),
    );
  });
});
