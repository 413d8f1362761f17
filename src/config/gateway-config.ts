import type { OctaneTls } from './octane-tls.ts';
import type { PublicKeys } from './public-key-file.ts';

/** The JWS algorithms that an issuer may use: those that passport-jwt verifies with a public key. */
export const SIGNATURE_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
] as const;

export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** Where the keys of an issuer come from. */
export type IssuerKeySource = { readonly kind: 'jwksUri'; readonly jwksUri: string } | PublicKeys;

/** An identity provider whose tokens are accepted, and what they must look like. */
export interface IssuerConfig {
  /** Exactly the `iss` of its tokens. */
  readonly issuer: string;
  /** One of these must be in the audience claim; never empty. */
  readonly audience: readonly string[];
  readonly keys: IssuerKeySource;
  /** JWS algorithms, all asymmetric; never empty. */
  readonly algorithms: readonly SignatureAlgorithm[];
  /** Whether the `typ` of a token must be `at+jwt` (RFC 9068). */
  readonly requireAccessTokenType: boolean;
  /** Whether a token must be bound to a key, of which its sender has a proof (RFC 9449). */
  readonly requireSenderConstrained: boolean;
  /** The claim that names the client; undefined: `client_id`, else `azp`. */
  readonly clientIdClaim: string | undefined;
  readonly audienceClaim: string;
  /** The longest time from `iat` to `exp` of a token; without `iat`, from now. */
  readonly maxTokenLifetimeSeconds: number;
}

/** The group of a caller, or the claim that chooses one, and the group of each of its values. */
export type GroupChoice =
  { readonly only: string } | { readonly claim: string; readonly groups: Readonly<Record<string, string>> };

/** A client of one issuer, and what it may do. */
export interface CallerConfig {
  readonly clientId: string;
  readonly issuer: string;
  readonly groupno: GroupChoice;
  /** `own`: only the customer in the token; `any`: every customer of the group. */
  readonly customers: 'own' | 'any';
  /** The claim that names the token's own customers. */
  readonly custnoClaim: string;
  /** Where the own customers of a user stand: in its token, or in the customer links, whatever the token says. */
  readonly directory: 'token' | 'links';
  /** Granted beside the token's own scopes. */
  readonly scopes: readonly string[];
  /** Requests a minute; undefined: the setting for all callers. */
  readonly rateLimit: number | undefined;
}

/** A group of customers at Octane, with the credentials that reach it. They cannot be listed, printed or serialised. */
export class GroupConfig {
  readonly groupno: string;
  readonly #username: string;
  readonly #password: string;

  constructor(groupno: string, username: string, password: string) {
    this.groupno = groupno;
    this.#username = username;
    this.#password = password;
    Object.freeze(this);
  }

  /** The value of the Authorization header that Octane asks for (RFC 7617, in UTF-8). */
  basicAuthorization(): string {
    return `Basic ${Buffer.from(`${this.#username}:${this.#password}`).toString('base64')}`;
  }
}

/** Who is shut out, whatever their tokens say. There may be a million of each. */
export interface Blocked {
  /** By issuer. */
  readonly subjects: ReadonlyMap<string, ReadonlySet<string>>;
  /** Customer numbers, by group. */
  readonly customers: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The gateway file and the files that it names, checked and frozen. */
export interface GatewayConfig {
  readonly issuers: readonly IssuerConfig[];
  readonly callers: readonly CallerConfig[];
  readonly groups: readonly GroupConfig[];
  readonly blocked: Blocked;
  readonly octaneTls: OctaneTls;
}
