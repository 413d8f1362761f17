import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import dns from 'node:dns';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { jest } from '@jest/globals';
import { PatientSocket } from './patient-socket.ts';

/** It lets nobody in while it is stopped: two connections fill its queue. */
const SLOW_SERVER = `
  require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
    process.send(this.address().port);
  });
`;

describe('a connection to a database of several addresses', () => {
  let slow: ChildProcess;
  let port: number;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    slow = spawn(process.execPath, ['-e', SLOW_SERVER], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    [port] = (await once(slow, 'message')) as [number];
  });
  afterEach(() => {
    jest.restoreAllMocks();
    for (const socket of sockets.splice(0)) socket.destroy();
    slow.kill('SIGKILL');
  });

  const nameMeans = (...addresses: string[]): void =>
    void jest.spyOn(dns, 'lookup').mockImplementation(((_host: string, _options: unknown, answer: Function) =>
      answer(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      )) as never);
  const opened = async (): Promise<string | undefined> => {
    const socket = new PatientSocket(20_000).connect(port, 'database.example');
    sockets.push(socket);
    await once(socket, 'connect');
    return socket.remoteAddress;
  };

  it('waits for a slow address, although the other one cannot be reached', async () => {
    slow.kill('SIGSTOP');
    while (sockets.length < 2) {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      await once(socket, 'connect');
    }
    nameMeans('127.0.0.1', '127.0.0.3');
    const address = opened();
    // Its first packet is lost by now. The system sends the next one after a second.
    setImmediate(() => slow.kill('SIGCONT'));
    await expect(address).resolves.toBe('127.0.0.1');
  });

  it('takes the next address when one refuses', async () => {
    nameMeans('127.0.0.3', '127.0.0.1');
    await expect(opened()).resolves.toBe('127.0.0.1');
  });

  it('has the error of the look-up', async () => {
    const error = Object.assign(new Error('no answer'), { code: 'EAI_AGAIN' });
    jest
      .spyOn(dns, 'lookup')
      .mockImplementation(((_host: string, _options: unknown, answer: Function) => answer(error)) as never);
    await expect(opened()).rejects.toBe(error);
  });
});
