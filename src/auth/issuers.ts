import { Inject, Injectable } from '@nestjs/common';
import type { GatewayConfig, IssuerConfig } from '../config/gateway-file.ts';
import { GATEWAY_CONFIG } from '../config/tokens.ts';
import { fetchKeySet } from './fetch-key-set.ts';
import { LocalIssuerKeys, RemoteIssuerKeys } from './issuer-keys.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { VerificationKeys } from './verification-keys.ts';

export interface Issuer {
  readonly config: IssuerConfig;
  readonly keys: IssuerKeys;
}

/** The issuers that the gateway trusts, each with its own keys. */
@Injectable()
export class Issuers {
  private readonly byName: ReadonlyMap<string, Issuer>;

  constructor(@Inject(GATEWAY_CONFIG) gateway: GatewayConfig) {
    this.byName = new Map(gateway.issuers.map((config) => [config.issuer, { config, keys: keysOf(config) }]));
  }

  find(issuer: string): Issuer | undefined {
    return this.byName.get(issuer);
  }
}

function keysOf({ issuer, keys }: IssuerConfig): IssuerKeys {
  switch (keys.kind) {
    case 'jwksUri':
      return new RemoteIssuerKeys(issuer, () => fetchKeySet(keys.jwksUri));
    case 'pem':
      return new LocalIssuerKeys(Promise.resolve(VerificationKeys.fromPem(keys.pem)));
    case 'jwks':
      return new LocalIssuerKeys(VerificationKeys.fromKeySet(keys.jwks));
  }
}
