import type { IncomingMessage } from 'node:http';

const mostBytes = 1024 * 1024;

/** A request's body: `text` as sent, and `json`, its value, where it is JSON. */
export interface Body {
  text: string;
  json?: unknown;
}

/** Undefined when the body is over 1 MiB. Rejects when the client leaves before its end. */
export async function readJson(request: IncomingMessage): Promise<Body | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= mostBytes) chunks.push(chunk);
  }
  if (length > mostBytes) return undefined;
  const text = Buffer.concat(chunks).toString();
  try {
    return { text, json: JSON.parse(text) as unknown };
  } catch {
    return { text };
  }
}
