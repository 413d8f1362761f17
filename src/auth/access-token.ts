import type { FastifyRequest } from 'fastify';
import { Problem } from '../problems/problem.ts';
import { headerCount } from '../http/header-count.ts';
import type { Scheme } from './challenge.ts';
import { invalidToken } from './invalid-token.ts';

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const MAX_TOKEN_CHARACTERS = 8 * 1024;
const SCHEME = /^(?:bearer|(dpop))(?: +|$)/i;
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** Node decodes anything; one token must not have several spellings, so the bits that stand for nothing must be 0. */
const CANONICAL_BASE64URL = /^(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/;

export interface SentToken {
  readonly scheme: Scheme;
  readonly token: string;
}

/** The JOSE header and the claims of a token whose signature nobody has checked yet. */
export interface UnverifiedToken {
  readonly header: Readonly<Record<string, unknown>> & { readonly alg: string; readonly kid?: string };
  readonly claims: Readonly<Record<string, unknown>> & { readonly iss: string };
}

/**
 * The access token of a request (RFC 6750, section 2.1; RFC 9449, section 7.1).
 *
 * @throws Problem `authentication-required` without one, `invalid-request` with two Authorization headers (Node keeps only
 *   the first in `headers`), `invalid-token` where it is too long or not a compact JWS.
 */
export function accessToken(request: FastifyRequest): SentToken {
  const { headers } = request.raw;
  if (headerCount(request.raw, 'authorization') > 1) {
    throw new Problem('invalid-request', { detail: 'Send one Authorization header, not several.' });
  }
  const authorization = headers.authorization ?? '';
  const [sent, dpop] = SCHEME.exec(authorization) ?? [];
  const scheme = dpop === undefined ? 'Bearer' : 'DPoP';
  const token = sent === undefined ? '' : authorization.slice(sent.length);
  if (token === '') {
    throw new Problem('authentication-required', {
      reason: 'missing',
      headers: { 'www-authenticate': 'Bearer' },
    });
  }
  if (token.length > MAX_TOKEN_CHARACTERS || !COMPACT_JWS.test(token))
    throw invalidToken('malformed', scheme);
  return { scheme, token };
}

/**
 * Reads a token without trusting it, only to find out whose keys must verify it. Stricter than a JWT library: canonical
 * base64url only, well-formed UTF-8, and none of the header parameters that change what a signature means.
 *
 * @throws Problem `invalid-token`
 */
export function readUnverified(token: string): UnverifiedToken {
  const [headerPart = '', claimsPart = '', signaturePart = ''] = token.split('.');
  if (!CANONICAL_BASE64URL.test(signaturePart)) throw invalidToken('malformed');
  const header = jsonObject(headerPart);
  const { alg, kid, crit, b64 } = header;
  if (typeof alg !== 'string' || crit !== undefined || b64 !== undefined) throw invalidToken('header');
  if (kid !== undefined && typeof kid !== 'string') throw invalidToken('header');
  const claims = jsonObject(claimsPart);
  if (typeof claims['iss'] !== 'string') throw invalidToken('issuer');
  return { header, claims } as UnverifiedToken;
}

function jsonObject(part: string): Record<string, unknown> {
  if (!CANONICAL_BASE64URL.test(part)) throw invalidToken('malformed');
  let value: unknown;
  try {
    value = JSON.parse(UTF_8.decode(Buffer.from(part, 'base64url')));
  } catch {
    throw invalidToken('malformed');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidToken('malformed');
  return value as Record<string, unknown>;
}
