/**
 * The other core of the benchmark: the apps and the Octane in one process, so that all that is not measured shares one core.
 * Told what to do by messages of `LoadCore`.
 */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { FakeOctane } from './fake-octane.ts';
import { HttpMessages } from './http-messages.ts';
import type { Load, LoadReply, LoadResult, Order } from './load-core.ts';
import { Prover } from './proof.ts';
import { withBadSignature } from './scenario.ts';
import { quantile } from './statistics.ts';

const CUSTNO = 700_000;
const CUSTOMERS = 10_000;
const DIRECT_DEBIT_ROUTE = 'POST /v1/customers/CUSTNO/direct-debit';
const KEEPS_ANSWERS_OF_FAILURES = 300;

let tokens: readonly string[] = [];
let badTokens: readonly string[] = [];
let prover: Prover | undefined;
/** Where the next load goes on: no run is answered from what only the run before it used. */
let cursor = 0;
const octane = await FakeOctane.start();

process.on('message', (order: Order) => {
  carryOut(order).then(
    (result) => process.send?.({ result } satisfies LoadReply),
    (error: unknown) => process.send?.({ error: String(error) } satisfies LoadReply),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ result: octane.port } satisfies LoadReply);

async function carryOut(order: Order): Promise<unknown> {
  if (order.kind === 'tokens') {
    tokens = order.tokens;
    badTokens = tokens.map(withBadSignature);
    prover = order.proofKey && new Prover(order.proofKey);
    return undefined;
  }
  return order.kind === 'hits' ? octane.take() : run(order);
}

async function run(load: Load): Promise<LoadResult> {
  const addresses = load.urls.map((url) => new URL(url));
  const connections = await Promise.all(
    Array.from({ length: load.connections }, (_, index) =>
      Connection.open(addresses[index % addresses.length]!),
    ),
  );
  try {
    const latenciesMs = new Float64Array(load.count);
    const start = performance.now();
    await (load.ratePerSecond === undefined
      ? closedLoop(connections, load, latenciesMs)
      : openLoop(connections, load, load.ratePerSecond, latenciesMs));
    const seconds = (performance.now() - start) / 1000;
    latenciesMs.sort();
    return {
      seconds,
      perSecond: load.count / seconds,
      p50Ms: quantile(latenciesMs, 0.5),
      p99Ms: quantile(latenciesMs, 0.99),
      maxMs: quantile(latenciesMs, 1),
    };
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** Each connection asks again as soon as it has its answer. */
async function closedLoop(
  connections: readonly Connection[],
  load: Load,
  latenciesMs: Float64Array,
): Promise<void> {
  let asked = 0;
  let answered = 0;
  const ask = async (connection: Connection): Promise<void> => {
    while (asked < load.count) {
      asked += 1;
      const askedAt = performance.now();
      await connection.ask(nextRequest(load, connection.host), load.status);
      latenciesMs[answered] = performance.now() - askedAt;
      answered += 1;
    }
  };
  await Promise.all(connections.map(ask));
}

/**
 * Asks at a steady rate, whether or not what was asked before has been answered. A request that finds no idle connection
 * waits, and its time counts from when it was due: nothing that is slow hides what it delays.
 */
async function openLoop(
  connections: readonly Connection[],
  load: Load,
  ratePerSecond: number,
  latenciesMs: Float64Array,
): Promise<void> {
  const intervalMs = 1000 / ratePerSecond;
  const idle = [...connections];
  const start = performance.now();
  let due = 0;
  let sent = 0;
  let answered = 0;
  await new Promise<void>((resolve, reject) => {
    const send = (connection: Connection): void => {
      const dueAt = start + sent * intervalMs;
      sent += 1;
      connection.ask(nextRequest(load, connection.host), load.status).then(() => {
        latenciesMs[answered] = performance.now() - dueAt;
        answered += 1;
        if (sent < due) send(connection);
        else idle.push(connection);
        if (answered === load.count) resolve();
      }, reject);
    };
    const turn = (): void => {
      due = Math.min(load.count, Math.floor((performance.now() - start) / intervalMs) + 1);
      for (const connection of idle.splice(0, due - sent)) send(connection);
      // A timer would be late by up to a millisecond; this core has nothing better to do than to look again.
      if (sent < load.count) setImmediate(turn);
    };
    turn();
  });
}

function nextRequest(load: Load, host: string): string {
  const { tokens: kind, body, hasKey, route = DIRECT_DEBIT_ROUTE, customers = CUSTOMERS } = load;
  const index = (cursor = (cursor + 1) % 1_000_000_000);
  const known = kind === 'bad' ? badTokens : tokens;
  const token = known[kind === 'first' ? 0 : index % known.length]!;
  const key = hasKey ? `idempotency-key: ${randomUUID()}\r\n` : '';
  const content = body === '' ? '' : `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
  const target = route.replace('CUSTNO', String(CUSTNO + (index % customers)));
  return `${target} HTTP/1.1\r\nhost: ${host}\r\n${authorizationOf(target, host, token)}${key}${content}\r\n${body}`;
}

function authorizationOf(target: string, host: string, token: string): string {
  if (!prover) return `authorization: Bearer ${token}\r\n`;
  const [method = '', path = ''] = target.split(' ');
  return `authorization: DPoP ${token}\r\ndpop: ${prover.proofFor(method, `http://${host}${path}`, token)}\r\n`;
}

/** One request at a time. */
class Connection {
  readonly host: string;
  private readonly socket: Socket;
  private settle: PromiseWithResolvers<void> | undefined;
  private expectedStatus = 0;

  private constructor(host: string, socket: Socket) {
    this.host = host;
    this.socket = socket;
    const messages = new HttpMessages((head, body) => this.answered(head, body));
    socket.on('data', (chunk: Buffer) => messages.push(chunk));
    socket.on('error', (error) => this.settle?.reject(error));
    socket.on('close', () => this.settle?.reject(new Error('the connection was closed')));
  }

  static open({ host, hostname, port }: URL): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true }, () =>
        resolve(new Connection(host, socket)),
      );
      socket.once('error', reject);
    });
  }

  ask(request: string, expectedStatus: number): Promise<void> {
    this.expectedStatus = expectedStatus;
    this.settle = Promise.withResolvers<void>();
    this.socket.write(request, 'latin1');
    return this.settle.promise;
  }

  close(): void {
    this.settle = undefined;
    this.socket.destroy();
  }

  private answered(head: string, body: Buffer): void {
    const status = Number(head.slice(9, 12));
    const settle = this.settle;
    this.settle = undefined;
    if (status === this.expectedStatus) settle?.resolve();
    else
      settle?.reject(new Error(`answered ${status}: ${body.toString().slice(0, KEEPS_ANSWERS_OF_FAILURES)}`));
  }
}
