import { Client } from 'undici';
import type { buildConnector } from 'undici';
import { Exchange } from '../outbound/exchange.ts';
import { textOf } from '../outbound/text-of.ts';
import { packageVersion } from '../telemetry/metrics.ts';

export const TIMEOUT_MS = 3000;
const MAX_BYTES = 256 * 1024;
const HEADERS = {
  accept: 'application/jwk-set+json, application/json',
  'accept-encoding': 'identity',
  'user-agent': `octane-bff/${packageVersion()}`,
};

const isOk = (status: number): boolean => status === 200;

/**
 * Fetches a JWK Set, bounded in time and size; a redirect is an error.
 *
 * @throws Error
 */
export async function fetchKeySet(uri: string, connect: buildConnector.connector): Promise<unknown> {
  const { origin, pathname, search } = new URL(uri);
  const client = new Client(origin, { connect, allowH2: false });
  try {
    const exchange = new Exchange({ timeoutMs: TIMEOUT_MS, readsBodyOf: isOk, maxBytes: MAX_BYTES });
    client.dispatch({ method: 'GET', path: pathname + search, headers: HEADERS }, exchange);
    const { status, headers, body } = await exchange.answer;
    const text = isOk(status) ? textOf(body, headers, MAX_BYTES) : undefined;
    if (text === undefined) throw Object.assign(new Error('no key set'), { code: `HTTP_${status}` });
    return JSON.parse(text);
  } finally {
    await client.destroy();
  }
}
