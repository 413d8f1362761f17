/** An `http` or `https` URI with a host, in ASCII without blanks and backslashes: WHATWG's parser would take those, too. */
const HTTP_URI = /^https?:\/\/(?![/?#])[!-[\]-~]+$/i;
/** What stands in a Host header, and does not reach into the rest of a URI. */
const HOST = /^[^\s/?#@\\]+$/;
const UNRESERVED = /[\w.~-]/;

/**
 * The URI without query and fragment in the one form that equivalent ones share (RFC 3986, sections 6.2.2 and 6.2.3).
 *
 * @returns undefined where it is no http or https URI
 */
export function normalizedUri(uri: string): string | undefined {
  if (!HTTP_URI.test(uri) || !URL.canParse(uri)) return undefined;
  // The parser sees to the case of scheme and host, the port, the empty path and the dot segments, encoded ones too.
  const { protocol, username, password, host, pathname } = new URL(uri);
  if (username !== '' || password !== '') return undefined;
  return `${protocol}//${host}${pathname.replaceAll(/%[0-9a-f]{2}/gi, decodedIfUnreserved)}`;
}

/**
 * Where a request went, as its sender may have written it.
 *
 * @param url of the request line
 * @param base what stands before the path; undefined: what the request says of its host
 * @returns undefined where the request does not say
 */
export function targetUri(
  url: string,
  base: string | undefined,
  host: string | undefined,
): string | undefined {
  // A proxy's request names the whole URL (RFC 9112, section 3.2.2).
  const path = url.replace(/^https?:\/\/[^/?]*/i, '');
  if (base !== undefined) return normalizedUri(base + path);
  return host !== undefined && HOST.test(host) ? normalizedUri(`http://${host}${path}`) : undefined;
}

function decodedIfUnreserved(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return UNRESERVED.test(character) ? character : escaped.toUpperCase();
}
