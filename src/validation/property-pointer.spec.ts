import fc from 'fast-check';
import { propertyPointer } from './property-pointer.ts';

describe('propertyPointer', () => {
  it.each([
    ['ddPaymentDay', '#/ddPaymentDay'],
    ['', '#/'],
    ['a/b', '#/a~1b'],
    ['m~n', '#/m~0n'],
    ['~1', '#/~01'],
    ['c%d', '#/c%25d'],
    ['e^f g|h\\i"j', '#/e%5Ef%20g%7Ch%5Ci%22j'],
    ['[0]{}<>`#', '#/%5B0%5D%7B%7D%3C%3E%60%23'],
    ["a-b.c_d!$&'()*+,;=:@?", "#/a-b.c_d!$&'()*+,;=:@?"],
    ['line\nbreak\u0000', '#/line%0Abreak%00'],
    ['é€😀', '#/%C3%A9%E2%82%AC%F0%9F%98%80'],
    ['__proto__', '#/__proto__'],
  ])('of %j is %s', (name, pointer) => {
    expect(propertyPointer('#', name)).toBe(pointer);
  });

  it('extends the pointer of the object', () => {
    expect(propertyPointer('#/directDebit', 'a')).toBe('#/directDebit/a');
  });

  it('cuts a name at 64 code points before it is escaped', () => {
    expect(propertyPointer('#', 'a'.repeat(64))).toBe(`#/${'a'.repeat(64)}`);
    expect(propertyPointer('#', 'a'.repeat(65))).toBe(`#/${'a'.repeat(64)}`);
    expect(propertyPointer('#', '/'.repeat(65))).toBe(`#/${'~1'.repeat(64)}`);
    expect(propertyPointer('#', '😀'.repeat(65))).toBe(`#/${'%F0%9F%98%80'.repeat(64)}`);
    expect(propertyPointer('#', `a${'😀'.repeat(64)}`)).toBe(`#/a${'%F0%9F%98%80'.repeat(63)}`);
  });

  it('replaces half a surrogate pair', () => {
    expect(propertyPointer('#', 'a\ud83d')).toBe('#/a%EF%BF%BD');
    expect(propertyPointer('#', '\ude00a')).toBe('#/%EF%BF%BDa');
  });

  it('is a URI fragment that leads back to the name, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 64 }), (name) => {
        const pointer = propertyPointer('#', name);
        expect(pointer).toMatch(/^#\/(?:[\w.~!$&'()*+,;=:@?-]|%[0-9A-F]{2})*$/);
        expect(decodeURIComponent(pointer.slice(2)).replaceAll('~1', '/').replaceAll('~0', '~')).toBe(
          name.toWellFormed(),
        );
      }),
    );
  });
});
