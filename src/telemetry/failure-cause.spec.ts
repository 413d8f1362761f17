import { failureCause } from './failure-cause.ts';

const withCode = (code: string, message = 'a text with 192.0.2.1 in it'): Error =>
  Object.assign(new Error(message), { code });

describe('the cause of a failure', () => {
  it.each([
    'ENOTFOUND',
    'EAI_AGAIN',
    'ECONNREFUSED',
    'ECONNRESET',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EPIPE',
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    '25006',
    '28P01',
    '57P01',
    '53300',
    'SQLITE_FULL',
    'SQLITE_READONLY',
    'HTTP_503',
  ])('is %s where the error has that code', (code) => {
    expect(failureCause(withCode(code))).toBe(code);
  });

  it.each([
    ['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'],
    ['UND_ERR_SOCKET', 'ECONNRESET'],
    ['HPE_INVALID_CONSTANT', 'NOT_HTTP'],
    ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO'],
  ])('of a library’s %s is %s', (code, word) => {
    expect(failureCause(withCode(code))).toBe(word);
  });

  it.each([
    ['timeout exceeded when trying to connect', 'ETIMEDOUT'],
    ['Connection terminated unexpectedly', 'ECONNRESET'],
    ['the database did not answer in time', 'TIMEOUT'],
    ['The server does not support SSL connections', 'TLS_NOT_SUPPORTED'],
  ])('of an error about PostgreSQL without a code, %j, is %s', (message, word) => {
    expect(failureCause(new Error(message))).toBe(word);
  });

  it('of an export of traces is the status that the collector answered', () => {
    expect(failureCause(Object.assign(new Error('a text'), { code: 503 }))).toBe('HTTP_503');
  });

  it('is found behind what wraps it, and among several', () => {
    const refused = withCode('ECONNREFUSED');
    expect(failureCause(new TypeError('fetch failed', { cause: refused }))).toBe('ECONNREFUSED');
    expect(failureCause(new AggregateError([new Error('?'), refused]))).toBe('ECONNREFUSED');
    expect(failureCause(new Error('?', { cause: new AggregateError([refused]) }))).toBe('ECONNREFUSED');
    expect(failureCause(Object.assign(withCode('UND_ERR_SOCKET'), { cause: withCode('EPIPE') }))).toBe(
      'EPIPE',
    );
  });

  it('ends although an error is its own cause', () => {
    const error = new Error('round');
    error.cause = error;
    expect(failureCause(error)).toBe('OTHER');
  });

  it.each([
    ['a code that nobody knows', withCode('HELLO_FROM_THE_SERVER')],
    ['a code that looks like one of PostgreSQL', withCode('ZZ999')],
    ['a word around a code', withCode('ECONNREFUSED password=x')],
    ['a status that is none', withCode('HTTP_999')],
    ['a number that is no status', Object.assign(new Error('?'), { code: 42 })],
    ['a text', 'person@example.com'],
    ['a cause that is a text', new Error('?', { cause: 'ECONNREFUSED' })],
    ['a code that is no text', Object.assign(new Error('?'), { code: { toString: () => 'EPIPE' } })],
    ['nothing', undefined],
    ['null', null],
  ])('is OTHER for %s', (_, error) => {
    expect(failureCause(error)).toBe('OTHER');
  });
});
