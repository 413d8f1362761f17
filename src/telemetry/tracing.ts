import type { FastifyRequest } from 'fastify';
import type { Operation } from '../operations/operation.ts';
import type { Problem } from '../problems/problem.ts';

/** A step of a request that has a span of its own. */
export type Step = 'authenticate' | 'journal.intent' | 'journal.outcome' | `octane.${string}`;

/** What the span of a request tells of it. */
export interface Served {
  readonly status: number;
  readonly client: string | undefined;
  readonly group: string | undefined;
  readonly problem: Problem | undefined;
  readonly isReplay: boolean;
}

/** The headers of W3C Trace Context. */
export interface TraceHeaders {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}

/** How a request is followed through the gateway and on to Octane; of what the app sent, nothing but its trace context is kept. */
export abstract class Tracing {
  /** Begins the span of a request; everything that `serve` starts belongs to it. */
  abstract begin(request: FastifyRequest, serve: () => void): void;

  /** Ends it, when the answer is on its way and nothing is done for the request any more. */
  abstract end(request: FastifyRequest, served: Served): void;

  /** Runs a step of the request as a span of its own. */
  abstract step<T>(name: Step, run: () => Promise<T>): Promise<T>;

  /**
   * Runs one attempt of a call to Octane as a span of its own.
   *
   * @param resends how many attempts went before
   */
  abstract attempt<T>(operation: Operation, resends: number, run: () => Promise<T>): Promise<T>;

  /** Notes the status of Octane's answer to the attempt that runs. */
  abstract answered(status: number): void;

  /**
   * What to send to Octane with the attempt that runs.
   *
   * @param received the valid headers of the app
   */
  abstract headers(received: TraceHeaders): TraceHeaders;

  /** Sends what is still to be sent, and gives up after 2 s. Never fails. */
  abstract flush(): Promise<void>;
}

/** Records nothing, and hands the app's own headers on. */
export class NoTracing extends Tracing {
  begin(_request: FastifyRequest, serve: () => void): void {
    serve();
  }

  end(): void {}

  step<T>(_name: Step, run: () => Promise<T>): Promise<T> {
    return run();
  }

  attempt<T>(_operation: Operation, _resends: number, run: () => Promise<T>): Promise<T> {
    return run();
  }

  answered(): void {}

  headers(received: TraceHeaders): TraceHeaders {
    return received;
  }

  async flush(): Promise<void> {}
}
