import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

const PROTOCOL_3 = 196_608;
/** What PgBouncer takes unless its configuration names more. */
const START_UP_PARAMETERS = new Set([
  'user',
  'database',
  'client_encoding',
  'datestyle',
  'timezone',
  'standard_conforming_strings',
  'application_name',
]);

interface ServerLink {
  readonly socket: Socket;
  client: Socket | undefined;
}

/**
 * Stands before a PostgreSQL as PgBouncer does with its defaults in transaction mode: it refuses start-up parameters that it does
 * not know, and each transaction of a client may run on another connection to the server, with whatever others left there.
 */
export class Pooler {
  /** Connections to the server that no client uses at the moment; the one that waited longest comes next. */
  private readonly free: ServerLink[] = [];
  private readonly servers = new Set<ServerLink>();
  private readonly clients = new Set<Socket>();
  /** Which connections to the server each client has had. */
  private readonly used = new Map<Socket, Set<ServerLink>>();
  readonly refused: string[] = [];

  private constructor(
    private readonly listener: Server,
    private readonly targetPort: number,
  ) {}

  static async before(url: string): Promise<Pooler> {
    const listener = createServer((client) => pooler.greet(client));
    await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
    const pooler = new Pooler(listener, Number(new URL(url).port));
    return pooler;
  }

  /** @returns the same URL by way of the pooler */
  urlOf(url: string): string {
    const pooled = new URL(url);
    pooled.port = String((this.listener.address() as AddressInfo).port);
    return pooled.href;
  }

  /** How many connections to the server the client with the most of them has had. */
  get mostServersOfOneClient(): number {
    return Math.max(0, ...[...this.used.values()].map(({ size }) => size));
  }

  async stop(): Promise<void> {
    for (const socket of [...this.clients, ...[...this.servers].map((link) => link.socket)]) socket.destroy();
    await new Promise((closed) => this.listener.close(closed));
  }

  private greet(client: Socket): void {
    this.clients.add(client);
    this.used.set(client, new Set());
    client.on('error', () => undefined).on('close', () => this.forget(client));
    client.once('data', (startUp: Buffer) => {
      const unknown = parametersOf(startUp).find((name) => !START_UP_PARAMETERS.has(name));
      if (unknown !== undefined) {
        this.refused.push(unknown);
        client.end(fatal(`unsupported startup parameter: ${unknown}`));
        return;
      }
      // Each client logs in by a connection of its own, which then is anybody's.
      const server = this.open(client);
      server.socket.write(startUp);
      client.on('data', (chunk: Buffer) => this.pass(client, chunk));
    });
  }

  private open(client: Socket): ServerLink {
    const link: ServerLink = { socket: connect(this.targetPort, '127.0.0.1'), client };
    this.servers.add(link);
    this.used.get(client)!.add(link);
    let pending = Buffer.alloc(0);
    link.socket
      .on('data', (chunk: Buffer) => {
        link.client?.write(chunk);
        pending = Buffer.concat([pending, chunk]);
        for (;;) {
          const length = pending.length < 5 ? Infinity : 1 + pending.readUInt32BE(1);
          if (pending.length < length) break;
          const isTransactionOver =
            pending.subarray(0, 1).toString() === 'Z' && pending[5] === 'I'.charCodeAt(0);
          pending = pending.subarray(length);
          if (isTransactionOver) this.giveBack(link);
        }
      })
      .on('error', () => undefined)
      .on('close', () => {
        link.client?.destroy();
        this.servers.delete(link);
        const place = this.free.indexOf(link);
        if (place !== -1) this.free.splice(place, 1);
      });
    return link;
  }

  private pass(client: Socket, chunk: Buffer): void {
    const current = [...this.servers].find((link) => link.client === client);
    if (current) {
      current.socket.write(chunk);
      return;
    }
    if (chunk.subarray(0, 1).toString() === 'X') {
      client.end();
      return;
    }
    // As many connections as clients, of which each has one at most.
    const link = this.free.shift()!;
    link.client = client;
    this.used.get(client)!.add(link);
    link.socket.write(chunk);
  }

  private giveBack(link: ServerLink): void {
    link.client = undefined;
    this.free.push(link);
  }

  /** A transaction that its client left is rolled back by the end of its connection. */
  private forget(client: Socket): void {
    this.clients.delete(client);
    for (const link of this.servers) if (link.client === client) link.socket.destroy();
  }
}

function parametersOf(startUp: Buffer): string[] {
  if (startUp.readUInt32BE(4) !== PROTOCOL_3) throw new Error('not a start-up message');
  const words = startUp.subarray(8, -2).toString().split('\0');
  return words.filter((_, index) => index % 2 === 0);
}

function fatal(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C08P01\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeUInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
