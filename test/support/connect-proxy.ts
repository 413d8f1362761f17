import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A proxy that opens tunnels (CONNECT), and remembers for whom. */
export class ConnectProxy {
  /** What was asked for, in order. */
  readonly tunnels: { readonly authority: string; readonly authorization: string | undefined }[] = [];
  /** What it answers instead of opening a tunnel, while set. */
  refusal: string | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ConnectProxy> {
    const server = createServer();
    const proxy = new ConnectProxy(server);
    server.on('connection', (socket) => proxy.keep(socket));
    server.on('connect', (request, client: Socket) => {
      const authority = request.url ?? '';
      proxy.tunnels.push({ authority, authorization: request.headers['proxy-authorization'] });
      if (proxy.refusal !== undefined) return void client.end(proxy.refusal);
      const { hostname, port } = new URL(`http://${authority}`);
      const target = proxy.keep(connect(Number(port || 80), hostname));
      target.on('connect', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        target.pipe(client).pipe(target);
      });
      target.on('close', () => client.destroy());
      client.on('close', () => target.destroy());
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return proxy;
  }

  /** @param credentials as they stand in a URL */
  urlWith(credentials = ''): string {
    const at = credentials === '' ? '' : `${credentials}@`;
    return `http://${at}127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((closed) => this.server.close(closed));
  }

  private keep(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket)).on('error', () => undefined);
    return socket;
  }
}
