import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { HttpMessages } from './http-messages.ts';
import { DIRECT_DEBIT } from './scenario.ts';

const BODY = JSON.stringify({ directDebit: DIRECT_DEBIT });
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
);
const CLOSE = /\r\nconnection: *close/i;
/** Of so many requests one is kept. */
const SAMPLING = 500;
const MAX_SAMPLES = 1000;

/** A request as Octane received it. */
export interface Received {
  readonly head: string;
  readonly body: string;
}

/** What came since somebody last asked. */
export interface Hits {
  readonly count: number;
  /** The first, then one of many. */
  readonly samples: readonly Received[];
}

/** An Octane that agrees to everything at once, for next to no CPU time. */
export class FakeOctane {
  readonly port: number;
  private count = 0;
  private samples: Received[] = [];

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<FakeOctane> {
    const server = createServer((socket) => {
      const messages = new HttpMessages((head, body) => {
        octane.record(head, body);
        socket.write(ANSWER);
        if (CLOSE.test(head)) socket.end();
      });
      socket.setNoDelay(true);
      // A gateway that is stopped cuts its connections.
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => messages.push(chunk));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', 4096, listening));
    const octane = new FakeOctane((server.address() as AddressInfo).port);
    return octane;
  }

  take(): Hits {
    const { count, samples } = this;
    this.count = 0;
    this.samples = [];
    return { count, samples };
  }

  private record(head: string, body: Buffer): void {
    this.count += 1;
    if ((this.count > 1 && this.count % SAMPLING !== 0) || this.samples.length >= MAX_SAMPLES) return;
    this.samples.push({ head, body: body.toString() });
  }
}
