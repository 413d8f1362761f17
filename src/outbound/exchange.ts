import type { IncomingHttpHeaders } from 'node:http';
import { errors } from 'undici';
import type { Dispatcher } from 'undici';
import { whenTimeIsOver } from './running-time.ts';

export interface Wanted {
  /** Until the whole answer is there, in milliseconds. */
  readonly timeoutMs: number;
  /** Whose body is read, by the status; of any other answer only the head counts. */
  readonly readsBodyOf: (status: number) => boolean;
  /** Most bytes of that body, as they come. */
  readonly maxBytes: number;
}

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A call without a whole answer. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';

  constructor(
    readonly kind:
      'no-connection' | 'stale-connection' | 'broken' | 'not-http' | 'timeout' | 'too-large' | 'unreadable',
    /** Of an answer whose head came. */
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(kind, options);
  }
}

/**
 * One request and its answer. It knows for certain whether a request can have left, its time bounds the whole of it, no redirect
 * is followed, and no body is kept that nobody reads.
 *
 * It ends with a TransportFailure where no whole answer came: `no-connection` only where not one byte was written.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Received>;
  private resolve!: (received: Received) => void;
  private reject!: (failure: TransportFailure) => void;
  private readonly deadline: number;
  private readonly cancelDeadline: () => void;
  private readonly chunks: Buffer[] = [];
  private controller: Dispatcher.DispatchController | undefined;
  private answeredBytes = 0;
  private status: number | undefined;
  private headers: IncomingHttpHeaders = {};
  private settled = false;
  /** Cut off on purpose: what undici then reports is our own doing. */
  private abandoned = false;

  /** @param ended is told when the connection is free again, and whether it was good to the end */
  constructor(
    private readonly wanted: Wanted,
    private readonly ended: (isGood: boolean) => void = () => undefined,
  ) {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.deadline = performance.now() + wanted.timeoutMs;
    this.cancelDeadline = whenTimeIsOver(wanted.timeoutMs, () => this.fail(this.outOfTime()));
  }

  /** Called right before the first byte is written, also on a connection that was kept alive. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A process that was frozen may come here when its time is over: nothing is sent any more.
    if (performance.now() >= this.deadline) this.fail(this.outOfTime());
    this.controller = controller;
    if (this.abandoned) this.abandon();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    this.status = status;
    this.headers = headers;
    if (!this.wanted.readsBodyOf(status)) this.succeed();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.answeredBytes += chunk.length;
    if (this.answeredBytes > this.wanted.maxBytes) this.fail(new TransportFailure('too-large', this.status));
    else if (!this.settled) this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.cancelDeadline();
    this.succeed();
    this.ended(true);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.abandoned) {
      const afterTheSend = isBrokenConnection(error) ? 'broken' : 'not-http';
      const kind = this.controller ? afterTheSend : 'no-connection';
      this.fail(new TransportFailure(kind, this.status, { cause: error }));
    }
    this.ended(false);
  }

  private outOfTime(): TransportFailure {
    return new TransportFailure(this.controller ? 'timeout' : 'no-connection', this.status);
  }

  private succeed(): void {
    if (this.settled) return;
    this.settled = true;
    this.resolve({
      status: this.status ?? 0,
      headers: this.headers,
      body: Buffer.concat(this.chunks, Math.min(this.answeredBytes, this.wanted.maxBytes)),
    });
  }

  /** Also ends an exchange that was answered already and whose body is only being drained. */
  private fail(failure: TransportFailure): void {
    this.cancelDeadline();
    this.abandon();
    if (this.settled) return;
    this.settled = true;
    this.reject(failure);
  }

  private abandon(): void {
    this.abandoned = true;
    this.controller?.abort(new Error('abandoned'));
  }
}

/** The end or a reset of the connection; everything else that undici reports after the send is a fault in what was received. */
function isBrokenConnection(error: NodeJS.ErrnoException): boolean {
  return error instanceof errors.SocketError || error.syscall !== undefined;
}
