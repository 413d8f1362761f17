import type { Socket } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/**
 * Cuts, when the application closes, the connections on which nothing was ever sent, such as those that a balancer keeps
 * in reserve. Nothing is in flight on them, but Node waits for them as if there were.
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
      done();
    });
}
