import { chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { loadSettings } from '../src/config/settings.ts';
import { PostgresPool } from '../src/database/postgres-pool.ts';
import { CertificateAuthority } from './support/certificates.ts';
import { eventually } from './support/eventually.ts';
import { TestPostgres } from './support/postgres.ts';

let postgres: TestPostgres;
let plainUrl: string;
let folder: string;
let rightCa: string;
let wrongCa: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'database-tls-'));
  [rightCa, wrongCa] = [join(folder, 'right.pem'), join(folder, 'wrong.pem')];
  postgres = await TestPostgres.start();
  plainUrl = await postgres.newDatabase();
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

/** Connects as a gateway does that has this URL, after the settings took the host for another machine. */
async function connect(query: string, host = '127.0.0.1'): Promise<unknown> {
  const url = plainUrl.replace('127.0.0.1', 'db.example') + query;
  const { databaseUrl } = loadSettings({ OCTANE_BASE_URL: 'https://octane.example.com', DATABASE_URL: url });
  const pool = new PostgresPool(databaseUrl.replace('db.example', host), {
    connectMs: 10_000,
    statementMs: 10_000,
    lockMs: 10_000,
  });
  try {
    const text = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
    return (await pool.query({ text })).rows;
  } finally {
    await pool.end();
  }
}

async function withServer<T>(use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(plainUrl);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Gives the server a certificate for 127.0.0.1 and `localhost`. */
async function switchTlsOn(authority: CertificateAuthority): Promise<void> {
  const { cert, key } = await authority.issue('database');
  await withServer(async (client) => {
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    const cluster = rows[0]!.data_directory;
    const { uid, gid } = await stat(cluster);
    for (const [name, text] of Object.entries({ 'server.crt': cert, 'server.key': key })) {
      await writeFile(join(cluster, name), text, { mode: 0o600 });
      await chown(join(cluster, name), uid, gid);
    }
    await client.query('ALTER SYSTEM SET ssl = on');
    await client.query('SELECT pg_reload_conf()');
  });
  const isOn = (client: pg.Client): Promise<boolean> =>
    client.query<{ ssl: string }>('SHOW ssl').then(({ rows }) => rows[0]!.ssl === 'on');
  await eventually(() => withServer(isOn));
}

it('a URL that asks for verified TLS connects to the right server, and to no other', async () => {
  const authority = await CertificateAuthority.create();
  await writeFile(rightCa, authority.cert);
  await writeFile(wrongCa, (await CertificateAuthority.create()).cert);
  await expect(connect('?sslmode=verify-full')).rejects.toThrow(
    'The server does not support SSL connections',
  );

  await switchTlsOn(authority);
  for (const query of ['?', '?sslmode=require&', '?sslmode=verify-ca&', '?sslmode=verify-full&']) {
    expect(await connect(`${query}sslrootcert=${rightCa}`)).toEqual([{ ssl: true }]);
    await expect(connect(`${query}sslrootcert=${wrongCa}`)).rejects.toThrow(/certificate/);
  }
  // No public authority knows it either.
  await expect(connect('?sslmode=verify-full')).rejects.toThrow(/certificate/);
  // Another spelling of the address is another name to a certificate.
  await expect(connect(`?sslrootcert=${rightCa}`, '127.1')).rejects.toThrow(/altnames/);
});
