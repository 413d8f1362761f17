import { RequestSlot } from '../http/request-slot.ts';

/** Who a verified token speaks for. Everything here was signed by the issuer. */
export interface Principal {
  readonly issuer: string;
  readonly subject: string;
  /** `undefined` where the token names no client. */
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Whom the token of a request speaks for; known behind step 1. */
export const principalSlot = new RequestSlot<Principal>('principal');
