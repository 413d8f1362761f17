const TIMEOUT_MS = 3000;
const MAX_BYTES = 256 * 1024;

/**
 * Fetches a JWK Set, bounded in time and size; a redirect is an error.
 *
 * @throws Error
 */
export async function fetchKeySet(uri: string): Promise<unknown> {
  const response = await fetch(uri, {
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: { accept: 'application/jwk-set+json, application/json' },
  });
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error('key set too large');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks, length).toString('utf8'));
}
