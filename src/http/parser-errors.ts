import type { ServerResponse, IncomingMessage, Server } from 'node:http';
import { maxHeaderSize, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { answerHeaders, requestIdOf } from './answer-headers.ts';
import { Problem, problemBody } from '../problems/problems.ts';

/** What Node's HTTP parser says of a message that it refuses; `rawPacket` is the last piece read. */
type ParserError = Error & { code?: string; rawPacket?: unknown };

export interface RefusedMessage {
  readonly requestId: string;
  readonly status: number;
  readonly code: string;
}

/**
 * Answers what never becomes a request: messages that Node's parser refuses, and the requests that Node would answer by
 * itself with an empty body.
 */
export class ParserErrors {
  constructor(
    private readonly publicUrl: string | undefined,
    private readonly onRefusal: (refused: RefusedMessage) => void,
  ) {}

  /** For `server.on('clientError')`. */
  readonly onClientError = (error: ParserError, socket: Socket): void => {
    // An answer that has begun on this connection cannot be followed by another one.
    const begun = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage?.headersSent;
    if (error.code === 'ECONNRESET' || !socket.writable || begun) {
      socket.destroy();
      return;
    }
    this.write(socket, parserProblem(error));
  };

  listen(server: Server): void {
    server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
      const { headers, body, problem } = this.render(
        new Problem('invalid-request', {
          status: 417,
          detail: 'Of the expectations only "100-continue" is supported.',
        }),
        requestIdOf(request),
      );
      response.writeHead(problem.status, headers).end(body);
    });
    server.on('connect', (_request: IncomingMessage, socket: Socket) => {
      this.write(socket, new Problem('invalid-request', { status: 501, detail: 'This server is no proxy.' }));
    });
  }

  private write(socket: Socket, refusal: Problem): void {
    const { headers, body, problem } = this.render(refusal, requestIdOf({ headers: {} }));
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`,
      () => socket.destroy(),
    );
  }

  private render(
    problem: Problem,
    requestId: string,
  ): { headers: Record<string, string>; body: string; problem: Problem } {
    const body = JSON.stringify(problemBody(problem, requestId, this.publicUrl));
    const headers = {
      ...answerHeaders(requestId),
      'content-type': 'application/problem+json',
      'content-length': String(Buffer.byteLength(body)),
      date: new Date().toUTCString(),
      connection: 'close',
    };
    this.onRefusal({ requestId, status: problem.status, code: problem.code });
    return { headers, body, problem };
  }
}

function parserProblem({ code, rawPacket }: ParserError): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return isLongRequestLine(rawPacket)
        ? new Problem('invalid-request', { status: 414, detail: 'The URL is too long.' })
        : new Problem('headers-too-large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('invalid-request', { status: 408, detail: 'The request took too long to arrive.' });
    case 'HPE_INVALID_METHOD':
      return looksLikeHttp(rawPacket)
        ? new Problem('invalid-request', { status: 501, detail: 'The method is not known.' })
        : new Problem('invalid-request');
    case 'HPE_INVALID_VERSION':
      return new Problem('invalid-request', { status: 505, detail: 'Use HTTP/1.1.' });
    default:
      return new Problem('invalid-request');
  }
}

function isLongRequestLine(packet: unknown): boolean {
  if (!Buffer.isBuffer(packet) || !looksLikeHttp(packet)) return false;
  const end = packet.indexOf('\n');
  return end === -1 || end > maxHeaderSize;
}

function looksLikeHttp(packet: unknown): boolean {
  return Buffer.isBuffer(packet) && /^[\w!#$%&'*+.^`|~-]+ /.test(packet.toString('latin1', 0, 64));
}
