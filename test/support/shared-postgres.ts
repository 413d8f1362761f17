import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { TestPostgres } from './postgres.ts';

const ADDRESS = 'OCTANE_BFF_TEST_DATABASES';

/** One PostgreSQL for all spec files of a run, each of which works in another process. It starts when the first one asks. */
export class SharedPostgres {
  private postgres: Promise<TestPostgres> | undefined;
  private readonly server: Server = createServer((_request, response) => {
    this.newDatabase().then(
      (url) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });

  /** From now on this process, and those that it starts, may ask for databases. */
  async open(): Promise<void> {
    await new Promise<void>((listening) => this.server.listen(0, '127.0.0.1', listening));
    process.env[ADDRESS] = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
    await (await this.postgres)?.stop();
  }

  private async newDatabase(): Promise<string> {
    this.postgres ??= TestPostgres.start();
    return (await this.postgres).newDatabase();
  }
}

/** What most tests need of a PostgreSQL: databases, and no outage of its server. */
export type Databases = Pick<TestPostgres, 'newDatabase' | 'stop'>;

/** The PostgreSQL of this run of the tests; outside of one, a PostgreSQL of the caller's own. */
export async function sharedPostgres(): Promise<Databases> {
  const address = process.env[ADDRESS];
  if (address === undefined) return TestPostgres.start();
  return { newDatabase: () => askFor(address), stop: () => Promise.resolve() };
}

/** Each question has its own connection and waits for ever: the process that answers may be starved for many seconds. */
async function askFor(address: string): Promise<string> {
  const [response] = (await once(request(address, { method: 'POST', agent: false }).end(), 'response')) as [
    IncomingMessage,
  ];
  const answer = await text(response);
  if (response.statusCode !== 200) throw new Error(answer);
  return answer;
}
