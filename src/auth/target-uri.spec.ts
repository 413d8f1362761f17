import { normalizedUri, targetUri } from './target-uri.ts';

const URI = 'http://api.example.com/v1/customers/me/note';

describe('a URI', () => {
  it.each([
    'HTTP://API.Example.com/v1/customers/me/note',
    'http://api.example.com:80/v1/customers/me/note',
    'http://api.example.com:/v1/customers/me/note',
    'http://api.example.com/v1/customers/me/note?a=b#c',
    'http://api.example.com/v1/./x/../customers/me/note',
    'http://api.example.com/v1/x/%2E%2e/customers/me/note',
    'http://api.example.com/%761/customers/m%65/note',
  ])('has one form with %s', (uri) => {
    expect(normalizedUri(uri)).toBe(URI);
  });

  it.each([
    ['http://a.example', 'http://a.example/'],
    ['http://a.example/%c3%a9%2f%7e', 'http://a.example/%C3%A9%2F~'],
    ['https://[2001:DB8::1]:443/', 'https://[2001:db8::1]/'],
    ['https://a.example:80//a/', 'https://a.example:80//a/'],
  ])('%s has the form %s', (uri, form) => {
    expect(normalizedUri(uri)).toBe(form);
  });

  it.each([
    '',
    '/v1',
    'ftp://a.example/',
    'http:a.example/',
    'http:///a.example/',
    'http://user@a.example/',
    'http://a.example/b\\c',
    'http://a.example/b c',
    'http://ä.example/',
    'http://a.example:x/',
    'http://?/',
  ])('is none: %j', (uri) => {
    expect(normalizedUri(uri)).toBeUndefined();
  });
});

describe('the target of a request', () => {
  it('is the base and the path, or the Host and the path', () => {
    expect(targetUri('/v1/a?b', 'https://api.example.com/bff', 'x')).toBe('https://api.example.com/bff/v1/a');
    expect(targetUri('/v1/a?b', undefined, 'API.example.com:80')).toBe('http://api.example.com/v1/a');
    expect(targetUri('http://proxied.example/v1/a?b', undefined, 'h:1')).toBe('http://h:1/v1/a');
  });

  it.each([undefined, '', 'h/x', 'h?', 'h#', 'user@h', 'h\\x', 'h h'])(
    'is unknown with the Host %j',
    (host) => {
      expect(targetUri('/v1/a', undefined, host)).toBeUndefined();
    },
  );
});
