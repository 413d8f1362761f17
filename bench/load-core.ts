import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Hits } from './fake-octane.ts';
import type { ProofKey } from './proof.ts';

/** One run of requests against one of the measured. */
export interface Load {
  readonly kind: 'load';
  /** `http://127.0.0.1:PORT`; the connections are shared out among them. */
  readonly urls: readonly string[];
  readonly count: number;
  readonly connections: number;
  /** `bad`: all of them, with signatures that are wrong. */
  readonly tokens: 'first' | 'all' | 'bad';
  /** Method and path, where `CUSTNO` stands for the number of one of the customers; unset: the direct debit's. */
  readonly route?: string;
  /** How many customers; unset: 10,000. */
  readonly customers?: number;
  /** ASCII; empty for none. */
  readonly body: string;
  /** Whether each request has an Idempotency-Key of its own. */
  readonly hasKey: boolean;
  /** Anything else ends the run. */
  readonly status: number;
  /** Unset: as fast as the connections have their answers. */
  readonly ratePerSecond?: number;
}

export interface LoadResult {
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Who asks from then on. */
export interface Users {
  readonly kind: 'tokens';
  readonly tokens: readonly string[];
  /** Where all of the tokens are bound to it: each request has a proof of its own. */
  readonly proofKey: ProofKey | undefined;
}

export type Order = Load | Users | { readonly kind: 'hits' };

export type LoadReply = { readonly result: unknown } | { readonly error: string };

/** The process of the load and of the fake Octane. */
export class LoadCore {
  readonly octanePort: number;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, octanePort: number) {
    this.child = child;
    this.octanePort = octanePort;
  }

  static async start(): Promise<LoadCore> {
    const child = fork(new URL('load.ts', import.meta.url), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    return new LoadCore(child, (await replyOf(child)) as number);
  }

  async useTokens(tokens: readonly string[], proofKey?: ProofKey): Promise<void> {
    await this.ask({ kind: 'tokens', tokens, proofKey });
  }

  async run(load: Omit<Load, 'kind'>): Promise<LoadResult> {
    return (await this.ask({ kind: 'load', ...load })) as LoadResult;
  }

  /** What Octane received since the last call. */
  async hits(): Promise<Hits> {
    return (await this.ask({ kind: 'hits' })) as Hits;
  }

  stop(): void {
    this.child.disconnect();
  }

  private ask(order: Order): Promise<unknown> {
    const reply = replyOf(this.child);
    this.child.send(order);
    return reply;
  }
}

async function replyOf(child: ChildProcess): Promise<unknown> {
  const [reply] = (await once(child, 'message')) as [LoadReply];
  if ('error' in reply) throw new Error(reply.error);
  return reply.result;
}
