import { Injectable } from '@nestjs/common';
import type { Principal } from '../auth/principal.ts';
import { claimAt } from '../config/claim.ts';
import { CUSTNO } from '../config/customer-number.ts';
import type { Blocked, CallerConfig, GroupChoice } from '../config/gateway-file.ts';
import { LiveGatewayConfig } from '../config/live-gateway-config.ts';
import { Problem } from '../problems/problem.ts';
import type { Caller } from './caller.ts';

/** A token with more names nobody. */
const MAX_OWN_CUSTOMERS = 100;

/** Maps a verified token to its caller by the gateway file's pairs of issuer and client id. */
@Injectable()
export class CallerDirectory {
  /** By issuer, then by client id. */
  private callers: ReadonlyMap<string, ReadonlyMap<string, CallerConfig>> = new Map();
  private blocked: Blocked = { subjects: new Map(), customers: new Map() };

  constructor(gateway: LiveGatewayConfig) {
    gateway.follow(({ callers, blocked }) => {
      this.blocked = blocked;
      this.callers = new Map(
        [...Map.groupBy(callers, ({ issuer }) => issuer)].map(([issuer, ofIssuer]) => [
          issuer,
          new Map(ofIssuer.map((caller) => [caller.clientId, caller])),
        ]),
      );
    });
  }

  /** @throws Problem `access-blocked` */
  requireSubjectFree({ issuer, subject }: Pick<Caller, 'issuer' | 'subject'>): void {
    if (this.blocked.subjects.get(issuer)?.has(subject)) throw new Problem('access-blocked');
  }

  /** @throws Problem `access-blocked` */
  requireCustomerFree(groupno: string, custno: string): void {
    if (this.blocked.customers.get(groupno)?.has(custno)) throw new Problem('access-blocked');
  }

  /** The caller of a token; undefined where the gateway file has none. */
  find({ issuer, clientId, subject, scopes, claims }: Principal): Caller | undefined {
    const config = clientId === undefined ? undefined : this.callers.get(issuer)?.get(clientId);
    const groupno = config && groupnoOf(claims, config.groupno);
    if (!config || groupno === undefined) return undefined;
    return {
      issuer,
      clientId: config.clientId,
      subject,
      actor: actorOf(claims['act']),
      groupno,
      customers: config.customers,
      directory: config.directory,
      ownCustnos: config.directory === 'token' ? custnosOf(claimAt(claims, config.custnoClaim)) : [],
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

/** @returns undefined where the claim chooses none of the groups that the gateway file gives the caller */
function groupnoOf(claims: unknown, choice: GroupChoice): string | undefined {
  if ('only' in choice) return choice.only;
  const brand = claimAt(claims, choice.claim);
  return typeof brand === 'string' && Object.hasOwn(choice.groups, brand) ? choice.groups[brand] : undefined;
}

/**
 * Identity providers send a customer number as a string or as a number, and several as a list.
 *
 * @returns each once; none where anything else stands there, too
 */
function custnosOf(claim: unknown): readonly string[] {
  if (!Array.isArray(claim)) return custnoOf(claim) ?? [];
  const custnos = claim.length > MAX_OWN_CUSTOMERS ? [undefined] : claim.map(custnoOf);
  return custnos.includes(undefined) ? [] : [...new Set(custnos.flatMap((one) => one ?? []))];
}

/** @returns it alone; undefined where it is none */
function custnoOf(claim: unknown): readonly [string] | undefined {
  const custno = typeof claim === 'number' ? String(claim) : claim;
  return typeof custno === 'string' && CUSTNO.test(custno) ? [custno] : undefined;
}
