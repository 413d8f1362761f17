import { RequestSlot } from '../http/request-slot.ts';

/** Who calls, as the gateway file maps the verified token: the one source of `groupno`. */
export interface Caller {
  readonly issuer: string;
  readonly clientId: string;
  readonly subject: string;
  /** Who acts for the subject: claim `act.sub` (RFC 8693, section 4.1). */
  readonly actor: string | undefined;
  readonly groupno: string;
  /** `own`: only the customers in the token; `any`: every customer of the group. */
  readonly customers: 'own' | 'any';
  /** Where its own customers stand. */
  readonly directory: 'token' | 'links';
  /** The customers that the token names, each once; none where it names none, or where the links decide. */
  readonly ownCustnos: readonly string[];
  /** Of the token and of the gateway file together. */
  readonly scopes: ReadonlySet<string>;
  /** Requests a minute; undefined: the setting for all callers. */
  readonly rateLimit: number | undefined;
}

/** Who sent a request; known behind step 2. */
export const callerSlot = new RequestSlot<Caller>('caller');

/** The customer of the path, `me` resolved, or empty for none; known behind step 3, where the caller may act for it. */
export const custnoSlot = new RequestSlot<string>('customer');
