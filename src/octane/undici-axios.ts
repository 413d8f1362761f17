import type { IncomingHttpHeaders } from 'node:http';
import { Axios } from 'axios';
import type {
  AxiosRequestConfig,
  AxiosResponse,
  InternalAxiosRequestConfig,
  RawAxiosResponseHeaders,
} from 'axios';
import { errors } from 'undici';
import type { Dispatcher, Pool } from 'undici';

const MAX_ANSWER_BYTES = 64 * 1024;

declare module 'axios' {
  interface AxiosRequestConfig {
    /** The one status whose body is read; of any other answer only the head counts. */
    readBodyOf?: number;
  }
}

/** A call without a whole answer. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';

  constructor(
    readonly kind: 'no-connection' | 'broken' | 'not-http' | 'timeout' | 'too-large',
    /** Of an answer whose head came. */
    readonly status?: number,
  ) {
    super(kind);
  }
}

/**
 * Axios over an undici pool. It differs from axios' own way in what a billing call needs: it knows for certain whether a
 * request can have left, `timeout` bounds the whole call, no redirect is followed, and no body is kept that nobody reads. A
 * request is sent as it is given: there are no defaults to merge into it, and nothing in it is transformed.
 *
 * The promise is rejected with a TransportFailure: `no-connection` only where not one byte of the request was written.
 */
export class UndiciAxios extends Axios {
  constructor(
    private readonly pool: Pool,
    private readonly basePath: string,
  ) {
    super();
  }

  override request<T, R = AxiosResponse<T>, D = unknown>(config: AxiosRequestConfig<D>): Promise<R> {
    return new Promise<AxiosResponse>((resolve, reject) => {
      this.pool.dispatch(
        {
          method: config.method as Dispatcher.HttpMethod,
          path: `${this.basePath}${config.url}`,
          headers: config.headers as Record<string, string>,
          body: config.data as string,
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        new Exchange(config, resolve, reject),
      );
    }) as Promise<R>;
  }
}

/** One request and its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  private readonly deadline: NodeJS.Timeout;
  private readonly chunks: Buffer[] = [];
  private controller: Dispatcher.DispatchController | undefined;
  private answeredBytes = 0;
  private status: number | undefined;
  private headers: IncomingHttpHeaders = {};
  private settled = false;
  /** Cut off on purpose: what undici then reports is our own doing. */
  private abandoned = false;

  constructor(
    private readonly config: AxiosRequestConfig,
    private readonly resolve: (response: AxiosResponse) => void,
    private readonly reject: (failure: TransportFailure) => void,
  ) {
    this.deadline = setTimeout(() => {
      this.fail(new TransportFailure(this.controller ? 'timeout' : 'no-connection', this.status));
    }, config.timeout);
  }

  /** Called right before the first byte is written, also on a connection that was kept alive. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.abandoned) this.abandon();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    // undici also tells of interim answers (RFC 9110, section 15.2), of which a request may have any number.
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    if (status !== this.config.readBodyOf) this.succeed('');
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.answeredBytes += chunk.length;
    if (this.answeredBytes > MAX_ANSWER_BYTES) this.fail(new TransportFailure('too-large', this.status));
    else if (!this.settled) this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    clearTimeout(this.deadline);
    this.succeed(Buffer.concat(this.chunks, this.answeredBytes).toString('utf8'));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.abandoned) return;
    const afterTheSend = isBrokenConnection(error) ? 'broken' : 'not-http';
    this.fail(new TransportFailure(this.controller ? afterTheSend : 'no-connection', this.status));
  }

  private succeed(body: string): void {
    if (this.settled) return;
    this.settled = true;
    this.resolve({
      status: this.status ?? 0,
      statusText: '',
      headers: this.headers as RawAxiosResponseHeaders,
      data: body,
      config: this.config as InternalAxiosRequestConfig,
    });
  }

  /** Also ends an exchange that was answered already and whose body is only being drained. */
  private fail(failure: TransportFailure): void {
    clearTimeout(this.deadline);
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
