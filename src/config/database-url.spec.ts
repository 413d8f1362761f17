import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { ConfigurationError } from './configuration-error.ts';
import { loadSetting, loadSettings } from './settings.ts';

/** Of a CA that nobody knows. */
const CA = `-----BEGIN CERTIFICATE-----
MIIBejCCAR+gAwIBAgIUEBmPFQk+AgO+CPlhu1GsIeuSZ+MwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHVGVzdCBDQTAeFw0yNjExMjgxMjMyNTVaFw0zNjExMjUxMjMy
NTVaMBIxEDAOBgNVBAMMB1Rlc3QgQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AATLz7QQQqECtpmCL89E8elFf0QFc+UnFltX+HET+adrNWGS9+1wCVNR+VOmh5or
O7gF8UQOe8XqEokN4mtdU0/Oo1MwUTAdBgNVHQ4EFgQUXCKIaSC6iO1a0rLInnUc
4k/Gm/gwHwYDVR0jBBgwFoAUXCKIaSC6iO1a0rLInnUc4k/Gm/gwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAsO9oWPSMxjMpn0jdNdmVy11UoyUo
HPGelfAg4sOMaAkCIQCpyr490LSU00SC9Th9jlPnwCB8BbGq2r3d578SdhQtOQ==
-----END CERTIFICATE-----
`;

let folder: string;
let ca: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'database-url-'));
  ca = join(folder, 'ca.pem');
  writeFileSync(ca, CA);
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(environment: Record<string, string>): string {
  return loadSettings({ OCTANE_BASE_URL: 'https://octane.example.com', ...environment }).databaseUrl;
}

function faultsOf(action: () => unknown): readonly string[] {
  const faults = thrownBy(action)?.faults ?? [];
  expect(faults.join('\n')).not.toContain('canary');
  return faults;
}

function thrownBy(action: () => unknown): ConfigurationError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
}

const NOT_VERIFIED =
  /^DATABASE_URL: must verify the TLS of a database on another machine: .*sslmode=verify-full/;

describe('a database on another machine', () => {
  it.each([
    '',
    '?sslmode=disable',
    '?sslmode=allow',
    '?sslmode=prefer',
    '?sslmode=require',
    '?sslmode=verify-ca',
    '?sslmode=no-verify',
    '?sslmode=VERIFY-FULL',
    '?sslmode=',
    '?ssl=true',
    '?ssl=1',
    '?ssl=verify-full',
    '?ssl=no-verify',
    '?SSLMODE=verify-full',
    '?sslmode=require&ssl=true',
    '?sslmode=verify-full&sslmode=require',
    '?sslmode=verify-full&sslmode=disable',
    '?uselibpqcompat=true&sslmode=require',
    '?uselibpqcompat=true&sslmode=prefer&sslrootcert=CA',
    '?uselibpqcompat=true&sslmode=require&sslrootcert=CA',
    '?uselibpqcompat=true&sslmode=verify-ca&sslrootcert=CA',
    '?sslmode=disable&sslrootcert=CA',
    '?sslmode=prefer&sslrootcert=CA',
    '?sslmode=allow&sslrootcert=CA',
    '?sslmode=no-verify&sslrootcert=CA',
    '?sslrootcert=',
    '?sslnegotiation=direct',
    '?application_name=x?sslmode=verify-full',
  ])('is refused without verified TLS: %s', (query) => {
    const url = `postgres://user:canary@db.canary.example/db${query.replace('CA', ca)}`;
    expect(faultsOf(() => load({ DATABASE_URL: url }))).toEqual([expect.stringMatching(NOT_VERIFIED)]);
    expect(faultsOf(() => loadSetting('databaseUrl', { DATABASE_URL: url }))).toHaveLength(1);
    expect(load({ DATABASE_URL: url, ALLOW_INSECURE_HTTP: 'true' })).toBe(url);
  });

  it.each([
    'postgres://db.example/db',
    'postgresql://db.example/db',
    'postgres://user:secret@10.0.0.1:6432/db',
    'postgres://user@[fd00::1]/db',
    'postgres://0.0.0.0/db',
    'postgres://127.0.0.1.example/db',
    'postgres://localhost.example/db',
    'postgres://localhost@db.example/db',
    'postgres://db%2Eexample/db',
    'postgres://localhost/db?host=db.example',
    'postgres://localhost/db?host=localhost&host=db.example',
    'postgres://%2Frun/db?host=db.example',
    'postgres:///db?host=db.example',
    'postgres://user:secret@/db?host=db.example',
    // The user alone says where: it is no host.
    'postgres://127.0.0.1:x@db.example/db',
  ])('is known as one: %s', (url) => {
    expect(faultsOf(() => load({ DATABASE_URL: url }))).toEqual([expect.stringMatching(NOT_VERIFIED)]);
  });

  it('is known as one where the environment names it', () => {
    process.env['PGHOST'] = 'db.example';
    try {
      expect(faultsOf(() => load({ DATABASE_URL: 'postgres:///db' }))).toHaveLength(1);
    } finally {
      delete process.env['PGHOST'];
    }
  });

  it.each([
    '?sslmode=verify-full',
    '?sslmode=require&sslmode=verify-full',
    '?ssl=no-verify&sslmode=verify-full',
    '?sslmode=verify-full&uselibpqcompat=true',
    '?sslrootcert=CA',
    '?sslmode=require&sslrootcert=CA',
    '?sslmode=verify-ca&sslrootcert=CA',
    '?sslmode=verify-full&sslrootcert=CA&application_name=a%20b',
  ])('is accepted with verified TLS, which the driver then verifies whole: %s', (query) => {
    const url = load({ DATABASE_URL: `postgres://user:p%40ss@db.example:6432/db${query.replace('CA', ca)}` });
    const driver = new pg.Client({ connectionString: url });
    expect(driver).toMatchObject({ host: 'db.example', port: 6432, database: 'db', password: 'p@ss' });
    const tls = (driver as unknown as { ssl: Record<string, unknown> }).ssl;
    expect({ ...tls }).toEqual(query.includes('CA') ? { ca: CA } : {});
  });
});

