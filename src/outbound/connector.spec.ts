import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connectorOf } from './connector.ts';
import { Names } from './names.ts';

const blockFor = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

describe('the connector', () => {
  let server: Server;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await new Promise((closed) => server.close(closed));
  });

  const open = (protocol: string, timeoutMs: number): Promise<Socket> => {
    const { port } = server.address() as AddressInfo;
    const options = { protocol, host: `127.0.0.1:${port}`, hostname: '127.0.0.1', port: String(port) };
    return new Promise((resolve, reject) => {
      connectorOf({ timeoutMs, names: new Names(1), proxy: undefined })(options, (...[error, socket]) => {
        if (error) return reject(error);
        sockets.push(socket);
        resolve(socket);
      });
    });
  };

  it('takes a connection that was there before the process could look', async () => {
    const socket = open('http:', 100);
    // As it is in a long garbage collection, or in a process that was stopped.
    process.nextTick(() => setImmediate(() => blockFor(300)));
    await expect(socket).resolves.toMatchObject({ remoteAddress: '127.0.0.1' });
  });

  it('gives a peer that it could not hear its time anew, once', async () => {
    const startedAt = performance.now();
    const socket = open('https:', 200);
    setImmediate(() => blockFor(400));
    await expect(socket).rejects.toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT' });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(590);
  });

  it('ends TLS that does not begin, and closes the connection', async () => {
    const closed = once(server, 'connection').then(([socket]) => once(socket as Socket, 'close'));
    await expect(open('https:', 100)).rejects.toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT' });
    for (const socket of sockets) socket.resume();
    await closed;
  });
});
