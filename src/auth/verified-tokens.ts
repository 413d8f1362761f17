import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { checkTimes } from './claims.ts';
import { Issuers } from './issuers.ts';
import type { Issuer } from './issuers.ts';
import type { Principal } from './principal.ts';

/** Of one generation; two are kept. */
const MAX_TOKENS = 10_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** A token with a good signature, and what its goodness rests on. */
export interface VerifiedToken {
  readonly issuer: Issuer;
  readonly alg: string;
  readonly kid: string | undefined;
  /** The key that made the signature. */
  readonly key: KeyObject;
  readonly principal: Principal;
}

/**
 * Remembers which tokens had a good signature, because an app sends the same one again and again and a signature costs more
 * to check than everything else about a token. What is remembered holds for one issuer as the gateway file has it and for
 * one key: that they are still the same is checked each time, and so are the times of the token.
 */
@Injectable()
export class VerifiedTokens {
  /** Two generations: the older one is forgotten whole when the recent one is full, so that no hit has to reorder anything. */
  private recent = new Map<string, VerifiedToken>();
  private older = new Map<string, VerifiedToken>();
  private characters = 0;

  constructor(private readonly issuers: Issuers) {}

  remember(token: string, verified: VerifiedToken): void {
    if (this.recent.size >= MAX_TOKENS || this.characters + token.length > MAX_CHARACTERS) {
      this.older = this.recent;
      this.recent = new Map();
      this.characters = 0;
    }
    this.recent.set(token, verified);
    this.characters += token.length;
  }

  /**
   * @returns whom the token speaks for, or undefined where its signature must be checked first
   * @throws Problem as for any other token, when it has expired or its issuer's keys are out of reach
   */
  async principalOf(token: string): Promise<Principal | undefined> {
    const verified = this.recent.get(token) ?? this.recall(token);
    if (!verified) return undefined;
    const { issuer, alg, kid, key, principal } = verified;
    // After a reload an issuer whose settings are the same is a new object too: then the signature is checked once more.
    if (this.issuers.find(issuer.config.issuer) !== issuer) return undefined;
    const candidates = await issuer.keys.candidates(alg, kid);
    // A set that was fetched again has the same keys as new objects.
    if (!candidates.some((candidate) => candidate === key || candidate.equals(key))) return undefined;
    checkTimes(principal.claims);
    return principal;
  }

  private recall(token: string): VerifiedToken | undefined {
    const verified = this.older.get(token);
    if (verified) this.remember(token, verified);
    return verified;
  }
}
