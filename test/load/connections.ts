/**
 * What hostile clients cost: runs a compiled gateway for each kind of attack, on loopback only and for a limited time, and
 * prints its resident memory before, during and after, and how long a proper direct debit took meanwhile. Linux only:
 * the figures are from /proc. Needs 13,000 open files for each of two processes. The gateway runs with the flags of `npm start`, and
 * with as much heap as V8 takes in a container of the size that deploy/kubernetes gives it.
 */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { stringify } from 'yaml';
import { startFlags } from '../../scripts/start-flags.ts';
import { compileGateway, GatewayProcess } from '../support/gateway-process.ts';
import { ScriptedOctane } from '../support/scripted-octane.ts';
import { TokenIssuer } from '../support/token-issuer.ts';

/** Half of the container's memory, in MB. */
const HEAP_LIMIT = '--max-old-space-size=384';
const ATTACK_MS = 15_000;
const AFTERMATH_MS = 15_000;
const CHUNK = `4000\r\n${' '.repeat(0x4000)}\r\n`;
const BODY = JSON.stringify({
  directDebit: { directDebitType: 'STANDARD_DIRECT_DEBIT', ddNotificationFlag: 'N', ddPaymentDay: '15' },
});

interface Attack {
  readonly name: string;
  readonly clients: number;
  /** It is over when each client has got what it waits for. */
  readonly endsByItself?: true;
  /** One client's connections; ends with them or with the attack. */
  readonly run: (target: Target) => Promise<void>;
}

interface AttackOrder {
  readonly index: number;
  readonly port: number;
  readonly token: string;
}

class Target {
  readonly port: number;
  readonly token: string;
  readonly ending = new AbortController();
  readonly sockets = new Set<Socket>();
  /** What the attack counts for its line. */
  readonly counts: Record<string, number> = {};

  constructor(port: number, token: string) {
    this.port = port;
    this.token = token;
  }

  get ended(): boolean {
    return this.ending.signal.aborted;
  }

  count(what: string, many = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + many;
  }

  /** @returns undefined when the gateway does not want it */
  async open(): Promise<Socket | undefined> {
    const socket = connect(this.port, '127.0.0.1');
    this.sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    await firstOf(socket, 'connect');
    return socket.destroyed ? undefined : socket;
  }

