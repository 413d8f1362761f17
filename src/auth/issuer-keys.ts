import type { KeyObject } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { IssuerConfig } from '../config/gateway-file.ts';
import { Problem } from '../problems/problem.ts';
import { failureCause } from '../telemetry/failure-cause.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { invalidToken } from './invalid-token.ts';
import { VerificationKeys } from './verification-keys.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
/** A set of this age is renewed in the background by the next request that needs it. */
const RENEW_AFTER_MS = 5 * MINUTE_MS;
/** No older set is used without asking the identity provider first: a key that was removed is refused by then. */
const STALE_AFTER_MS = 10 * MINUTE_MS;
/** How long keys stay good while the identity provider is down. */
const LOST_AFTER_MS = 24 * 60 * MINUTE_MS;
/** Between two fetches that tokens of unknown keys, or failures, ask for. */
const REFETCH_INTERVAL_MS = 30 * SECOND_MS;
/** Between two attempts at the first load: without any key nobody gets in, so recovery must be quick. */
const FIRST_LOAD_INTERVAL_MS = SECOND_MS;

/** Where one issuer's keys come from. */
export interface IssuerKeys {
  /** The keys that may have made a signature, as far as they are known without waiting. */
  candidates(alg: string, kid: string | undefined): Promise<readonly KeyObject[]>;

  /**
   * The key that made a signature.
   *
   * @param isSigner whether a key made it
   * @throws Problem `invalid-token` when the issuer has no such key, `keys-unavailable` when that cannot be known
   */
  find(alg: string, kid: string | undefined, isSigner: (key: KeyObject) => boolean): Promise<KeyObject>;

  readonly state: KeySetState;
}

/** How well the keys of an issuer are known. */
export interface KeySetState {
  /**
   * `file`: from the gateway's own disk; `not-fetched`: nobody has needed them; `fetched`; `stale`: in use although they should
   * have been renewed, and could not be; `unavailable`: there are none to use.
   */
  readonly keys: 'file' | 'not-fetched' | 'fetched' | 'stale' | 'unavailable';
  /** Since a fetched set was asked for. */
  readonly ageSeconds?: number;
}

/** Keys from a local file. */
export class LocalIssuerKeys implements IssuerKeys {
  readonly state: KeySetState = { keys: 'file' };

  constructor(private readonly keys: Promise<VerificationKeys>) {}

  async candidates(alg: string, kid: string | undefined): Promise<readonly KeyObject[]> {
    return (await this.keys).candidates(alg, kid);
  }

  async find(
    alg: string,
    kid: string | undefined,
    isSigner: (key: KeyObject) => boolean,
  ): Promise<KeyObject> {
    const candidates = await this.candidates(alg, kid);
    const signer = candidates.find(isSigner);
    if (!signer) throw invalidToken(candidates.length > 0 ? 'signature' : 'key');
    return signer;
  }
}

/**
 * Keys from an issuer's `jwks_uri`: fetched when first needed, renewed every few minutes and, at most once in 30 s, for a token
 * that none of them signed: a new key may have a new id, or an old one. However many requests wait, there is one fetch.
 */
export class RemoteIssuerKeys implements IssuerKeys {
  private readonly logger = new Logger(RemoteIssuerKeys.name);
  private keys: VerificationKeys | undefined;
  private loadedAt = -Infinity;
  private attemptedAt = -Infinity;
  private lastAttemptFailed = false;
  private lastCause: string | undefined;
  private refetchedForTokenAt = -Infinity;
  private fetching: Promise<void> | undefined;

  constructor(
    private readonly issuer: IssuerConfig['issuer'],
    private readonly fetchKeySet: () => Promise<unknown>,
    private readonly metrics: Metrics,
    private readonly now: () => number = () => performance.now(),
  ) {}

  async candidates(alg: string, kid: string | undefined): Promise<readonly KeyObject[]> {
    return this.renewal() ? [] : (this.usable()?.candidates(alg, kid) ?? []);
  }

