import { Axios } from 'axios';
import type {
  AxiosRequestConfig,
  AxiosResponse,
  InternalAxiosRequestConfig,
  RawAxiosResponseHeaders,
} from 'axios';
import type { Dispatcher } from 'undici';
import { Exchange, TransportFailure } from '../outbound/exchange.ts';
import { textOf } from '../outbound/text-of.ts';
import type { OctaneConnections } from './octane-connections.ts';

const MAX_ANSWER_BYTES = 64 * 1024;

declare module 'axios' {
  interface AxiosRequestConfig {
    /** The one status whose body is read; of any other answer only the head counts. */
    readBodyOf?: number;
    /** Whether the request may be sent again when the connection breaks. */
    isRepeatable?: boolean;
  }
}

/**
 * Axios over connections of undici. It differs from axios' own way in what a billing call needs: it knows for certain whether a
 * request can have left, `timeout` bounds the whole call, no redirect is followed, and no body is kept that nobody reads. A
 * request is sent as it is given: there are no defaults to merge into it, and nothing in it is transformed.
 *
 * The promise is rejected with a TransportFailure.
 */
export class UndiciAxios extends Axios {
  constructor(
    private readonly connections: OctaneConnections,
    private readonly basePath: string,
  ) {
    super();
  }

  override async request<T, R = AxiosResponse<T>, D = unknown>(config: AxiosRequestConfig<D>): Promise<R> {
    const { readBodyOf, isRepeatable = false, timeout = 0 } = config;
    const lease = this.connections.lease(isRepeatable);
    // A compressed body may be a little longer than what is in it.
    const wanted = { timeoutMs: timeout, readBodyOf, maxBytes: 2 * MAX_ANSWER_BYTES };
    let isStale = false;
    const exchange = new Exchange(wanted, (isGood) => {
      isStale = !isGood && lease.isReused;
      lease.release(isGood);
    });
    lease.dispatch(
      {
        method: config.method as Dispatcher.HttpMethod,
        path: `${this.basePath}${config.url}`,
        headers: config.headers as Record<string, string>,
        body: config.data as string,
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      exchange,
    );
    const { status, headers, body } = await exchange.answer.catch((failure: TransportFailure) => {
      if (failure.kind !== 'broken' || failure.status !== undefined || !isStale) throw failure;
      // What closed this one has most likely closed the others too.
      this.connections.discardIdle();
      throw new TransportFailure('stale-connection', undefined, { cause: failure.cause });
    });
    const text = status === readBodyOf ? textOf(body, headers, MAX_ANSWER_BYTES) : '';
    if (text === undefined) throw new TransportFailure('unreadable', status);
    const response: AxiosResponse = {
      status,
      statusText: '',
      headers: headers as RawAxiosResponseHeaders,
      data: text,
      config: config as InternalAxiosRequestConfig,
    };
    return response as R;
  }
}
