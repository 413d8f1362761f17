import { randomUUID } from 'node:crypto';
import type { ServerResponse, IncomingMessage, Server } from 'node:http';
import { maxHeaderSize, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { answerHeaders, requestIdOf } from './answer-headers.ts';
import { Problem } from '../problems/problem.ts';
import { problemBody } from '../problems/problem-body.ts';
import { PeerAddress } from './peer-address.ts';

/** What Node's HTTP parser says of a message that it refuses; `rawPacket` is the last piece read. */
type ParserError = Error & { code?: string; rawPacket?: unknown };

export interface RefusedMessage {
  readonly requestId: string;
  readonly status: number;
  readonly code: string;
  /** The address of whoever sent it. */
  readonly peer: string | undefined;
}

const refusals = new WeakMap<IncomingMessage, Problem>();

/** Why the rest of a request that the gateway had begun to serve could not be read; it was answered with this. */
export function parserRefusalOf(request: IncomingMessage): Problem | undefined {
  return refusals.get(request);
}

/**
 * Answers what never becomes a request: messages that Node's parser refuses, and the requests that Node would answer by
 * itself with an empty body.
 */
@Injectable()
export class ParserErrors {
  private tell: ((refused: RefusedMessage) => void) | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'publicUrl'>,
    private readonly peers: PeerAddress,
  ) {}

  /** For `server.on('clientError')`. */
  answer(error: ParserError, socket: Socket): void {
    const answering = (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage;
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
    } else if (answering?.req.complete) {
      // What is wrong came behind a whole request, whose answer would be taken for this one: that is the last one here.
      answering.shouldKeepAlive = false;
    } else if (answering?.headersSent) {
      socket.destroy();
    } else if (answering) {
      const problem = parserProblem(error);
      refusals.set(answering.req, problem);
      this.write(socket, problem, requestIdOf(answering.req));
    } else {
      this.refuse(socket, parserProblem(error), randomUUID(), this.peers.of(socket, {}));
    }
  }

  /** @param tell is told of each message that never became a request */
  listen(server: Server, tell: (refused: RefusedMessage) => void): void {
    this.tell = tell;
    server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
      const problem = new Problem('invalid-request', {
        status: 417,
        detail: 'The only supported expectation is "100-continue".',
      });
      const { headers, body } = this.render(problem, requestIdOf(request));
      response.writeHead(problem.status, headers).end(body);
      this.report(problem, requestIdOf(request), this.peers.of(request.socket, request.headers));
    });
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      // Node lets go of the socket here, and an error event that nobody listens to would end the process.
      socket.on('error', () => socket.destroy());
      const problem = new Problem('invalid-request', { status: 501, detail: 'This server is not a proxy.' });
      this.refuse(socket, problem, requestIdOf(request), this.peers.of(socket, request.headers));
    });
  }

  private refuse(socket: Socket, problem: Problem, requestId: string, peer: string | undefined): void {
    this.write(socket, problem, requestId);
    this.report(problem, requestId, peer);
  }

  private report({ status, code }: Problem, requestId: string, peer: string | undefined): void {
    this.tell?.({ requestId, status, code, peer });
  }

  private write(socket: Socket, problem: Problem, requestId: string): void {
    const { headers, body } = this.render(problem, requestId);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`,
      () => socket.destroy(),
    );
  }

  private render(problem: Problem, requestId: string): { headers: Record<string, string>; body: string } {
    const body = JSON.stringify(problemBody(problem, requestId, this.settings.publicUrl));
    const headers = {
      ...answerHeaders(requestId),
      'content-type': 'application/problem+json',
      'content-length': String(Buffer.byteLength(body)),
      date: new Date().toUTCString(),
      connection: 'close',
    };
    return { headers, body };
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
