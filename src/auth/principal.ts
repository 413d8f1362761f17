/** Who a verified token speaks for. Everything here was signed by the issuer. */
export interface Principal {
  readonly issuer: string;
  readonly subject: string;
  /** `undefined` where the token names no client. */
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
}

declare module 'fastify' {
  interface FastifyRequest {
    principal?: Principal;
  }
}
