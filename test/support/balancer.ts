import { Agent, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { GatewayProcess } from './gateway-process.ts';

const READINESS_INTERVAL_MS = 50;

export interface Replica {
  readonly gateway: GatewayProcess;
  readonly api: string;
  readonly management: string;
  ready: boolean;
}

export interface BalancedRequest {
  /** POST where nothing is said. */
  readonly method?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The client hangs up, wherever the request is. */
  readonly hangUp?: AbortSignal;
}

export interface BalancedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request without a whole answer. */
export class Undelivered extends Error {
  /** Where it was sent; undefined: nobody was there to send it to. */
  readonly replica: Replica | undefined;

  constructor(replica: Replica | undefined, cause?: Error) {
    super(cause?.message ?? 'there is no replica', { cause });
    this.replica = replica;
  }
}

/**
 * As balancers do: asks each replica at short intervals whether it is ready, sends requests in turn to those that were when
 * they were last asked, or to all where none was, keeps its connections and uses them again, and never sends a request twice.
 */
export class Balancer {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly replicas = new Set<Replica>();
  private readonly stopping = new AbortController();
  private turn = 0;

  add(replica: Replica): void {
    this.replicas.add(replica);
    void this.poll(replica);
  }

  /** Fails with Undelivered. */
  send({ method = 'POST', path, headers, body, hangUp }: BalancedRequest): Promise<BalancedAnswer> {
    const ready = [...this.replicas].filter((replica) => replica.ready);
    const candidates = ready.length > 0 ? ready : [...this.replicas];
    const replica = candidates[(this.turn += 1) % candidates.length];
    if (!replica) return Promise.reject(new Undelivered(undefined));
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(new Undelivered(replica, error));
      httpRequest(replica.api + path, {
        agent: this.agent,
        method,
        headers,
        ...(hangUp && { signal: hangUp }),
      })
        .on('error', fail)
        .on('response', (response) => {
          const chunks: Buffer[] = [];
          response
            .on('data', (chunk: Buffer) => chunks.push(chunk))
            .on('error', fail)
            .on('end', () =>
              resolve({
                status: response.statusCode!,
                headers: response.headers,
                text: Buffer.concat(chunks).toString('utf8'),
              }),
            );
        })
        .end(body);
    });
  }

  /** Ends the connections that are not in use. */
  rest(): void {
    for (const sockets of Object.values(this.agent.freeSockets))
      sockets?.forEach((socket) => socket.destroy());
  }

  stop(): void {
    this.stopping.abort();
    this.agent.destroy();
  }

  private async poll(replica: Replica): Promise<void> {
    while (!this.stopping.signal.aborted && replica.gateway.exitCode === undefined) {
      const answer = await fetch(`${replica.management}/health/ready`).catch(() => undefined);
      await answer?.text().catch(() => undefined);
      replica.ready = answer?.ok ?? false;
      await wait(READINESS_INTERVAL_MS);
    }
    replica.ready = false;
    this.replicas.delete(replica);
  }
}
