import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * An idle connection costs some 20 KB, so that all cost a quarter of a gigabyte, and they are more than a balancer keeps
 * open. Beyond it a connection is closed as soon as it is accepted.
 */
const MAX_CONNECTIONS = 12_000;
/** How long a client may leave its answer unread. */
const UNREAD_ANSWER_TIMEOUT_MS = 25_000;
/**
 * Requests of one connection that wait for their answers. Node parses all that it has read, more than a thousand in one
 * packet of 64 KiB, and each may be answered with the whole OpenAPI document to a client that reads nothing.
 */
const MAX_PIPELINED_REQUESTS = 100;
/**
 * Requests that wait behind another one of their connection, over all connections. Each holds some 20 KB, and hardly a client
 * sends any: those that want several answers at once open several connections.
 */
const MAX_PIPELINED_ALTOGETHER = 1000;

/** How many requests of a connection wait for their answers. */
const UNANSWERED = Symbol('unanswered requests');
type Counted = Socket & { [UNANSWERED]?: number };

/** What one client, or all together, can take of the gateway by holding connections; see also the timeouts in app.setup.ts. */
export function limitConnections(server: Server, onDrop: () => void): void {
  server.maxConnections = MAX_CONNECTIONS;
  server.on('drop', onDrop);
  // The size of a head is limited; past a number of headers Node would leave out the rest without a word.
  server.maxHeadersCount = 0;
  // A client that has sent its request and closed its side still gets the answer. Node's types do not know the property.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  server.setTimeout(UNREAD_ANSWER_TIMEOUT_MS, (socket: Socket & { _httpMessage?: ServerResponse | null }) => {
    const answer = socket._httpMessage;
    // While Octane has the word, silence is not the client's fault.
    if (!answer || answer.writableEnded) socket.destroy();
  });
  limitPipelining(server);
}

/** How many connections are open, idle ones included. */
export function openConnections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}

/** Stands before the application, so that what comes beyond the limit costs next to nothing. */
function limitPipelining(server: Server): void {
  const listeners = server.listeners('request');
  server.removeAllListeners('request');
  let altogether = 0;
  const set = (socket: Counted, unanswered: number): void => {
    altogether += Math.max(0, unanswered - 1) - Math.max(0, (socket[UNANSWERED] ?? 0) - 1);
    socket[UNANSWERED] = unanswered;
  };
  server.on('connection', (socket: Counted) => socket.once('close', () => set(socket, 0)));
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const socket = request.socket as Counted;
    // Node goes on with what it had read of a connection that is cut.
    if (socket.destroyed) return;
    const unanswered = (socket[UNANSWERED] ?? 0) + 1;
    if (unanswered > MAX_PIPELINED_REQUESTS || (unanswered > 1 && altogether >= MAX_PIPELINED_ALTOGETHER)) {
      socket.destroy();
      return;
    }
    set(socket, unanswered);
    response.once('close', () => {
      if (!socket.destroyed) set(socket, socket[UNANSWERED]! - 1);
    });
    for (const listener of listeners) listener.call(server, request, response);
  });
}
