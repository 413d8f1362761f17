import { MIMEType } from 'node:util';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { headerCount } from './header-count.ts';
import { Problem } from '../problems/problem.ts';
import { parserRefusalOf } from './parser-errors.ts';

const UTF_8 = new TextDecoder('utf-8', { fatal: true });
const MAX_BODY_BYTES = 16 * 1024;
const MAX_CONTENT_TYPE_CHARACTERS = 256;
/** A refused body up to this size is read and dropped, so that the connection can go on; behind a larger one it is closed. */
const MAX_DISCARDED_BYTES = 1024 * 1024;

/**
 * Reads the body of a request. Fastify leaves bodies alone (see app.hooks.ts), so that no byte of one is looked at before the
 * guards have accepted its sender.
 *
 * @returns the parsed JSON and its text; undefined for no body or an empty one
 */
export async function readJson(
  request: FastifyRequest,
): Promise<{ json: unknown; text: string } | undefined> {
  const { headers } = request;
  if (headerCount(request.raw, 'content-type') > 1) {
    throw new Problem('invalid-request', { detail: 'Send one Content-Type header, not several.' });
  }
  if (
    headers['transfer-encoding'] !== undefined &&
    headers['transfer-encoding'].toLowerCase() !== 'chunked'
  ) {
    throw new Problem('invalid-request', {
      status: 501,
      detail: 'The only supported transfer coding is "chunked".',
    });
  }
  const declaredBytes = Number(headers['content-length'] ?? 0);
  if (declaredBytes > 0) refuseForeignMedia(headers);
  if (declaredBytes > MAX_BODY_BYTES) throw new Problem('payload-too-large');
  const bytes = await readBytes(request);
  return bytes.length === 0 ? undefined : parseJson(bytes);
}

function refuseForeignMedia(headers: FastifyRequest['headers']): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new Problem('unsupported-media-type');
  if (!isJson(headers['content-type'])) throw new Problem('unsupported-media-type');
}

function isJson(contentType: string | undefined): boolean {
  if (contentType === undefined) return false;
  if (contentType === 'application/json') return true;
  // Node's reader takes a time that grows with the square of the length: a second for a header of blanks.
  if (contentType.length > MAX_CONTENT_TYPE_CHARACTERS) return false;
  try {
    const type = new MIMEType(contentType);
    const charset = type.params.get('charset');
    return type.essence === 'application/json' && (charset === null || /^utf-?8$/i.test(charset));
  } catch {
    return false;
  }
}

function readBytes(request: FastifyRequest): Promise<Buffer> {
  const { raw } = request;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (then: () => void): void => {
      raw.off('data', onData).off('end', onEnd).off('close', onCut);
      then();
    };
    const onData = (chunk: Buffer): void => {
      try {
        if (length === 0) refuseForeignMedia(request.headers);
        length += chunk.length;
        if (length > MAX_BODY_BYTES) throw new Problem('payload-too-large');
        chunks.push(chunk);
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks, length)));
    const onCut = (): void =>
      settle(() =>
        reject(
          parserRefusalOf(raw) ??
            new Problem('invalid-request', { detail: 'The request body is incomplete.' }),
        ),
      );
    // An app that hung up while the guards were at work: the stream has no more events.
    if (raw.destroyed) return onCut();
    raw.on('data', onData).on('end', onEnd).on('close', onCut);
  });
}

function parseJson(bytes: Buffer): { json: unknown; text: string } {
  try {
    const text = UTF_8.decode(bytes);
    return { json: JSON.parse(text) as unknown, text };
  } catch {
    // The parser's own message quotes the body.
    throw new Problem('malformed-json');
  }
}

/**
 * Before a refusal is sent: an unread body that is too large to drop closes the connection behind the answer, or, where
 * its size was not declared, as soon as it turns out to be.
 */
export function discardBody(request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request;
  if (raw.complete) return;
  if (Number(request.headers['content-length'] ?? 0) > MAX_DISCARDED_BYTES) {
    reply.header('connection', 'close');
    return;
  }
  let discardedBytes = 0;
  raw.on('data', (chunk: Buffer) => {
    discardedBytes += chunk.length;
    if (discardedBytes > MAX_DISCARDED_BYTES) raw.socket.destroy();
  });
}
