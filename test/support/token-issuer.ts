import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK } from 'jose';

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

export async function signingKey(kid: string, alg = 'RS256'): Promise<SigningKey> {
  return { kid, alg, ...(await generateKeyPair(alg, { extractable: true })) };
}

export async function publicJwk({ kid, alg, publicKey }: SigningKey): Promise<JWK> {
  return { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
}

export function publicPem({ publicKey }: SigningKey): Promise<string> {
  return exportSPKI(publicKey);
}

/** What a token says; `undefined` leaves a usual claim or header parameter out. */
export interface TokenContent {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly key?: SigningKey;
}

/** An identity provider of the tests: real keys, a real JWKS endpoint that counts how often it is asked. */
export class TokenIssuer {
  /** Every path that was asked for, in order. */
  readonly fetches: string[] = [];
  /** What the JWKS endpoint serves. */
  keySet: JWK[] = [];
  /** What it does instead of serving, while set. */
  misbehave: ((response: ServerResponse) => void) | undefined;

  readonly key: SigningKey;
  readonly issuer: string;
  private readonly server: Server;

  // No parameter properties: the crash test runs this file unbuilt.
  private constructor(key: SigningKey, server: Server, issuer: string) {
    this.key = key;
    this.server = server;
    this.issuer = issuer;
  }

  static async start(kid = 'key-1'): Promise<TokenIssuer> {
    const key = await signingKey(kid);
    const server = createServer((request, response) => {
      issuer.fetches.push(request.url ?? '');
      if (issuer.misbehave) return issuer.misbehave(response);
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: issuer.keySet }));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const issuer = new TokenIssuer(key, server, `http://127.0.0.1:${port}/`);
    issuer.keySet = [await publicJwk(key)];
    return issuer;
  }

  get jwksUri(): string {
    return `${this.issuer}jwks`;
  }

  /** A token that the gateway accepts for the mobile app and customer 700123, changed by `content`. */
  token(content: TokenContent = {}): Promise<string> {
    const { privateKey } = content.key ?? this.key;
    return new SignJWT(this.claims(content.claims))
      .setProtectedHeader(this.header(content) as { alg: string })
      .sign(privateKey);
  }

  /** What such a token says. */
  claims(changes: Record<string, unknown> = {}): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1000);
    return withoutUndefined({
      iss: this.issuer,
      aud: 'octane-bff',
      sub: 'user-1',
      iat: now,
      exp: now + 600,
      client_id: 'selfcare-app',
      custno: '700123',
      scope: 'direct-debit:write welcome-email:send',
      ...changes,
    });
  }

  header({ header = {}, key: { alg, kid } = this.key }: TokenContent = {}): Record<string, unknown> {
    return withoutUndefined({ alg, kid, typ: 'at+jwt', ...header });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}

function withoutUndefined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
