const END_OF_HEAD = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding:/i;

/** Told of each message: its first line and fields, without the empty line, and its body. */
export type OnMessage = (head: string, body: Buffer) => void;

/**
 * Cuts what comes on an HTTP/1.1 connection into messages. It knows just enough to cost little: a body has a
 * Content-Length, or there is none.
 */
export class HttpMessages {
  private rest: Buffer = Buffer.alloc(0);
  private readonly onMessage: OnMessage;

  constructor(onMessage: OnMessage) {
    this.onMessage = onMessage;
  }

  /** @throws Error for a message whose length is told in another way */
  push(chunk: Buffer): void {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    for (;;) {
      const headLength = bytes.indexOf(END_OF_HEAD);
      if (headLength < 0) break;
      const head = bytes.toString('latin1', 0, headLength);
      const start = headLength + END_OF_HEAD.length;
      const end = start + bodyLength(head);
      if (bytes.length < end) break;
      this.onMessage(head, bytes.subarray(start, end));
      bytes = bytes.subarray(end);
    }
    this.rest = bytes;
  }
}

function bodyLength(head: string): number {
  const length = CONTENT_LENGTH.exec(head)?.[1];
  if (length !== undefined) return Number(length);
  if (CHUNKED.test(head)) throw new Error('a message without Content-Length');
  return 0;
}
