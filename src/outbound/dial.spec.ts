import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { dial } from './dial.ts';

/** It lets nobody in while it is stopped: two connections fill its queue. */
const SLOW_SERVER = `
  require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
    process.send(this.address().port);
  });
`;
const TIMEOUT_MS = 20_000;

describe('a connection to a host with several addresses', () => {
  let slow: ChildProcess;
  let port: number;
  let good: Server;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    slow = spawn(process.execPath, ['-e', SLOW_SERVER], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    [port] = (await once(slow, 'message')) as [number];
    slow.kill('SIGSTOP');
    good = createServer().listen(port, '127.0.0.2');
    await once(good, 'listening');
    while (sockets.length < 2) {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      await once(socket, 'connect');
    }
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    slow.kill('SIGKILL');
    await new Promise((closed) => good.close(closed));
  });

  const dialled = async (addresses: string[], timeoutMs = TIMEOUT_MS): Promise<string | undefined> => {
    const socket = await dial(addresses, port, timeoutMs, AbortSignal.timeout(timeoutMs));
    sockets.push(socket);
    return socket.remoteAddress;
  };

  it('waits for a slow address, although the other one cannot be reached', async () => {
    const address = dialled(['127.0.0.1', '127.0.0.3']);
    // Its first packet is lost by now. The system sends the next one after a second.
    slow.kill('SIGCONT');
    await expect(address).resolves.toBe('127.0.0.1');
  });

  it('takes the next address while one is silent', async () => {
    await expect(dialled(['127.0.0.1', '127.0.0.2'])).resolves.toBe('127.0.0.2');
  });

  it('takes the next address at once when one refuses', async () => {
    await expect(dialled(['127.0.0.3', '127.0.0.2'])).resolves.toBe('127.0.0.2');
  });

  it('has the error of the first address when all refuse', async () => {
    await expect(dialled(['127.0.0.3', '127.0.0.4'])).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      address: '127.0.0.3',
    });
  });

  it('ends when its time is over', async () => {
    await expect(dialled(['127.0.0.1'], 50)).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
