import type { JsonSchema } from '../validation/json-schema.ts';

interface HeaderOfAnswer {
  readonly description: string;
  readonly schema: JsonSchema;
  readonly example: string;
}

/** The headers of answers, by the names of their components. */
export const ANSWER_HEADERS = {
  'X-Request-Id': {
    description: "The request's X-Request-Id if it is valid, otherwise a UUID. Every answer has it.",
    schema: { type: 'string', pattern: String.raw`^[\w.-]{1,128}$` },
    example: '0b5f2d34-6f0e-4a0e-9c53-7d1f6b1c2a90',
  },
  'Retry-After': {
    description:
      'The seconds to wait before you send the same request again. Absent if `retryable` is false.',
    schema: { type: 'integer', minimum: 1 },
    example: '5',
  },
  'RateLimit-Policy': {
    description:
      'The limits that apply, as a list of structured fields (draft-ietf-httpapi-ratelimit-headers). Each has a quota `q` and the seconds `w` of its window. The limit with the least left comes first.',
    schema: { type: 'string' },
    example: '"caller";q=600;w=60',
  },
  RateLimit: {
    description:
      'For each of these limits, how much is left (`r`) and the seconds until it starts again (`t`).',
    schema: { type: 'string' },
    example: '"caller";r=599;t=60',
  },
  'Idempotency-Replayed': {
    description: '`true` if this is the first answer to this Idempotency-Key, repeated. Otherwise absent.',
    schema: { type: 'string', enum: ['true'] },
    example: 'true',
  },
  'X-Cache': {
    description:
      '`hit`: the answer is from the cache, of an earlier request for the same customer. `miss`: the answer is from Octane.',
    schema: { type: 'string', enum: ['hit', 'miss'] },
    example: 'hit',
  },
  Age: {
    description: 'The age of a cached answer in seconds. Only with `X-Cache: hit`.',
    schema: { type: 'integer', minimum: 0 },
    example: '12',
  },
  'WWW-Authenticate': {
    description:
      'The challenge of RFC 6750, or of RFC 9449 for a bound token. It says what is wrong with the token or its proof, which scope is missing, or which login is needed.',
    schema: { type: 'string' },
    example: 'Bearer error="invalid_token"',
  },
  Allow: {
    description: 'The methods of this path.',
    schema: { type: 'string' },
    example: 'POST',
  },
} as const satisfies Record<string, HeaderOfAnswer>;

export type AnswerHeader = keyof typeof ANSWER_HEADERS;

export function headerRefs(names: readonly AnswerHeader[]): Record<string, { $ref: string }> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/**
 * The headers that an app may send beside the token, by the names of their components. Scalar would send an `example`, and so the
 * same key with every body; named examples it only shows.
 */
export const REQUEST_HEADERS = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'Makes the change happen once. For 24 hours the same key with the same body gets the first answer again, with `Idempotency-Replayed: true`, and makes no other change. Use a new key for each new change, such as a UUID. Use the same key to repeat a request. A key has 1 to 255 printable ASCII characters. Put it in double quotes if it has spaces.',
    schema: { type: 'string', minLength: 1, maxLength: 512, pattern: '^[\\x20-\\x7e]+$' },
    examples: { one: { value: '8f14e45f-ea8e-4c1b-9d3e-2b7a6c5d4e3f' } },
  },
  DPoP: {
    name: 'DPoP',
    in: 'header',
    required: false,
    description:
      'Only with a bound token: the proof that the app has the key of the token (RFC 9449). Make a new proof for each request. `htu` is the URL of this API and the path.',
    schema: { type: 'string', pattern: String.raw`^[\w-]+\.[\w-]+\.[\w-]+$` },
    examples: { one: { value: 'eyJ0eXAiOiJkcG9wK2p3dCJ9.eyJqdGkiOiItQndDM0VTYzYifQ.c2lnbmF0dXJl' } },
  },
  XRequestId: {
    name: 'X-Request-Id',
    in: 'header',
    required: false,
    description:
      'Your own id for this request. The gateway returns it in the answer, writes it to the logs and sends it to Octane. It replaces an invalid id with a UUID.',
    schema: { type: 'string', pattern: String.raw`^[\w.-]{1,128}$` },
    examples: { one: { value: 'app-7f3c2a' } },
  },
  Traceparent: {
    name: 'traceparent',
    in: 'header',
    required: false,
    description:
      'W3C Trace Context: the trace of this request. The gateway continues it and sends it to Octane.',
    schema: { type: 'string', pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' },
    examples: { one: { value: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' } },
  },
  Tracestate: {
    name: 'tracestate',
    in: 'header',
    required: false,
    description: 'W3C Trace Context: what vendors add to the trace. Used only with a valid `traceparent`.',
    schema: { type: 'string', maxLength: 512 },
    examples: { one: { value: 'vendor=t61rcWkgMzE' } },
  },
} as const;
