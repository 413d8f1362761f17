import { HttpMessages } from './http-messages.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{"a":1}';
const EMPTY = 'HTTP/1.1 204 No Content\r\nX-Request-Id: 7\r\n\r\n';

function read(...chunks: string[]): [head: string, body: string][] {
  const messages: [string, string][] = [];
  const reader = new HttpMessages((head, body) => messages.push([head.split('\r\n')[0]!, body.toString()]));
  for (const chunk of chunks) reader.push(Buffer.from(chunk, 'latin1'));
  return messages;
}

describe('messages on a connection', () => {
  const expected = [
    ['HTTP/1.1 200 OK', '{"a":1}'],
    ['HTTP/1.1 204 No Content', ''],
    ['HTTP/1.1 200 OK', '{"a":1}'],
  ];
  const bytes = ANSWER + EMPTY + ANSWER;

  it('come together', () => {
    expect(read(bytes)).toEqual(expected);
  });

  it('come cut anywhere', () => {
    for (let cut = 1; cut < bytes.length; cut += 1) {
      expect(read(bytes.slice(0, cut), bytes.slice(cut))).toEqual(expected);
    }
    expect(read(...bytes.split(''))).toEqual(expected);
  });

  it('tell their length in no other way', () => {
    expect(() => read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')).toThrow(
      'Content-Length',
    );
  });
});
