import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

/** A TCP relay in front of a database: a network that can fail in ways that the database itself cannot. */
export class Relay {
  private readonly links = new Set<Link>();
  private lossMarker: string | undefined;

  private constructor(
    private readonly listener: Server,
    private readonly targetPort: number,
  ) {}

  /** @param url of the database that it stands in front of */
  static async before(url: string): Promise<Relay> {
    const listener = createServer({ allowHalfOpen: true }, (client) => relay.link(client));
    await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
    const relay = new Relay(listener, Number(new URL(url).port));
    return relay;
  }

  /** @returns the same URL by way of the relay */
  urlOf(url: string): string {
    const relayed = new URL(url);
    relayed.port = String((this.listener.address() as AddressInfo).port);
    return relayed.href;
  }

  /**
   * From now on nothing passes on the connections that exist, while new ones work: as when a host is replaced and the old
   * one says nothing any more.
   *
   * @returns lets what the clients sent meanwhile arrive, and waits until the database has dealt with it
   */
  freeze(): () => Promise<void> {
    const frozen = [...this.links];
    for (const { client, server } of frozen) {
      client.pause();
      server.pause();
    }
    return async () => {
      await Promise.all(frozen.map(thaw));
    };
  }

  /** The next time that a client sends something with `marker`, the database gets it but its answer is lost, as is the connection. */
  loseAnswerTo(marker: string): void {
    this.lossMarker = marker;
  }

  async stop(): Promise<void> {
    for (const { client, server } of this.links) {
      client.destroy();
      server.destroy();
    }
    await new Promise((closed) => this.listener.close(closed));
  }

  private link(client: Socket): void {
    const server = connect({ port: this.targetPort, host: '127.0.0.1', allowHalfOpen: true });
    const link = { client, server };
    let losesAnswer = false;
    this.links.add(link);
    client.on('data', (chunk: Buffer) => {
      if (this.lossMarker !== undefined && chunk.includes(this.lossMarker)) {
        this.lossMarker = undefined;
        losesAnswer = true;
      }
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      if (losesAnswer) client.resetAndDestroy();
      else client.write(chunk);
    });
    client
      .on('end', () => server.end())
      .on('close', () => server.end())
      .on('error', () => undefined);
    server.on('end', () => client.end()).on('error', () => client.destroy());
    server.on('close', () => this.links.delete(link));
  }
}

/** What the client wrote is read even though it hung up long ago. */
async function thaw({ client, server }: Link): Promise<void> {
  const closed = new Promise((done) => server.on('close', done));
  server.resume();
  client.resume();
  await closed;
}
