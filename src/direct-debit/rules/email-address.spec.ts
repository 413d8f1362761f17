import fc from 'fast-check';
import { isEmailAddress } from './email-address.ts';

describe('isEmailAddress', () => {
  it.each([
    'jo@example.com',
    'jo.bloggs+bill@mail.example.com.au',
    "o'brien@example.com",
    '"jo bloggs"@example.com',
    'jörg@example.com',
    'jo@xn--bcher-kva.example',
    `${'a'.repeat(64)}@example.com`,
  ])('takes %s', (value) => {
    expect(isEmailAddress(value)).toBe(true);
  });

  it.each([
    '',
    'string',
    'jo',
    '@example.com',
    'jo@',
    'jo@example',
    'jo@@example.com',
    'jo@exam ple.com',
    ' jo@example.com',
    'jo@example.com ',
    'jo@example.com\n',
    'jo@example.com,al@example.com',
    'jo@example.com;al@example.com',
    'jo@example.com al@example.com',
    'Jo <jo@example.com>',
    '<jo@example.com>',
    'mailto:jo@example.com,',
    'jo..bloggs@example.com',
    '.jo@example.com',
    'jo@-example.com',
    'jo@127.0.0.1',
    'jo@[127.0.0.1]',
    '"jo\nBcc: al@example.com"@example.com',
    '"jo\r\n"@example.com',
    '"jo\u0000"@example.com',
    'jo\u2028@example.com',
    'jo\u202e@example.com',
    'jo\ud800@example.com',
    `${'a'.repeat(65)}@example.com`,
  ])('refuses %j', (value) => {
    expect(isEmailAddress(value)).toBe(false);
  });

  it('takes 254 characters and no more', () => {
    const ofLength = (length: number) => {
      const domain = `${'a.'.repeat(92)}${'b'.repeat(length - 65 - 184 - 4)}.com`;
      return `${'j'.repeat(64)}@${domain}`;
    };
    expect(ofLength(254)).toHaveLength(254);
    expect(isEmailAddress(ofLength(254))).toBe(true);
    expect(isEmailAddress(ofLength(255))).toBe(false);
  });

  it.each([undefined, null, 1, {}, ['jo@example.com']])('refuses %j, which is no string', (value) => {
    expect(isEmailAddress(value)).toBe(false);
  });

  it('never throws, whatever the string', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, text, (before, local, domain) => {
        isEmailAddress(before);
        isEmailAddress(`${local}@example.com`);
        isEmailAddress(`"${local}"@${domain}.com`);
        isEmailAddress(`${before}\ud800@${domain}`);
      }),
    );
  });

  it('answers for 16 KiB at once', () => {
    for (const part of ['a', '"', '\\', '@', '.', 'a@', 'a.', '" ', '\\"', '<']) {
      expect(isEmailAddress(part.repeat(16_384 / part.length))).toBe(false);
      expect(isEmailAddress(`"${part.repeat(8000)}"@example.com`)).toBe(false);
    }
  });
});
