import { isIPv4 } from 'node:net';
import { InvalidValue } from './configuration-error.ts';

/**
 * Reads an absolute http or https URL without credentials and without a fragment.
 *
 * @throws InvalidValue without the text, which may hold a password
 */
export function parseHttpUrl(text: string): URL {
  // The URL parser forgives blanks, backslashes and missing slashes. None of them is meant by anyone who writes one.
  const url = /^https?:\/\/[^/\s\\][^\s\\]*$/i.test(text) ? URL.parse(text) : null;
  if (!url) throw new InvalidValue('must be an absolute URL that starts with https:// (or http://)');
  if (/^\w+:\/\/[^/?#]*@/.test(text)) throw new InvalidValue('must not contain a user name or a password');
  if (text.includes('#')) throw new InvalidValue('must not have a fragment (#)');
  return url;
}

/** Reads a URL that paths are appended to: no query, and no slash at its end. */
export function parseBaseUrl(text: string): string {
  const url = parseHttpUrl(text);
  if (text.includes('?')) throw new InvalidValue('must not have a query (?)');
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/**
 * Refuses a URL whose traffic could be read or changed on its way: it must be https, unless the host is this machine
 * or the operator vouches for the network.
 */
export function requireProtectedTransport(url: URL, allowInsecureHttp: boolean): void {
  if (url.protocol === 'https:' || allowInsecureHttp || isLoopback(url.hostname)) return;
  throw new InvalidValue(
    'must be https: http is only for a loopback host, or for a closed network with ALLOW_INSECURE_HTTP=true',
  );
}

/** Reads the URL of something on the reader's own machine. */
export function parseLoopbackUrl(text: string): string {
  const url = parseHttpUrl(text);
  if (!isLoopback(url.hostname)) throw new InvalidValue('must be of a loopback host');
  return url.href;
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))
  );
}