  end(): void {
    this.ending.abort();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Waits for the event, or for the end of the connection. */
function firstOf(socket: Socket, event: string): Promise<void> {
  return new Promise((done) => socket.once(event, () => done()).once('close', () => done()));
}

/** Writes as fast as the gateway reads, again and again on a new connection. */
async function flood(target: Target, start: string, more: string, reads: boolean): Promise<void> {
  while (!target.ended) {
    const socket = await target.open();
    if (!socket) continue;
    if (reads) socket.resume();
    else socket.pause();
    socket.write(start);
    while (!socket.destroyed) {
      const before = socket.bytesWritten;
      const written = new Promise<void>((done) => socket.write(more, () => done()));
      await Promise.race([written, wait(1000, undefined, { ref: false })]);
      target.count('MB sent', (socket.bytesWritten - before) / 1e6);
      // A socket that does not read never hears that it was cut; one that gets nothing across starts anew after a while.
      if (!reads && socket.writableLength > more.length * 20) socket.destroy();
    }
    target.count('connections');
  }
}

const ATTACKS: readonly Attack[] = [
  {
    name: '12,500 idle connections, each used once',
    clients: 12_500,
    endsByItself: true,
    run: async (target) => {
      const socket = await target.open();
      socket?.write('GET /problems/not-found HTTP/1.1\r\nHost: gateway\r\n\r\n');
      if (socket) await firstOf(socket, 'data');
      target.count(socket && socket.bytesRead > 0 ? 'kept' : 'closed at once');
    },
  },
  {
    name: '1,000 bodies with a byte a second',
    clients: 1000,
    endsByItself: true,
    run: async (target) => {
      const socket = await target.open();
      if (!socket) return;
      const opened = performance.now();
      socket.resume().write(head(target.token, 'Content-Length: 10000'));
      while (!socket.destroyed) {
        socket.write(' ');
        await wait(1000);
      }
      target.count('cut');
      const seconds = (performance.now() - opened) / 1000;
      target.counts['cut after at most s'] = Math.max(target.counts['cut after at most s'] ?? 0, seconds);
    },
  },
  {
    name: '200 clients that upload without a token and without an end',
    clients: 200,
    run: (target) => flood(target, head(undefined, 'Transfer-Encoding: chunked'), CHUNK, true),
  },
  {
    name: '200 clients that send headers without an end',
    clients: 200,
    run: (target) => flood(target, 'GET / HTTP/1.1\r\n', 'X-A: b\r\n'.repeat(500), true),
  },
  {
    name: '200 clients that ask for the largest answer in bulk and read nothing',
    clients: 200,
    run: (target) =>
      flood(target, '', 'GET /openapi.json HTTP/1.1\r\nHost: gateway\r\n\r\n'.repeat(50), false),
  },
];

function head(token: string | undefined, framing: string): string {
  const authorization = token === undefined ? [] : [`Authorization: Bearer ${token}`];
  const lines = ['Host: gateway', ...authorization, 'Content-Type: application/json', framing];
  return `POST /v1/customers/700123/direct-debit HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

function print(lines: string): void {
  process.stdout.write(`${lines}\n`);
}

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) / 1024);
}

interface DirectDebits {
  /** Milliseconds that each took, in order of size. */
  readonly took: readonly number[];
  /** How many were answered with each status other than 200. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** Direct debits one after the other on one connection. */
async function setDirectDebits(
  port: number,
  token: string,
  enough: (count: number) => boolean,
): Promise<DirectDebits> {
  const refusals: Record<string, number> = {};
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const took: number[] = [];
  while (!enough(took.length)) {
    const start = performance.now();
    socket.write(`${head(token, `Content-Length: ${BODY.length}`)}${BODY}`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    const status = answer.toString('latin1', 9, 12);
    if (status !== '200') refusals[status] = (refusals[status] ?? 0) + 1;
    took.push(performance.now() - start);
    await wait(50);
  }
  socket.destroy();
  return { took: took.toSorted((a, b) => a - b), refusals };
}

/** In a thread of its own, so that the attackers do not hold up Octane and the proper caller. */
async function attackFromThisThread(main: MessagePort, { index, port, token }: AttackOrder): Promise<void> {
  const attack = ATTACKS[index]!;
  const target = new Target(port, token);
  main.once('message', () => target.end());
  await Promise.all(Array.from({ length: attack.clients }, () => attack.run(target)));
  if (!attack.endsByItself && !target.ended) await once(target.ending.signal, 'abort');
  main.postMessage(target.counts);
}

async function measure(index: number, port: number, pid: number, token: string): Promise<void> {
  const { name, endsByItself } = ATTACKS[index]!;
  // The first requests load and compile what a gateway in use has loaded and compiled.
  await setDirectDebits(port, token, (count) => count === 50);
  const before = await residentMb(pid);
  let peak = before;
  const over = new AbortController();
  const sampling = (async () => {
    while (!over.signal.aborted) {
      peak = Math.max(peak, await residentMb(pid));
      await wait(100);
    }
  })();
  const order: AttackOrder = { index, port, token };
  const attackers = new Worker(new URL(import.meta.url), { workerData: order });
  const result = once(attackers, 'message');
  let attacked = false;
  const paying = setDirectDebits(port, token, () => attacked);
  await (endsByItself ? result : wait(ATTACK_MS));
  const during = await residentMb(pid);
  attackers.postMessage('end');
  const [counts] = (await result) as [Record<string, number>];
  attacked = true;
  const { took, refusals } = await paying;
  await wait(AFTERMATH_MS);
  const after = await residentMb(pid);
  over.abort();
  await sampling;
  const at = (part: number): string => `${Math.round(took[Math.floor((took.length - 1) * part)]!)} ms`;
  const refused = Object.entries(refusals).map(([status, many]) => `${many} with ${status}`);
  const told = Object.entries(counts).map(([what, many]) => `${Math.round(many)} ${what}`);
  print(
    `| ${name} | ${before} | ${peak} | ${during} | ${after} | ${at(0.5)} | ${at(0.99)} | ${took.length}, refused ${refused.join(', ') || 'none'} | ${told.join(', ')} |`,
  );
}

async function measureAll(): Promise<void> {
  const [build, octane, issuer] = await Promise.all([
    compileGateway(),
    ScriptedOctane.start(),
    TokenIssuer.start(),
  ]);
  await writeFile(
    join(build.folder, 'gateway.yaml'),
    stringify({
      issuers: [{ issuer: issuer.issuer, audience: 'octane-bff', jwksUri: issuer.jwksUri }],
      callers: [{ clientId: 'selfcare-app', issuer: issuer.issuer, groupno: '1001', customers: 'own' }],
      groups: [{ groupno: '1001', usernameEnv: 'OCTANE_1001_USERNAME', passwordEnv: 'OCTANE_1001_PASSWORD' }],
    }),
  );
  print(
    '| attack | MB before | at most | at its end | 15 s after | direct debit p50 | p99 | direct debits | of the attack |\n| --- | --: | --: | --: | --: | --: | --: | --- | --- |',
  );
  const flags = [...(await startFlags()), HEAP_LIMIT].join(' ');
  try {
    for (const index of ATTACKS.keys()) {
      const environment = {
        OCTANE_1001_USERNAME: 'load',
        OCTANE_1001_PASSWORD: 'load',
        HOST: '127.0.0.1',
        PORT: '0',
        MANAGEMENT_PORT: '0',
        OCTANE_BASE_URL: octane.baseUrl,
        GATEWAY_FILE: 'gateway.yaml',
        DATABASE_URL: `sqlite:gateway-${index}.db`,
        CALLER_RATE_LIMIT: '1000000',
        USER_RATE_LIMIT: '1000000',
        CUSTOMER_CHANGE_RATE_LIMIT: '1000000',
        DRAIN_DELAY_MS: '0',
      };
      const gateway = new GatewayProcess(build.folder, environment, ['sh', '-c', `exec "$0" ${flags} "$@"`]);
      try {
        const { api } = await gateway.addresses();
        await measure(index, Number(new URL(api).port), gateway.pid, await issuer.token());
      } finally {
        await gateway.kill();
      }
    }
  } finally {
    await Promise.all([build.remove(), octane.stop(), issuer.stop()]);
  }
}

if (isMainThread) await measureAll();
else await attackFromThisThread(parentPort!, workerData as AttackOrder);
