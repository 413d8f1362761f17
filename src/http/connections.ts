import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * An idle connection costs some 10 KB, so that this many are bearable, and it is more than a balancer keeps open. Beyond
 * it a connection is closed as soon as it is accepted.
 */
const MAX_CONNECTIONS = 12_000;
/** How long a client may leave its answer unread. */
export const UNREAD_ANSWER_TIMEOUT_MS = 25_000;

/** What one client, or all together, can take of the gateway by holding connections; see also the timeouts in app.setup.ts. */
export function limitConnections(server: Server): void {
  server.maxConnections = MAX_CONNECTIONS;
  // The size of a head is limited; past a number of headers Node would leave out the rest without a word.
  server.maxHeadersCount = 0;
  // A client that has sent its request and closed its side still gets the answer. Node's types do not know the property.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  server.setTimeout(UNREAD_ANSWER_TIMEOUT_MS, (socket: Socket & { _httpMessage?: ServerResponse | null }) => {
    const answer = socket._httpMessage;
    // While Octane has the word, silence is not the client's fault.
    if (!answer || answer.writableEnded) socket.destroy();
  });
}
