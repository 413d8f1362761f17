import type { IncomingMessage } from 'node:http';

/** How often a header was sent: Node keeps only the first of those that may come once. `name` in lower case. */
export function headerCount({ rawHeaders }: IncomingMessage, name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const sent = rawHeaders[index]!;
    if (sent.length === name.length && sent.toLowerCase() === name) count += 1;
  }
  return count;
}
