import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connectorOf } from '../outbound/connector.ts';
import { Exchange } from '../outbound/exchange.ts';
import { Names } from '../outbound/names.ts';
import { OctaneConnections } from './octane-connections.ts';

const REPEATABLE = true;
const ONCE = false;

describe('the connections to Octane', () => {
  let server: Server;
  let opened: Socket[];
  let now: number;
  let connections: OctaneConnections;
  const connectedSockets: Socket[] = [];
  const connectTo = connectorOf({ timeoutMs: 10_000, names: new Names(1), proxy: undefined });
  const connect: typeof connectTo = (options, callback) =>
    connectTo(options, (...result) => {
      if (result[1]) connectedSockets.push(result[1]);
      callback(...result);
    });
  beforeEach(async () => {
    opened = [];
    connectedSockets.length = 0;
    now = 0;
    server = createServer((_request, response) => response.end('{}')).on('connection', (socket: Socket) => {
      opened.push(socket);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    connections = new OctaneConnections(`http://127.0.0.1:${port}`, () => now);
    connections.connectBy(connect);
  });
  afterEach(async () => {
    await connections.close();
    await new Promise((closed) => server.close(closed));
  });

  const send = async (isRepeatable: boolean): Promise<void> => {
    const lease = connections.lease(isRepeatable);
    const wanted = { timeoutMs: 10_000, readsBodyOf: (status: number) => status === 200, maxBytes: 1000 };
    const exchange = new Exchange(wanted, (isGood) => lease.release(isGood));
    lease.dispatch({ method: 'POST', path: '/', body: '{}' }, exchange);
    await exchange.answer;
  };

  it('are used again', async () => {
    await send(REPEATABLE);
    now += 999;
    await send(ONCE);
    now += 3000;
    await send(REPEATABLE);
    expect(opened).toHaveLength(1);
  });

  it('are new for what nobody may repeat after a second of silence', async () => {
    await send(REPEATABLE);
    now += 1000;
    await send(ONCE);
    expect(opened).toHaveLength(2);
    await send(ONCE);
    expect(opened).toHaveLength(2);
  });

  it('are new within a minute, also under load', async () => {
    for (let request = 0; request <= 120; request += 1) {
      await send(REPEATABLE);
      now += 500;
    }
    expect(opened).toHaveLength(2);
  });

  it('are new once they are made in another way', async () => {
    await send(REPEATABLE);
    connections.connectBy(connect);
    await send(REPEATABLE);
    expect(opened).toHaveLength(2);
  });

  it('are new when Octane has closed them', async () => {
    await send(REPEATABLE);
    const disconnected = new Promise((closed) => connectedSockets[0]!.on('close', closed));
    opened[0]?.destroy();
    await disconnected;
    await send(ONCE);
    expect(opened).toHaveLength(2);
  });
});
