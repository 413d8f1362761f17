import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** How long the rest of a request may take that had begun to arrive when the port closed. */
const REST_OF_REQUEST_MS = 5000;

/**
 * Lets no client that sends nothing keep an application that closes. Connections on which nothing was ever sent, such as
 * those that a balancer keeps in reserve, are cut at once: nothing is in flight on them, but Node waits for them as if
 * there were. Those with a part of a request are cut a little later: Node stops its own timeouts when it closes.
 */
export function cutSilentConnectionsOnClose(app: NestFastifyApplication): void {
  const sockets = new Set<Socket>();
  app.getHttpServer().on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preClose', (done) => {
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      setTimeout(() => {
        for (const socket of sockets) if (!carriesWholeRequest(socket)) socket.destroy();
      }, REST_OF_REQUEST_MS).unref();
      done();
    });
}

function carriesWholeRequest(socket: Socket & { _httpMessage?: ServerResponse | null }): boolean {
  return socket._httpMessage?.req.complete === true;
}