  async find(
    alg: string,
    kid: string | undefined,
    isSigner: (key: KeyObject) => boolean,
  ): Promise<KeyObject> {
    const renewal = this.renewal();
    await renewal;
    const known = this.usable();
    const knownCandidates = known?.candidates(alg, kid) ?? [];
    const knownSigner = knownCandidates.find(isSigner);
    if (knownSigner) return knownSigner;
    if (!renewal && known) await this.refetchForToken();
    const renewed = this.usable();
    const candidates = renewed === known ? knownCandidates : (renewed?.candidates(alg, kid) ?? []);
    const signer = renewed === known ? undefined : candidates.find(isSigner);
    if (signer) return signer;
    // A key of that name is known, and it is not the signer's: that stays the last word while the provider is down.
    if (candidates.length > 0) throw invalidToken('signature');
    // Only a provider that answered lately can say that there is no such key.
    throw this.lastAttemptFailed || !renewed
      ? new Problem('keys-unavailable', this.lastCause === undefined ? {} : { cause: this.lastCause })
      : invalidToken('key');
  }

  get state(): KeySetState {
    if (!this.usable()) return { keys: this.lastAttemptFailed ? 'unavailable' : 'not-fetched' };
    const ageMs = this.now() - this.loadedAt;
    return {
      keys: this.lastAttemptFailed && ageMs >= STALE_AFTER_MS ? 'stale' : 'fetched',
      ageSeconds: Math.round(ageMs / SECOND_MS),
    };
  }

  private usable(): VerificationKeys | undefined {
    return this.now() - this.loadedAt < LOST_AFTER_MS ? this.keys : undefined;
  }

  /** The fetch that a request must wait for, where known keys will not do. */
  private renewal(): Promise<void> | undefined {
    const age = this.now() - this.loadedAt;
    if (age < RENEW_AFTER_MS) return undefined;
    const sinceAttempt = this.now() - this.attemptedAt;
    if (!this.usable()) {
      return this.fetching || sinceAttempt >= FIRST_LOAD_INTERVAL_MS ? this.fetch() : undefined;
    }
    // A provider that failed a moment ago is asked again in the background: nobody waits for it while old keys will do.
    const knownToBeDown = this.lastAttemptFailed && sinceAttempt < 2 * REFETCH_INTERVAL_MS;
    if (age >= STALE_AFTER_MS && !knownToBeDown) return this.fetch();
    if (sinceAttempt >= REFETCH_INTERVAL_MS) void this.fetch();
    return undefined;
  }

  private async refetchForToken(): Promise<void> {
    if (!this.fetching) {
      if (this.now() - this.refetchedForTokenAt < REFETCH_INTERVAL_MS) return;
      this.refetchedForTokenAt = this.now();
    }
    await this.fetch();
  }

  private fetch(): Promise<void> {
    this.fetching ??= this.load().finally(() => {
      this.fetching = undefined;
    });
    return this.fetching;
  }

  private async load(): Promise<void> {
    this.attemptedAt = this.now();
    try {
      this.keys = await VerificationKeys.fromKeySet(await this.fetchKeySet());
      // The provider may have put the answer together as soon as it was asked.
      this.loadedAt = this.attemptedAt;
      if (this.lastAttemptFailed)
        this.logger.warn({ issuer: this.issuer }, 'signing keys can be fetched again');
      this.lastAttemptFailed = false;
      this.lastCause = undefined;
      this.metrics.count('key_set_fetches_total', { result: 'succeeded' });
    } catch (error) {
      this.metrics.count('key_set_fetches_total', { result: 'failed' });
      this.lastCause = failureCause(error);
      if (!this.lastAttemptFailed) {
        this.logger.warn({ issuer: this.issuer, cause: this.lastCause }, 'signing keys could not be fetched');
      }
      this.lastAttemptFailed = true;
    }
  }
}
