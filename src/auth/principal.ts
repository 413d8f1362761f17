import { RequestSlot } from '../http/request-slot.ts';
import type { Scheme } from './challenge.ts';

/** Who a verified token speaks for. Everything here was signed by the issuer. */
export interface Principal {
  readonly issuer: string;
  readonly subject: string;
  /** `undefined` where the token names no client. */
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  /** Thumbprint of the key that the token is bound to (RFC 9449, section 6.1); undefined: to none. */
  readonly jkt: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Whom the token of a request speaks for; known behind step 1, and where the token is good but not whoever sends it. */
export const principalSlot = new RequestSlot<Principal>('principal');

/** How tokens like that of a principal are sent. */
export function schemeOf({ jkt }: Principal): Scheme {
  return jkt === undefined ? 'Bearer' : 'DPoP';
}
