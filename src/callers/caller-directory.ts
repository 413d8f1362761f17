import { Injectable } from '@nestjs/common';
import type { Principal } from '../auth/principal.ts';
import { CUSTNO } from '../config/customer-number.ts';
import type { CallerConfig } from '../config/gateway-file.ts';
import { LiveGatewayConfig } from '../config/live-gateway-config.ts';
import type { Caller } from './caller.ts';

/** Maps a verified token to its caller by the gateway file's pairs of issuer and client id. */
@Injectable()
export class CallerDirectory {
  /** By issuer, then by client id. */
  private callers: ReadonlyMap<string, ReadonlyMap<string, CallerConfig>> = new Map();

  constructor(gateway: LiveGatewayConfig) {
    gateway.follow(({ callers }) => {
      this.callers = new Map(
        [...Map.groupBy(callers, ({ issuer }) => issuer)].map(([issuer, ofIssuer]) => [
          issuer,
          new Map(ofIssuer.map((caller) => [caller.clientId, caller])),
        ]),
      );
    });
  }

  find({ issuer, clientId, subject, scopes, claims }: Principal): Caller | undefined {
    const config = clientId === undefined ? undefined : this.callers.get(issuer)?.get(clientId);
    if (!config) return undefined;
    return {
      issuer,
      clientId: config.clientId,
      subject,
      actor: actorOf(claims['act']),
      groupno: config.groupno,
      customers: config.customers,
      ownCustno: custnoOf(claims[config.custnoClaim]),
      scopes: new Set([...scopes, ...config.scopes]),
      rateLimit: config.rateLimit,
    };
  }
}

/** The one who acts now; who acted before, by the claims inside, is only history. */
function actorOf(claim: unknown): string | undefined {
  const actor = (claim as { sub?: unknown } | null | undefined)?.sub;
  return typeof actor === 'string' && actor !== '' ? actor : undefined;
}

/** Identity providers send a customer number as a string or as a number. */
function custnoOf(claim: unknown): string | undefined {
  const custno = typeof claim === 'number' ? String(claim) : claim;
  return typeof custno === 'string' && CUSTNO.test(custno) ? custno : undefined;
}
