import dns from 'node:dns';
import { Socket } from 'node:net';

/**
 * A socket that gives each address of a host its share of the time. Node itself gives one address of several a quarter of a
 * second, which a slow handshake never meets.
 */
export class PatientSocket extends Socket {
  private readonly timeoutMs: number;

  /** @param timeoutMs that all addresses have together. No parameter property: the crash test and the benchmarks run this unbuilt. */
  constructor(timeoutMs: number) {
    super();
    this.timeoutMs = timeoutMs;
  }

  /** As the driver calls it: with a port and a host, or with the path of a Unix socket. */
  override connect(...target: unknown[]): this {
    const [port, host] = target;
    if (typeof port !== 'number' || typeof host !== 'string') return super.connect(port as string);
    dns.lookup(host, { all: true }, (error, addresses) => {
      if (this.destroyed) return;
      if (error) return void this.destroy(error);
      super.connect({
        port,
        host,
        autoSelectFamilyAttemptTimeout: Math.ceil(this.timeoutMs / addresses.length),
        lookup: (_host, { all }, answer) => {
          const [first] = addresses;
          if (all === true) answer(null, addresses);
          else answer(null, first!.address, first!.family);
        },
      });
    });
    return this;
  }
}
