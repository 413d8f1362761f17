import dns from 'node:dns/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { CompiledQuery } from 'kysely';
import pg from 'pg';
import { PostgresPool } from '../src/database/postgres-pool.ts';
import { openPostgres } from '../src/journal/store/open-database.ts';
import { eventually } from './support/eventually.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';
import type { Answer } from './support/gateway.ts';
import { Pooler } from './support/pooler.ts';
import { sharedPostgres } from './support/shared-postgres.ts';
import type { Databases } from './support/shared-postgres.ts';

const SLOW_MS = 60_000;
const PATIENCE = { connectMs: 1500, statementMs: 1500, lockMs: 500 };

let postgres: Databases;
let databaseUrl: string;
/** Another client of the database, with all rights. */
let administrator: pg.Client;
let gateway: TestGateway;
let keys = 0;
const newKey = (): string => `key-${(keys += 1)}`;
const set = (key = newKey()): Promise<Answer> =>
  gateway.setDirectDebit(VALID_DIRECT_DEBIT, { headers: { 'idempotency-key': key } });

beforeAll(async () => {
  postgres = await sharedPostgres();
}, SLOW_MS);
afterAll(() => postgres.stop(), SLOW_MS);

async function newDatabase(): Promise<void> {
  databaseUrl = await postgres.newDatabase();
  administrator = new pg.Client(databaseUrl);
  await administrator.connect();
}

/** What the sessions of `DATABASE_URL` begin with from now on; those that exist keep what they have. */
async function setForNewSessions(setting: string): Promise<void> {
  await administrator.query(`ALTER DATABASE ${new URL(databaseUrl).pathname.slice(1)} SET ${setting}`);
}

describe('behind a pooler that gives each transaction another connection', () => {
  let pooler: Pooler;
  beforeAll(async () => {
    await newDatabase();
    pooler = await Pooler.before(databaseUrl);
    gateway = await TestGateway.start({ environment: { DATABASE_URL: pooler.urlOf(databaseUrl) } });
  }, SLOW_MS);
  afterAll(async () => {
    await gateway.stop();
    await pooler.stop();
    await administrator.end();
  }, SLOW_MS);
  beforeEach(() => gateway.octane.reset());

  it(
    'changes are made once for a key, and repeated ones that are unknown take it over',
    async () => {
      const ids = Array.from({ length: 20 }, newKey);
      const first = await Promise.all(ids.map(set));
      const again = await Promise.all(ids.map(set));
      for (const { status } of [...first, ...again]) expect(status).toBe(200);
      for (const { headers } of again) expect(headers['idempotency-replayed']).toBe('true');
      expect(gateway.octane.hits).toHaveLength(ids.length);
      gateway.octane.script = (_hit, response) => response.writeHead(500).end();
      const key = newKey();
      expect((await set(key)).json.outcome).toBe('unknown');
      gateway.octane.reset();
      expect((await set(key)).status).toBe(200);
      expect(pooler.refused).toEqual([]);
      // Or the test would have shown nothing.
      expect(pooler.mostServersOfOneClient).toBeGreaterThan(1);
    },
    SLOW_MS,
  );

  it('limits are counted over all replicas', async () => {
    expect((await set()).status).toBe(200);
    expect(gateway.log.filter((line) => line.includes('limits are'))).toEqual([]);
  });

  it('nothing is left in a session for whoever gets it next', async () => {
    const client = new pg.Client(pooler.urlOf(databaseUrl));
    await client.connect();
    const text = `SELECT current_setting('statement_timeout') AS "statementTimeout",
                         (SELECT count(*)::int FROM pg_prepared_statements) AS prepared`;
    const seen: unknown[] = [];
    for (let round = 0; round < 10; round += 1) seen.push((await client.query(text)).rows[0]);
    await client.end();
    expect(seen).toEqual(seen.map(() => ({ statementTimeout: '0', prepared: 0 })));
  });
});

describe('after a failover', () => {
  beforeAll(async () => {
    await newDatabase();
    gateway = await TestGateway.start({ environment: { DATABASE_URL: databaseUrl } });
  }, SLOW_MS);
  afterAll(async () => {
    await gateway.stop();
    await administrator.end();
  }, SLOW_MS);
  beforeEach(() => gateway.octane.reset());

  it(
    'connections that lead to a server that is no primary any more are closed, also under load',
    async () => {
      expect((await set()).status).toBe(200);
      await setForNewSessions('default_transaction_read_only = on');
      await administrator.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
      await eventually(async () => (await set()).status === 503);
      for (const answer of await Promise.all([set(), set(), set(), set()])) {
        expectProblem(answer, 503, 'journal-unavailable', { outcome: 'not-sent', retryable: true });
      }
      await setForNewSessions('default_transaction_read_only = off');
      // Nobody rests: a connection that is not closed for what it answered would never be closed for being idle.
      await eventually(async () => (await set()).status === 200);
      expect((await Promise.all([set(), set(), set(), set()])).map(({ status }) => status)).toEqual([
        200, 200, 200, 200,
      ]);
      const messages = gateway.log.map((line) => String(JSON.parse(line).msg));
      expect(messages.filter((message) => message.includes('ready:'))).toEqual([
        'not ready: the journal cannot be written',
        'ready: the journal can be written again',
      ]);
    },
    SLOW_MS,
  );
});

