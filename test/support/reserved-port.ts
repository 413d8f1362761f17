import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

/** Above the ports of well-known services, which somebody may start on this machine. */
const LOWEST = 10_000;
const HIGHEST = 65_535;
/** What IANA sets aside for outgoing connections, where the system does not say what it uses. */
const USUAL_OUTGOING = { from: 49_152, to: HIGHEST };
const MAX_CLAIMS = 1000;
const MAX_STARTS = 10;

/**
 * A TCP port for a program that must be told one. The system never gives it to an outgoing connection, and no other process that
 * claims ports this way has it.
 *
 * It is held by the UDP port of the same number: the program may listen on the TCP port meanwhile, and the system frees it when
 * this process ends, however that ends.
 */
export class ReservedPort {
  readonly number: number;
  private readonly hold: Socket;

  // No parameter properties: the benchmarks run this file unbuilt.
  private constructor(number: number, hold: Socket) {
    this.number = number;
    this.hold = hold;
  }

  static async claim(): Promise<ReservedPort> {
    const outgoing = await outgoingPorts();
    for (let claim = 1; claim <= MAX_CLAIMS; claim += 1) {
      const number = randomInt(LOWEST, HIGHEST + 1);
      if (number >= outgoing.from && number <= outgoing.to) continue;
      const hold = await holdOf(number);
      if (!hold) continue;
      if (await isFree(number)) return new ReservedPort(number, hold);
      hold.close();
    }
    throw new Error(`no free port after ${MAX_CLAIMS} claims`);
  }

  release(): void {
    this.hold.close();
  }
}

/**
 * Starts a program on a port of its own. Where somebody has that port all the same it is started again on another one, ten times
 * at most.
 *
 * @param start rejects with an error that says that the address is in use
 */
export async function onReservedPort<T>(start: (port: ReservedPort) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await ReservedPort.claim();
    try {
      return await start(port);
    } catch (error) {
      port.release();
      const isTaken = /EADDRINUSE|address (already )?in use/i.test(String(error));
      if (!isTaken || attempt === MAX_STARTS) throw error;
    }
  }
}

async function outgoingPorts(): Promise<{ from: number; to: number }> {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => undefined);
  const [from, to] = range?.trim().split(/\s+/).map(Number) ?? [];
  return from === undefined || to === undefined ? USUAL_OUTGOING : { from, to };
}

async function holdOf(number: number): Promise<Socket | undefined> {
  const socket = createSocket('udp4').unref();
  socket.bind({ port: number, address: '127.0.0.1', exclusive: true });
  return once(socket, 'listening').then(
    () => socket,
    () => undefined,
  );
}

/** Whether nobody listens there, on whatever address. */
async function isFree(number: number): Promise<boolean> {
  const server = createServer().listen(number);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