describe('a database on this machine', () => {
  it.each([
    'postgres://localhost/db',
    'postgres://LocalHost:6432/db?sslmode=disable',
    'postgres://user:secret@127.8.9.10/db',
    'postgres://[::1]/db',
    'postgres://%2Frun%2Fpostgresql/db',
    'postgres://user:secret@/db?host=/run/postgresql',
    'postgresql:///db?host=/run/postgresql&sslmode=disable',
    'postgres:///db',
    'postgres://db.example/db?host=localhost',
  ])('needs no TLS, and its URL stays as it is: %s', (url) => {
    expect(load({ DATABASE_URL: url })).toBe(url);
  });
});

describe('a URL', () => {
  it.each([
    'postgres://a.canary,b.canary/db?sslmode=verify-full',
    'postgres://127.0.0.1,db.canary/db',
    'postgres:///db?host=/run,db.canary',
  ])('names one host: %s', (url) => {
    expect(faultsOf(() => load({ DATABASE_URL: url }))).toEqual(['DATABASE_URL: must name one host']);
  });

  it.each([
    'postgres://user:canary#1@db/db?sslmode=verify-full',
    'postgres://user:canary%zz@db/db?sslmode=verify-full',
    'postgres://user:canary%@db/db?sslmode=verify-full',
    'postgres://a.canary:1,b.canary:2/db',
  ])('has its special characters encoded: %s', (url) => {
    expect(faultsOf(() => load({ DATABASE_URL: url }))).toEqual([
      expect.stringMatching(/^DATABASE_URL: must be sqlite:PATH or a postgres:/),
    ]);
  });

  it.each(['db.example', 'localhost'])('names files that are what they must be: %s', (host) => {
    const other = join(folder, 'canary.pem');
    writeFileSync(other, 'canary');
    const faultOf = (query: string): readonly string[] =>
      faultsOf(() => load({ DATABASE_URL: `postgres://${host}/db?sslmode=verify-full&${query}` }));
    expect(faultOf(`sslrootcert=${folder}/missing-canary`)).toEqual([
      'DATABASE_URL: sslrootcert: the file cannot be read (there is no such file)',
    ]);
    for (const parameter of ['sslrootcert', 'sslcert', 'sslkey']) {
      expect(faultOf(`${parameter}=${other}`)).toEqual([
        `DATABASE_URL: ${parameter}: the file does not hold PEM of its kind`,
      ]);
    }
  });
});

describe('DATABASE_URL_FILE', () => {
  const file = (text: string): string => {
    const path = join(folder, 'canary-url');
    writeFileSync(path, text);
    return path;
  };

  it.each(['', '\n', '\r\n'])('holds the URL, without one newline at the end: %j', (end) => {
    const environment = { DATABASE_URL: '', DATABASE_URL_FILE: file(`sqlite:/var/a b.db${end}`) };
    expect(load(environment)).toBe('sqlite:/var/a b.db');
    expect(loadSetting('databaseUrl', environment)).toBe('sqlite:/var/a b.db');
  });

  it.each([
    ['', /^DATABASE_URL_FILE: must be sqlite:PATH or a postgres/],
    ['postgres://localhost/db\n\n', /^DATABASE_URL_FILE: must be sqlite:PATH or a postgres/],
    ['mysql://canary', /^DATABASE_URL_FILE: must be sqlite:PATH or a postgres/],
    ['postgres://u:canary@db.canary/db', /^DATABASE_URL_FILE: must verify the TLS/],
  ])('is named by its faults: %j', (text, fault) => {
    expect(faultsOf(() => load({ DATABASE_URL_FILE: file(text) }))).toEqual([expect.stringMatching(fault)]);
  });

  it('must be there', () => {
    const path = join(folder, 'missing-canary');
    expect(faultsOf(() => load({ DATABASE_URL_FILE: path }))).toEqual([
      'DATABASE_URL_FILE: the file cannot be read (there is no such file)',
    ]);
  });

  it('stands alone', () => {
    const both = { DATABASE_URL: 'sqlite:canary', DATABASE_URL_FILE: file('sqlite:canary') };
    expect(faultsOf(() => load(both))).toEqual([
      'DATABASE_URL_FILE: is set beside DATABASE_URL: keep one of them',
    ]);
  });
});