describe('the opening of a connection', () => {
  let url: URL;
  let pool: PostgresPool;
  beforeAll(async () => {
    url = new URL(await postgres.newDatabase());
    url.hostname = 'database.example';
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await pool.end();
  });
  const one = async (patience = PATIENCE): Promise<unknown> => {
    pool = new PostgresPool(url.href, patience);
    return (await pool.query({ text: 'SELECT 1 AS one' })).rows;
  };
  const nameMeans = (...addresses: string[]): void =>
    void jest
      .spyOn(dns, 'lookup')
      .mockResolvedValue(addresses.map((address) => ({ address, family: 4 })) as never);

  it('takes the next address of the host when one refuses', async () => {
    nameMeans('127.0.0.3', '127.0.0.1');
    expect(await one()).toEqual([{ one: 1 }]);
  });

  it('has the error of the look-up', async () => {
    const error = Object.assign(new Error('no answer'), { code: 'EAI_AGAIN' });
    jest.spyOn(dns, 'lookup').mockRejectedValue(error);
    await expect(one()).rejects.toBe(error);
  });

  describe('of a server that lets everybody in and says nothing', () => {
    let silent: Server;
    const sockets: Socket[] = [];
    beforeAll(async () => {
      silent = createServer((socket) => sockets.push(socket.resume()));
      await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
      url.port = String((silent.address() as AddressInfo).port);
    });
    afterAll(() => new Promise((closed) => silent.close(closed)));

    it('ends, and so do the connections', async () => {
      nameMeans('127.0.0.1');
      await expect(one({ ...PATIENCE, connectMs: 200 })).rejects.toThrow('timeout');
      await eventually(() => sockets.length === 1 && sockets.every(({ destroyed }) => destroyed));
    });
  });
});

it('one connection that leads elsewhere closes all that were opened before it said so', async () => {
  await newDatabase();
  await administrator.query('CREATE TABLE numbers (number int)');
  await setForNewSessions('default_transaction_read_only = on');
  const database = openPostgres(databaseUrl);
  const run = (statement: string): Promise<unknown> => database.executeQuery(CompiledQuery.raw(statement));
  const inParallel = (statement: string): Promise<unknown> =>
    Promise.all(Array.from({ length: 4 }, () => run(statement)));
  // As many connections as there may be, each at the server that is read-only.
  await inParallel('SELECT pg_sleep(0.5)');
  await setForNewSessions('default_transaction_read_only = off');
  await expect(run('INSERT INTO numbers VALUES (1)')).rejects.toMatchObject({ code: '25006' });
  await inParallel('INSERT INTO numbers SELECT 2 FROM pg_sleep(0.1)');
  await database.destroy();
  await administrator.end();
});

describe('a server that confirms commits before they are on its disk', () => {
  beforeAll(async () => {
    await newDatabase();
    await setForNewSessions('synchronous_commit = off');
    gateway = await TestGateway.start({ environment: { DATABASE_URL: databaseUrl } });
  }, SLOW_MS);
  afterAll(async () => {
    await gateway.stop();
    await administrator.end();
  }, SLOW_MS);

  it('is asked for more by each write of the journal', async () => {
    await administrator.query(`
      CREATE TABLE seen (during text, value text);
      CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO seen VALUES (TG_OP, current_setting('synchronous_commit')); RETURN NEW; END $$;
      CREATE CONSTRAINT TRIGGER look AFTER INSERT OR UPDATE ON changes DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION look();
    `);
    expect((await set()).status).toBe(200);
    const { rows } = await administrator.query('SELECT DISTINCT during, value FROM seen ORDER BY during');
    expect(rows).toEqual([
      { during: 'INSERT', value: 'on' },
      { during: 'UPDATE', value: 'on' },
    ]);
  });

  it('is asked for no less than it does by itself', async () => {
    await setForNewSessions('synchronous_commit = remote_apply');
    const fresh = new PostgresPool(databaseUrl, PATIENCE);
    const { rows } = await fresh.query({ text: `SELECT current_setting('synchronous_commit') AS value` });
    await fresh.end();
    expect(rows).toEqual([{ value: 'remote_apply' }]);
  });
});
