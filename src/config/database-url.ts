import { X509Certificate } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import pg from 'pg';
import { InvalidValue } from './configuration-error.ts';
import { FileReadings } from './file-readings.ts';

const SQLITE = 'sqlite:';
/** Every parameter of a URL that has a say in whether and how `pg` uses TLS. */
const TLS_PARAMETERS = [
  'ssl',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslnegotiation',
  'uselibpqcompat',
];
/** With the CA at hand these verify it; `pg` itself takes all of them for `verify-full`, as long as it is of version 8. */
const MODES_WITH_CA: ReadonlySet<string | undefined> = new Set([
  undefined,
  'require',
  'verify-ca',
  'verify-full',
]);

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Reads `sqlite:PATH`, or a PostgreSQL connection URL as the driver reads it, with the files that it names.
 *
 * @throws InvalidValue without the text, which may hold a password
 */
export function parseDatabaseUrl(text: string): string {
  const path = sqlitePathOf(text);
  if (path?.trim() === '')
    throw new InvalidValue('must name a file after sqlite:, such as sqlite:data/gateway.db');
  if (path !== undefined) return text;
  // What is not encoded is read in one way here and in another way there.
  const isEncoded = !/%(?![0-9a-f]{2})/i.test(text) && !text.includes('#');
  const host = /^postgres(ql)?:\/\/\S+$/.test(text) && isEncoded ? hostOf(text) : undefined;
  if (host === undefined) {
    throw new InvalidValue(
      'must be sqlite:PATH or a postgres:// URL (with special characters of the password percent-encoded)',
    );
  }
  if (host.includes(',')) throw new InvalidValue('must name one host');
  checkTlsFiles(tlsParametersOf(text));
  return text;
}

/** @returns the path of a `sqlite:PATH` URL; undefined: it is that of a PostgreSQL */
export function sqlitePathOf(url: string): string | undefined {
  return url.startsWith(SQLITE) ? url.slice(SQLITE.length) : undefined;
}

/**
 * Refuses a database on another machine whose traffic could be read or changed on its way, unless the operator vouches for
 * the network.
 *
 * @param url of `parseDatabaseUrl`
 * @returns the URL to connect with: to another machine it verifies certificate and host name, whatever the driver makes of modes
 */
export function requireVerifiedDatabase(url: string, allowInsecureHttp: boolean): string {
  if (sqlitePathOf(url) !== undefined || allowInsecureHttp || isThisMachine(hostOf(url) ?? '')) return url;
  const { sslmode, sslrootcert, uselibpqcompat } = tlsParametersOf(url);
  const verifies = sslmode === 'verify-full' || (sslrootcert && MODES_WITH_CA.has(sslmode));
  if (!verifies || (uselibpqcompat !== undefined && sslmode !== 'verify-full')) {
    throw new InvalidValue(
      'must verify the TLS of a database on another machine: say sslmode=verify-full, or name its CA in sslrootcert ' +
        '(require alone verifies nothing), or vouch for a closed network with ALLOW_INSECURE_HTTP=true',
    );
  }
  return withQuery(url, (query) => {
    for (const name of ['ssl', 'uselibpqcompat']) query.delete(name);
    query.set('sslmode', 'verify-full');
  });
}

/** Where a database is, for people: without user, password and parameters. */
export function databaseLocation(url: string): string {
  const path = sqlitePathOf(url);
  if (path !== undefined) return SQLITE + resolve(path);
  const { host, port, database = '' } = driverOf(url);
  const shownHost = isIP(host) === 6 ? `[${host}]` : encodeURIComponent(host);
  return `postgres://${shownHost}:${port}/${encodeURIComponent(database)}`;
}

/** As the driver finds it: in the query, in the authority or in the environment. Undefined: it is no URL. */
function hostOf(url: string): string | undefined {
  try {
    return driverOf(url).host;
  } catch {
    return undefined;
  }
}

/** Connects to nothing. */
function driverOf(url: string): pg.Client {
  // The driver would read files and warn of modes.
  const plain = withQuery(url, (query) => {
    for (const name of TLS_PARAMETERS) query.delete(name);
  });
  return new pg.Client({ connectionString: plain });
}

function isThisMachine(host: string): boolean {
  if (host.startsWith('/') || host.toLowerCase() === 'localhost') return true;
  const version = isIP(host);
  return version !== 0 && loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

/** Of a parameter that stands twice the driver takes the last. */
function tlsParametersOf(url: string): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(new URLSearchParams(url.split('?').slice(1).join('?')));
}

function withQuery(url: string, change: (query: URLSearchParams) => void): string {
  const [start = '', ...rest] = url.split('?');
  const query = new URLSearchParams(rest.join('?'));
  change(query);
  return query.size === 0 ? start : `${start}?${query.toString()}`;
}

function checkTlsFiles({ sslrootcert, sslcert, sslkey }: Readonly<Record<string, string | undefined>>): void {
  const read = (parameter: string, path: string | undefined, holds: (text: string) => unknown): void => {
    if (!path) return;
    try {
      holds(new FileReadings().text(path));
    } catch (error) {
      const wrong = error instanceof InvalidValue ? error.message : 'the file does not hold PEM of its kind';
      throw new InvalidValue(`${parameter}: ${wrong}`);
    }
  };
  read('sslrootcert', sslrootcert, (ca) => new X509Certificate(ca));
  read('sslcert', sslcert, (cert) => createSecureContext({ cert }));
  read('sslkey', sslkey, (key) => createSecureContext({ key }));
}
