import { constants } from 'node:os';

/** Of names that could not be looked up (node:dns). */
const DNS_WORDS = [
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  'ENODATA',
  'EFORMERR',
  'ESERVFAIL',
  'ENOTIMP',
  'EREFUSED',
  'EBADRESP',
  'ECANCELLED',
];

/** Of TLS: what Node's documentation lists of certificates, and what handshakes end with. */
const TLS_WORDS = [
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CRL_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_HANDSHAKE_TIMEOUT',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

/** SQLSTATE of PostgreSQL: connections, refused writes, rights, missing tables, lack of room, and a server that goes or is defect. */
const POSTGRES_WORDS =
  '08000 08001 08003 08004 08006 08007 08P01 0A000 22003 22021 22P02 22P05 23502 23505 23514 25006 25P02 25P03 26000 28000 28P01 3D000 3F000 40001 40003 40P01 42501 42601 42703 42883 42P01 42P05 53000 53100 53200 53300 53400 54000 55000 55006 55P03 57000 57014 57P01 57P02 57P03 57P04 57P05 58000 58030 58P01 XX000 XX001 XX002'.split(
    ' ',
  );

const SQLITE_WORDS =
  'SCHEMA_OUTDATED SQLITE_FILE_MOVED SQLITE_BUSY SQLITE_BUSY_SNAPSHOT SQLITE_CANTOPEN SQLITE_CONSTRAINT SQLITE_CORRUPT SQLITE_ERROR SQLITE_FULL SQLITE_IOERR SQLITE_IOERR_FSYNC SQLITE_IOERR_READ SQLITE_IOERR_SHORT_READ SQLITE_IOERR_WRITE SQLITE_LOCKED SQLITE_NOTADB SQLITE_NOMEM SQLITE_PERM SQLITE_READONLY SQLITE_READONLY_DBMOVED SQLITE_READONLY_DIRECTORY SQLITE_TOOBIG'.split(
    ' ',
  );

/** Statuses that are no success. */
const HTTP_WORDS = Array.from({ length: 300 }, (_, index) => `HTTP_${300 + index}`);

const WORDS: ReadonlySet<string> = new Set([
  ...HTTP_WORDS,
  ...Object.keys(constants.errno),
  ...DNS_WORDS,
  ...TLS_WORDS,
  ...POSTGRES_WORDS,
  ...SQLITE_WORDS,
]);

/** Codes of libraries, and messages of those that give no code, in the words of the others. */
const TRANSLATIONS: readonly (readonly [RegExp, string])[] = [
  [/^(?:UND_ERR_CONNECT_TIMEOUT|timeout exceeded when trying to connect|no-connection)$/, 'ETIMEDOUT'],
  [
    /^(?:UND_ERR_(?:HEADERS|BODY)_TIMEOUT|the database did not answer in time|Request timed out|the store is too slow|too slow|TimeoutError|timeout)$/,
    'TIMEOUT',
  ],
  [/^(?:UND_ERR_SOCKET|Connection terminated(?: unexpectedly)?)$/, 'ECONNRESET'],
  [/^(?:HPE_|UND_ERR_(?:HEADERS_OVERFLOW|RES_|INFO|NOT_SUPPORTED))/, 'NOT_HTTP'],
  [/^ERR_SSL_/, 'EPROTO'],
  [/^not-http$/, 'NOT_HTTP'],
  [/^too-large$/, 'ANSWER_TOO_LARGE'],
  [/^SyntaxError$/, 'NOT_JSON'],
  [/^The server does not support SSL connections$/, 'TLS_NOT_SUPPORTED'],
];

/** Anything else: what a peer sends is not in the list, and so in no log. */
const OTHER = 'OTHER';
/** How deep causes are looked into; one may be its own cause. */
const MAX_DEPTH = 5;

/**
 * Says in one word of a closed list why a call of another system failed: a code of Node, of TLS, or of a database.
 *
 * @param error looked into with its causes, and the errors of which an AggregateError consists
 */
export function failureCause(error: unknown): string {
  return wordOf(error, MAX_DEPTH) ?? OTHER;
}

function wordOf(error: unknown, depth: number): string | undefined {
  if (typeof error === 'string') return knownWord(error);
  if (typeof error !== 'object' || error === null || depth === 0) return undefined;
  const { code, cause, errors, message, name } = error as Record<string, unknown>;
  const nested = [cause, ...(Array.isArray(errors) ? (errors as unknown[]).slice(0, 10) : [])];
  // What is inside is nearer to the fault than what wraps it.
  for (const inner of nested) {
    const word = typeof inner === 'string' ? undefined : wordOf(inner, depth - 1);
    if (word !== undefined) return word;
  }
  return knownWord(typeof code === 'number' ? `HTTP_${code}` : code) ?? knownWord(message) ?? knownWord(name);
}

function knownWord(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > 100) return undefined;
  if (WORDS.has(text)) return text;
  return TRANSLATIONS.find(([form]) => form.test(text))?.[1];
}
