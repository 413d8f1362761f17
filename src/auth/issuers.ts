import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import type { buildConnector } from 'undici';
import type { IssuerConfig } from '../config/gateway-file.ts';
import { LiveGatewayConfig } from '../config/live-gateway-config.ts';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { connectorOf } from '../outbound/connector.ts';
import { Names } from '../outbound/names.ts';
import { outboundProxy } from '../outbound/proxy.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { fetchKeySet, TIMEOUT_MS } from './fetch-key-set.ts';
import { LocalIssuerKeys, RemoteIssuerKeys } from './issuer-keys.ts';
import type { IssuerKeys, KeySetState } from './issuer-keys.ts';
import { VerificationKeys } from './verification-keys.ts';

export interface Issuer {
  readonly config: IssuerConfig;
  readonly keys: IssuerKeys;
}

/** The issuers that the gateway trusts, each with its own keys. */
@Injectable()
export class Issuers {
  private readonly connect: buildConnector.connector;
  private byName: ReadonlyMap<string, Issuer> = new Map();

  constructor(
    gateway: LiveGatewayConfig,
    private readonly metrics: Metrics,
    @Inject(SETTINGS) settings: Pick<Settings, 'httpsProxy' | 'noProxy'>,
  ) {
    const proxy = outboundProxy(settings);
    this.connect = connectorOf({ timeoutMs: TIMEOUT_MS, names: new Names(2), proxy });
    gateway.follow(({ issuers }) => {
      this.byName = new Map(issuers.map((config) => [config.issuer, { config, keys: this.keysFor(config) }]));
    });
    metrics.read('key_set_age_seconds', () =>
      this.keyStates().flatMap(([issuer, { ageSeconds }]) =>
        ageSeconds === undefined ? [] : [[{ issuer }, ageSeconds] as const],
      ),
    );
  }

  /** How well the keys of each issuer are known. */
  keyStates(): [string, KeySetState][] {
    return [...this.byName].map(([issuer, { keys }]) => [issuer, keys.state]);
  }

  find(issuer: string): Issuer | undefined {
    return this.byName.get(issuer);
  }

  /** Keys that were fetched stay known as long as they come from the same place. */
  private keysFor(config: IssuerConfig): IssuerKeys {
    const known = this.byName.get(config.issuer);
    return known && isDeepStrictEqual(known.config.keys, config.keys) ? known.keys : this.keysOf(config);
  }

  private keysOf({ issuer, keys }: IssuerConfig): IssuerKeys {
    switch (keys.kind) {
      case 'jwksUri':
        return new RemoteIssuerKeys(issuer, () => fetchKeySet(keys.jwksUri, this.connect), this.metrics);
      case 'pem':
        return new LocalIssuerKeys(Promise.resolve(VerificationKeys.fromPem(keys.pem)));
      case 'jwks':
        return new LocalIssuerKeys(VerificationKeys.fromKeySet(keys.jwks));
    }
  }
}
