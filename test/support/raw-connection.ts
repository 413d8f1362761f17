import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import type { Answer } from './gateway.ts';

/** A connection of its own on which a test writes bytes as it pleases, where an HTTP client would write proper ones. */
export class RawConnection {
  private received: Buffer = Buffer.alloc(0);
  private readonly changed = new Set<() => void>();
  private closed = false;

  private constructor(readonly socket: Socket) {
    const wake = (): void => this.changed.forEach((waiter) => waiter());
    socket
      .on('data', (chunk: Buffer) => {
        this.received = Buffer.concat([this.received, chunk]);
        wake();
      })
      .on('close', () => {
        this.closed = true;
        wake();
      })
      // A reset is one of the ways in which a connection ends.
      .on('error', () => {});
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  write(bytes: string | Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  /** The next whole answer; each can be read once. Interim answers (1xx) are skipped. */
  async answer(): Promise<Answer> {
    for (;;) {
      const parsed = parseAnswer(this.received);
      if (parsed) {
        this.received = parsed.rest;
        if (parsed.answer.status >= 200) return parsed.answer;
      } else if (this.closed) {
        throw new Error(`the connection closed after ${JSON.stringify(this.received.toString('latin1'))}`);
      } else await this.change();
    }
  }

  /** Waits until the gateway closes the connection; what came and was not read yet. */
  async end(): Promise<string> {
    while (!this.closed) await this.change();
    return this.received.toString('latin1');
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      const waiter = (): void => {
        this.changed.delete(waiter);
        resolve();
      };
      this.changed.add(waiter);
    });
  }
}

/** Sends bytes on a connection of their own and reads one answer. */
export async function sendRaw(port: number, bytes: string | Buffer): Promise<Answer> {
  const connection = await RawConnection.open(port);
  try {
    return await connection.write(bytes).answer();
  } finally {
    connection.socket.destroy();
  }
}

/** A request as text: its line, its header lines, its body. */
export function requestText(
  requestLine: string,
  headers: readonly string[] = ['Host: gateway'],
  body = '',
): string {
  return `${[requestLine, ...headers].join('\r\n')}\r\n\r\n${body}`;
}

/** The first answer of `bytes` and what follows it. The API sends none in chunks. */
function parseAnswer(bytes: Buffer): { answer: Answer; rest: Buffer } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [name = '', value = ''] = line.split(/: ?(.*)/s);
    const earlier = headers[name.toLowerCase()];
    headers[name.toLowerCase()] = earlier === undefined ? value : `${earlier}, ${value}`;
  }
  const bodyStart = headEnd + 4;
  const bodyEnd = bodyStart + Number(headers['content-length'] ?? 0);
  if (bytes.length < bodyEnd) return undefined;
  const text = bytes.toString('utf8', bodyStart, bodyEnd);
  return {
    answer: {
      status: Number(statusLine.split(' ')[1]),
      headers,
      text,
      json: /json/.test(headers['content-type'] ?? '') && text !== '' ? JSON.parse(text) : undefined,
    },
    rest: bytes.subarray(bodyEnd),
  };
}
