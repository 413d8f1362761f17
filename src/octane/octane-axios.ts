import type { IncomingHttpHeaders } from 'node:http';
import axios, { AxiosHeaders } from 'axios';
import type { AxiosAdapter, AxiosInstance, InternalAxiosRequestConfig } from 'axios';
import type { Settings } from '../config/settings.ts';
import { Exchange, TransportFailure } from '../outbound/exchange.ts';
import { textOf } from '../outbound/text-of.ts';
import type { OctaneConnections } from './octane-connections.ts';

const MAX_ANSWER_BYTES = 64 * 1024;

export type AxiosSettings = Pick<Settings, 'octaneBaseUrl' | 'octaneTimeoutMs'>;

/** What else Octane is sent, and how. */
export interface Sent {
  /** An interceptor may set others, and other values for these, apart from the content type. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of which 2xx the body is read; of any other answer only the head counts. */
  readonly reads: ((status: number) => boolean) | undefined;
  /** Most bytes of such a body, decompressed; 64 KiB where it says nothing. */
  readonly maxBytes: number | undefined;
  /** Whether the request may be sent again when the connection breaks. */
  readonly isRepeatable: boolean;
}

declare module 'axios' {
  interface AxiosRequestConfig {
    /** A function: neither an interceptor nor a log sees the credentials in it, and axios need not merge it. */
    sent?: () => Sent;
  }
}

const NOTHING_MORE: Sent = { headers: {}, reads: undefined, maxBytes: undefined, isRepeatable: false };

/**
 * Axios over connections of undici. Interceptors run, and observables of Nest's HttpService work.
 *
 * `defaults` holds nothing but the adapter, because axios merges each default into each request, which costs CPU: a request is
 * sent as it is given, to Octane and nowhere else. No status is an error, and nothing is transformed.
 */
export function octaneAxios(connections: OctaneConnections, settings: AxiosSettings): AxiosInstance {
  const instance = axios.create();
  for (const name of Object.keys(instance.defaults)) Reflect.deleteProperty(instance.defaults, name);
  instance.defaults.adapter = adapterOver(connections, settings);
  return instance;
}

/**
 * Differs from axios' own adapters in what a billing call needs: it knows for certain whether a request can have left, `timeout`
 * bounds the whole exchange, no redirect is followed, and no body is kept that nobody reads. What has begun is not cancelled.
 *
 * The promise is rejected with a TransportFailure, which axios passes on as it is.
 */
function adapterOver(
  connections: OctaneConnections,
  { octaneBaseUrl, octaneTimeoutMs }: AxiosSettings,
): AxiosAdapter {
  const basePath = new URL(octaneBaseUrl).pathname.replace(/\/$/, '');
  return async (config) => {
    const {
      headers: ours,
      reads,
      maxBytes = MAX_ANSWER_BYTES,
      isRepeatable,
    } = config.sent?.() ?? NOTHING_MORE;
    const readsBodyOf = (status: number): boolean => isSuccess(status) && reads?.(status) === true;
    const lease = connections.lease(isRepeatable);
    const wanted = {
      timeoutMs: config.timeout || octaneTimeoutMs,
      readsBodyOf,
      // A compressed body may be a little longer than what is in it.
      maxBytes: 2 * maxBytes,
    };
    let isStale = false;
    const exchange = new Exchange(wanted, (isGood) => {
      isStale = !isGood && lease.isReused;
      lease.release(isGood);
    });
    lease.dispatch(
      {
        method: config.method!.toUpperCase(),
        path: `${basePath}${config.params === undefined ? config.url : axios.getUri(config)}`,
        headers: headersOf(config, ours),
        body: config.data as string,
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      exchange,
    );
    const { status, headers, body } = await exchange.answer.catch((failure: TransportFailure) => {
      if (failure.kind !== 'broken' || failure.status !== undefined || !isStale) throw failure;
      // What closed this one has most likely closed the others too.
      connections.discardIdle();
      throw new TransportFailure('stale-connection', undefined, { cause: failure.cause });
    });
    const text = readsBodyOf(status) ? textOf(body, headers, maxBytes) : '';
    if (text === undefined) throw new TransportFailure('unreadable', status);
    return { status, statusText: '', headers: new AnswerHeaders(headers), data: text, config };
  };
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function headersOf(
  { headers, data }: InternalAxiosRequestConfig,
  ours: Sent['headers'],
): Record<string, string> {
  // Axios guesses the content type of every POST, of one without a body too.
  if (data === undefined || 'content-type' in ours) headers.setContentType(null);
  const all: Record<string, string> = { ...ours };
  for (const [name, value] of headers) all[name.toLowerCase()] = value as string;
  return all;
}

/** Costs less than AxiosHeaders: undici gives names in lower case and values without space around them. */
class AnswerHeaders extends AxiosHeaders {
  constructor(headers: IncomingHttpHeaders) {
    super();
    for (const [name, value] of Object.entries(headers)) {
      // Octane must not replace a method.
      if (!(name in this)) this[name] = value ?? null;
    }
  }

  override normalize(): this {
    return this;
  }
}
