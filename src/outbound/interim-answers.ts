import type { Socket } from 'node:net';

/** Most bytes of one interim answer, as undici takes them of the head of a final one. */
const MAX_HEAD_BYTES = 16 * 1024;
/** How a status line begins; # is a digit. */
const STATUS_LINE = 'HTTP/1.# ###';

/**
 * Takes interim answers (1xx, RFC 9110 section 15.2) out of what a connection receives. A request may have any number of them.
 * undici closes the connection at a 100 that it did not ask for, before any handler sees it. A 101 stays in: nobody asked for
 * another protocol, so what follows it is no HTTP.
 *
 * @param socket carries one request at a time; it looks for answers from the moment that something is written
 */
export function passOverInterimAnswers(socket: Socket): void {
  const push = socket.push.bind(socket);
  const write = socket.write.bind(socket) as (...call: unknown[]) => boolean;
  let awaitsAnswer = false;
  let held: Buffer | undefined;

  socket.write = (...call: unknown[]) => {
    awaitsAnswer = true;
    return write(...call);
  };
  socket.push = (chunk: Buffer | null) => {
    if (!awaitsAnswer) return push(chunk);
    if (chunk === null) {
      if (held) push(held);
      return push(null);
    }
    let bytes = held ? Buffer.concat([held, chunk]) : chunk;
    held = undefined;
    while (bytes.length > 0) {
      const length = lengthOfInterimAnswer(bytes);
      if (length === 0) {
        awaitsAnswer = false;
        return push(bytes);
      }
      if (length === undefined) {
        held = bytes;
        if (bytes.length > MAX_HEAD_BYTES) socket.destroy(new Error('an interim answer is too long'));
        return true;
      }
      bytes = bytes.subarray(length);
    }
    return true;
  };
}

/** @returns 0 where the bytes begin with anything else, undefined while that cannot be known or its end is not there */
function lengthOfInterimAnswer(bytes: Buffer): number | undefined {
  let start = 0;
  while (bytes[start] === 0x0d || bytes[start] === 0x0a) start += 1;
  for (let index = 0; index < STATUS_LINE.length; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) return undefined;
    const wanted = STATUS_LINE.charCodeAt(index);
    if (wanted === 0x23 ? byte < 0x30 || byte > 0x39 : byte !== wanted) return 0;
  }
  const status = Number(bytes.toString('latin1', start + 9, start + 12));
  if (status < 100 || status > 199 || status === 101) return 0;
  const end = bytes.indexOf('\r\n\r\n', start);
  const head = bytes.toString('latin1', start + 12, end === -1 ? bytes.length : end);
  // A fourth digit, or a line that ends in another way than HTTP's: the parser has the last word.
  if (/^[^ \r]|[^\r]\n/.test(head)) return 0;
  return end === -1 ? undefined : end + 4;
}
