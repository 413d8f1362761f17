import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { sqlitePathOf } from '../src/config/database-url.ts';
import { Retention } from '../src/journal/retention.ts';
import { openPostgres, openSqlite } from '../src/journal/store/open-database.ts';
import { compileGateway } from './support/gateway-process.ts';
import { TestGateway } from './support/gateway.ts';
import { STORE_KINDS, TestStores } from './support/stores.ts';

const SLOW_MS = 120_000;
const OUTDATED = /^MIGRATE_ON_START: .*npm run migrate.*$/;

let build: Awaited<ReturnType<typeof compileGateway>>;
/** Its Octane and identity provider are everybody's: a start that fails leaves none behind. */
let usual: TestGateway;
beforeAll(async () => {
  build = await compileGateway();
  usual = await TestGateway.start();
}, SLOW_MS);
afterAll(async () => {
  await usual.stop();
  await build.remove();
});

async function migrate(databaseUrl: string): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['dist/migrate.js'], {
    cwd: build.folder,
    env: { DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr };
}

const startOn = (databaseUrl: string): Promise<TestGateway> =>
  TestGateway.start({ environment: { DATABASE_URL: databaseUrl, MIGRATE_ON_START: 'false' }, beside: usual });

describe.each(STORE_KINDS)('the schema of %s', (kind) => {
  let stores: TestStores;
  let databaseUrl: string;
  beforeAll(async () => {
    stores = await TestStores.start(kind);
    databaseUrl = await stores.newUrl();
  }, SLOW_MS);
  afterAll(() => stores.stop());

  const open = (): ReturnType<typeof openSqlite> => {
    const path = sqlitePathOf(databaseUrl);
    return path === undefined ? openPostgres(databaseUrl) : openSqlite(path);
  };

  /** Of a file that does not exist, none: it is not made to look. */
  async function tables(): Promise<unknown[]> {
    const path = sqlitePathOf(databaseUrl);
    if (path !== undefined && !existsSync(path)) return [];
    const database = open();
    const found = await database.introspection.getTables({ withInternalKyselyTables: true });
    await database.destroy();
    return found;
  }

  it('is not made by a start that must not: it ends and says so', async () => {
    await expect(startOn(databaseUrl)).rejects.toThrow(OUTDATED);
    expect(await tables()).toEqual([]);
  });

  it(
    'is made by npm run migrate, by several at once too',
    async () => {
      const runs = await Promise.all(Array.from({ length: 4 }, () => migrate(databaseUrl)));
      expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual(runs.map(() => [0, '']));
      for (const { stdout } of runs) expect(stdout).toMatch(/^The schema is up to date: [^\n]+\n$/);
      expect((await migrate(databaseUrl)).code).toBe(0);
      const gateway = await startOn(databaseUrl);
      expect((await gateway.setDirectDebit()).status).toBe(200);
      await gateway.stop();
    },
    SLOW_MS,
  );

  it('of an older version ends a start that must not change it', async () => {
    const database = open();
    const newest = database
      .selectFrom('kysely_migration' as never)
      .select((rows) => rows.fn.max('name' as never).as('name'));
    await database
      .deleteFrom('kysely_migration' as never)
      .where('name' as never, '=', newest as never)
      .execute();
    await database.destroy();
    await expect(startOn(databaseUrl)).rejects.toThrow(OUTDATED);
  });
});

it('a migration that fails says why in one word', async () => {
  const stores = await TestStores.start('PostgreSQL');
  const databaseUrl = `${await stores.newUrl()}?sslmode=verify-full`;
  expect(await migrate(databaseUrl)).toEqual({
    code: 1,
    stdout: '',
    stderr: 'The schema could not be changed: TLS_NOT_SUPPORTED\n',
  });
  await stores.stop();
});

describe('a gateway without a right to create anything', () => {
  let stores: TestStores;
  let administrator: pg.Client;
  beforeAll(async () => {
    stores = await TestStores.start('PostgreSQL');
  }, SLOW_MS);
  afterAll(async () => {
    await administrator.end();
    await stores.stop();
  });

  it(
    'works on a schema that somebody else has made, with limits over all replicas',
    async () => {
      const databaseUrl = await stores.newUrl();
      expect((await migrate(databaseUrl)).code).toBe(0);
      administrator = new pg.Client(databaseUrl);
      await administrator.connect();
      await administrator.query(`
        CREATE ROLE plain LOGIN PASSWORD 'plain';
        GRANT SELECT, INSERT, UPDATE, DELETE
          ON changes, rate_limits, customer_links, customer_link_changes TO plain;
        GRANT SELECT ON kysely_migration TO plain`);
      const plain = new URL(databaseUrl);
      plain.username = plain.password = 'plain';
      const gateway = await startOn(plain.href);
      expect((await gateway.setDirectDebit()).status).toBe(200);
      expect((await gateway.sendWelcomeEmail()).status).toBe(204);
      const token = await gateway.issuer.token({
        claims: { client_id: 'billing-service', scope: 'customer-links:write' },
      });
      const path = `/v1/customers/700123/users/u?issuer=${encodeURIComponent(gateway.issuer.issuer)}`;
      for (const method of ['PUT', 'DELETE'])
        expect((await gateway.call({ method, path, token })).status).toBe(204);
      expect(await gateway.application.get(Retention, { strict: false }).prune()).toBe(0);
      expect(gateway.log.filter((line) => line.includes('limits are'))).toEqual([]);
      const { rows } = await administrator.query('SELECT count(*)::int AS counted FROM rate_limits');
      expect(rows[0].counted).toBeGreaterThan(0);
      await gateway.stop();
    },
    SLOW_MS,
  );
});
