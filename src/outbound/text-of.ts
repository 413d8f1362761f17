import type { IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

/** More codings than one do not come by chance; each costs the event loop a little. */
const MAX_CODINGS = 2;

/** What a byte order mark says of the text behind it (the Encoding standard, section 6). */
const BYTE_ORDER_MARKS: readonly (readonly [mark: readonly number[], charset: string])[] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xfe, 0xff], 'utf-16be'],
  [[0xff, 0xfe], 'utf-16le'],
];

/**
 * The text of a body, without its byte order mark: decompressed (gzip, deflate, br), and read in the charset that is declared,
 * else in UTF-8.
 *
 * @param maxBytes of the decompressed body
 * @returns undefined where it is no text, is too long, or nobody here knows its coding or charset
 */
export function textOf(body: Buffer, headers: IncomingHttpHeaders, maxBytes: number): string | undefined {
  try {
    const plain = decompressed(body, headers['content-encoding'] ?? '', maxBytes);
    if (plain.length > maxBytes) return undefined;
    const marked = BYTE_ORDER_MARKS.find(([mark]) => mark.every((byte, index) => plain[index] === byte));
    const charset = marked?.[1] ?? charsetOf(headers['content-type'] ?? '') ?? 'utf-8';
    return new TextDecoder(charset, { fatal: true }).decode(plain);
  } catch {
    return undefined;
  }
}

/** @throws the error of zlib, or for a coding that is not known */
function decompressed(body: Buffer, contentEncoding: string, maxOutputLength: number): Buffer {
  const codings = contentEncoding
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > MAX_CODINGS) throw new Error('too many codings');
  // The last one was applied last.
  return codings.reduceRight((bytes, coding) => decode(bytes, coding, { maxOutputLength }), body);
}

function decode(bytes: Buffer, coding: string, bound: { maxOutputLength: number }): Buffer {
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return gunzipSync(bytes, bound);
    case 'deflate':
      return hasZlibHeader(bytes) ? inflateSync(bytes, bound) : inflateRawSync(bytes, bound);
    case 'br':
      return brotliDecompressSync(bytes, bound);
    default:
      throw new Error('unknown coding');
  }
}

/** RFC 1950, section 2.2. Some servers leave it out. */
function hasZlibHeader(bytes: Buffer): boolean {
  return bytes.length >= 2 && (bytes.readUInt8(0) & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0;
}

function charsetOf(contentType: string): string | undefined {
  return /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1];
}
