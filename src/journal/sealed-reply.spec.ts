import fc from 'fast-check';
import { RepeatableRequest } from './sealed-reply.ts';

const KEY = '3f1c1f0e-6f0a-4d0e-9c5c-0b8f2a8a4d11';
const BODY = { directDebit: { ddNotificationEmail: 'person@example.com', ddSpecialPaymentAmount: 10 } };
const ID = '019ab000-0000-7000-8000-000000000001';
const SCOPE = ['https://id.example.com/', 'selfcare-app', 'user-1', 'direct-debit', '700123'];
const REFUSED = /authenticat|initialization vector/;
const REPLY = JSON.stringify({ answer: BODY });

const request = (key = KEY, body: object = BODY): RepeatableRequest => new RepeatableRequest(key, body);

describe('RepeatableRequest', () => {
  it.each<[string, string, string]>([
    ['the order of properties', '{"a":1,"b":{"c":2,"d":3}}', '{"b":{"d":3,"c":2},"a":1}'],
    ['spacing', '{"a":[1,2]}', ' { "a" :\n[ 1 , 2 ] } '],
    ['how a number is written', '{"a":1,"b":10}', '{"a":1.0,"b":1e1}'],
    ['how a character is written', '{"a":"é/"}', '{"a":"\\u00e9\\/"}'],
  ])('makes no difference of %s', (_, one, other) => {
    const [first, second] = [one, other].map((text) => request(KEY, JSON.parse(text) as object));
    expect(second!.fingerprint()).toBe(first!.fingerprint());
    expect(second!.unseal(first!.seal(REPLY, ID), ID)).toBe(REPLY);
  });

  it.each<[string, object, object]>([
    ['the order of a list', { a: [1, 2] }, { a: [2, 1] }],
    ['a number and its text', { a: 1 }, { a: '1' }],
    ['a property and none', { a: 1 }, { a: 1, b: null }],
    ['the case of a text', { a: 'x' }, { a: 'X' }],
    ['halves of a surrogate pair', { a: '\ud800' }, { a: '\ud801' }],
  ])('tells apart %s', (_, one, other) => {
    expect(request(KEY, one).fingerprint()).not.toBe(request(KEY, other).fingerprint());
  });

  it('unseals whatever it sealed', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 255 }),
        fc.jsonValue(),
        fc.string({ unit: 'grapheme' }),
        (key, value, reply) => {
          const sealed = request(key, { value }).seal(reply, ID);
          expect(request(key, { value }).unseal(sealed, ID)).toBe(reply);
        },
      ),
    );
  });

  it.each<[string, RepeatableRequest, string]>([
    ['another key', request(`${KEY}0`), ID],
    ['another body', request(KEY, { ...BODY, more: true }), ID],
    ['another change', request(), '019ab000-0000-7000-8000-000000000002'],
    // The parts must not run into each other.
    ['a key that the body began with', request(`${KEY}{`, {}), ID],
  ])('cannot be unsealed with %s', (_, other, id) => {
    const sealed = request().seal(REPLY, ID);
    expect(() => other.unseal(sealed, id)).toThrow(REFUSED);
  });

  it('cannot be unsealed when a byte of it was changed, or its end is missing', () => {
    const sealed = Buffer.from(request().seal(REPLY, ID), 'base64');
    for (const index of sealed.keys()) {
      const changed = Buffer.from(sealed);
      changed[index]! ^= 1;
      expect(() => request().unseal(changed.toString('base64'), ID)).toThrow(REFUSED);
    }
    for (const length of [0, 11, 12, 16, 27, 28, sealed.length - 1])
      expect(() => request().unseal(sealed.subarray(0, length).toString('base64'), ID)).toThrow(REFUSED);
  });

  it('seals the same reply differently each time', () => {
    expect(request().seal(REPLY, ID)).not.toBe(request().seal(REPLY, ID));
  });

  it('leaves nothing readable of key, body and reply', () => {
    const repeatable = request();
    const stored = [repeatable.hash(SCOPE), repeatable.fingerprint(), repeatable.seal(REPLY, ID)];
    for (const text of stored) {
      const readable = text + Buffer.from(text, 'base64').toString('latin1');
      for (const secret of [KEY, 'person', 'example', 'directDebit']) expect(readable).not.toContain(secret);
    }
  });

  it('has a fingerprint that says nothing without the key: one body has another one under each', () => {
    expect(request('key-1').fingerprint()).not.toBe(request('key-2').fingerprint());
  });

  describe('hash', () => {
    it('is the same for the same key and scope, whatever the body', () => {
      expect(request(KEY, { other: 1 }).hash(SCOPE)).toBe(request().hash([...SCOPE]));
    });

    it('is another one when any part of the scope is', () => {
      const hashes = SCOPE.map((_, index) => request().hash(SCOPE.with(index, 'other')));
      expect(new Set([...hashes, request().hash(SCOPE)]).size).toBe(SCOPE.length + 1);
    });

    it('does not let parts run into each other', () => {
      expect(request('c').hash(['a', 'b'])).not.toBe(request('c').hash(['ab', '']));
      expect(request('","c').hash(['a'])).not.toBe(request('c').hash(['a', '']));
      expect(request('b').hash(['a'])).not.toBe(request('').hash(['a', 'b']));
    });
  });
});
