import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One request as Octane received it, whole. */
export interface Hit {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** What Octane does with a request once it has read it. */
export type Script = (hit: Hit, response: ServerResponse, socket: Socket) => void;

/** Answers as the documents say: the direct debit as it was sent, 204 for the email. */
export const answerProperly: Script = (hit, response) => {
  if (hit.path.endsWith('/send-welcome-email')) response.writeHead(204).end();
  else response.writeHead(200, { 'content-type': 'application/json' }).end(hit.body);
};

/** A real HTTP server that records each request and then follows the script of the test. */
export class ScriptedOctane {
  readonly hits: Hit[] = [];
  script: Script = answerProperly;

  private readonly server: Server;

  // No parameter properties: the crash test runs this file unbuilt.
  private constructor(server: Server) {
    this.server = server;
  }

  static async start(): Promise<ScriptedOctane> {
    const server = createServer((request, response) => {
      // A request that is cut off, as by a gateway that is killed, was never received.
      octane.receive(request, response).catch(() => undefined);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const octane = new ScriptedOctane(server);
    return octane;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/tiab/api`;
  }

  /** Forgets what was received and behaves again. */
  reset(): void {
    this.hits.length = 0;
    this.script = answerProperly;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const hit = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    this.hits.push(hit);
    this.script(hit, response, request.socket);
  }
}
