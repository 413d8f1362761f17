import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { TestPostgres } from './support/postgres.ts';
import { onReservedPort, ReservedPort } from './support/reserved-port.ts';

describe('a port for a program that must be told one', () => {
  it('is held by nobody else, and free to listen on', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, () => ReservedPort.claim()));
    const numbers = ports.map(({ number }) => number);
    expect(new Set(numbers).size).toBe(50);
    const server = createServer();
    await new Promise<void>((listening) => server.listen(numbers[0], '127.0.0.1', listening));
    await new Promise((closed) => server.close(closed));
    for (const port of ports) port.release();
  });

  it('is another one where somebody has it all the same', async () => {
    const tried: number[] = [];
    const started = await onReservedPort(async (port) => {
      tried.push(port.number);
      if (tried.length < 3) throw new Error('bind: Address already in use');
      port.release();
      return 'started';
    });
    expect(started).toBe('started');
    expect(new Set(tried).size).toBe(3);
  });

  it.each([
    ['ten times at most', 'listen EADDRINUSE', 10],
    ['once, where the program ended for another reason', 'a bad option', 1],
  ])('is tried %s', async (_, message, times) => {
    let tries = 0;
    const start = (): Promise<never> => {
      tries += 1;
      return Promise.reject(new Error(message));
    };
    await expect(onReservedPort(start)).rejects.toThrow(message);
    expect(tries).toBe(times);
  });
});

it('a PostgreSQL that does not start says why', async () => {
  const postgres = await TestPostgres.start();
  const { port } = new URL(await postgres.newDatabase());
  await postgres.goDown();
  const other = createServer();
  await new Promise<void>((listening) => other.listen(Number(port), '127.0.0.1', listening));
  await expect(postgres.comeBack()).rejects.toThrow(/did not start on port \d+\.[^]*Address already in use/);
  await new Promise((closed) => other.close(closed));
  await postgres.comeBack();
  await postgres.stop();
});

it('a run names what a spec file leaves open, and the first error of one that does not begin', async () => {
  const flags = ['--import', './test/support/module-hooks.js'];
  const jest = [
    'node_modules/jest/bin/jest.js',
    '--testMatch',
    '**/fixtures/*.fixture.ts',
    '--maxWorkers=2',
    '--testEnvironmentOptions',
    '{"patienceMs":200}',
    // The worker with the server that is left open never leaves by itself.
    '--workerGracefulExitTimeout=200',
  ];
  const run = promisify(execFile)(process.execPath, [...flags, ...jest]);
  const { stderr } = await run.then(
    () => ({ stderr: '' }),
    (error: { stderr: string }) => error,
  );
  expect(stderr).toContain('left open: 1 TCPServerWrap');
  expect(stderr).toContain('the first error');
  expect(stderr).not.toContain('Cannot read properties of undefined');
});
