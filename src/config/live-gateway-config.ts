import { resolve } from 'node:path';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { type ConfigChanges, changesBetween } from './config-changes.ts';
import { ConfigurationError } from './configuration-error.ts';
import { FileReadings } from './file-readings.ts';
import { type GatewayConfig, type GatewayFileSettings, loadGatewayFile } from './gateway-file.ts';

/** A change is in use after two looks; operators are promised 5 s. */
const LOOK_INTERVAL_MS = 1000;

/**
 * What became of a change of the files. The digest is of the gateway file alone (SHA-256): of a file with a secret it would let
 * somebody try guesses.
 */
export type Reload = { readonly digest: string | undefined } & (Acceptance | Refusal);
type Acceptance = { readonly result: 'accepted' } & ConfigChanges;
type Refusal = { readonly result: 'refused'; readonly faults: readonly string[] };

/** What the gateway file and the files that it names hold. */
export interface ConfigSummary {
  /** Paths of all of them. */
  readonly files: readonly string[];
  readonly digest: string | undefined;
  readonly issuers: number;
  readonly callers: number;
  readonly groups: number;
}

/**
 * The gateway file and the files that it names, as they stand now: a good change is taken over, a bad one leaves in use what
 * was. The files are read again and again rather than watched, which works however they are replaced, on every file system.
 */
export class LiveGatewayConfig implements OnApplicationBootstrap, OnApplicationShutdown {
  /** What the start has found. */
  readonly started: ConfigSummary;
  readonly #settings: GatewayFileSettings;
  #config: GatewayConfig;
  /** Every file that the content last accepted or refused was read from. */
  #paths: readonly string[];
  /** Of that content. */
  #digest: string;
  /** The other content that the last look found; undefined: it found none. */
  #seen: Change | undefined;
  readonly #followers: ((config: GatewayConfig) => void)[] = [];
  readonly #listeners: ((reload: Reload) => void)[] = [];
  #lastLook: FileReadings | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @throws ConfigurationError with every fault at once; no fault shows a secret */
  constructor(settings: GatewayFileSettings) {
    const readings = new FileReadings();
    this.#settings = settings;
    this.#config = loadGatewayFile(settings, readings);
    this.#paths = readings.paths;
    this.#digest = readings.digest;
    const { issuers, callers, groups } = this.#config;
    this.started = {
      files: readings.paths,
      digest: this.#fileDigestOf(readings),
      issuers: issuers.length,
      callers: callers.length,
      groups: groups.length,
    };
  }

  /** Hands over the configuration in use, at once and whenever another one takes its place. */
  follow(follower: (config: GatewayConfig) => void): void {
    this.#followers.push(follower);
    follower(this.#config);
  }

  /** Tells of every change that was accepted or refused. A refused one is told once, not at every look. */
  onReload(listener: (reload: Reload) => void): void {
    this.#listeners.push(listener);
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.look(), LOOK_INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  /** Takes over what two looks in a row have found, so that what is half written or gone for a moment does not count. */
  look(): void {
    const seen = this.#seen;
    this.#seen = undefined;
    if (seen && isStillSo(seen)) this.#settle(seen);
    else this.#seen = this.#change();
  }

  /** Reads everything now and takes over or refuses what is there, changed or not: for when somebody asks for it. */
  reload(): void {
    this.#settle(this.#read());
  }

  /** Takes over a good change without waiting for a second look: for when what is in use has just proved wrong. */
  lookAtOnce(): void {
    const change = this.#change();
    if (change?.config) this.#settle(change);
  }

  #change(): Change | undefined {
    this.#lastLook = new FileReadings(this.#paths, this.#lastLook);
    return this.#lastLook.digest === this.#digest ? undefined : this.#read();
  }

  #read(): Change {
    const readings = new FileReadings();
    try {
      return { readings, config: loadGatewayFile(this.#settings, readings) };
    } catch (error) {
      return { readings, config: undefined, refusal: refusal(error) };
    }
  }

  #settle(change: Change): void {
    this.#paths = change.readings.paths;
    this.#digest = change.readings.digest;
    const outcome = change.config ? this.#use(change.config) : change.refusal;
    this.#report({ digest: this.#fileDigestOf(change.readings), ...outcome });
  }

  #use(config: GatewayConfig): Acceptance | Refusal {
    const changes = changesBetween(this.#config, config);
    this.#config = config;
    try {
      for (const follower of this.#followers) follower(config);
      return { result: 'accepted', ...changes };
    } catch (error) {
      return refusal(error);
    }
  }

  #fileDigestOf(readings: FileReadings): string | undefined {
    return readings.digestOf(resolve(this.#settings.gatewayFile));
  }

  #report(reload: Reload): void {
    for (const listener of this.#listeners) listener(reload);
  }
}

type Change = { readonly readings: FileReadings } & (
  { readonly config: GatewayConfig } | { readonly config: undefined; readonly refusal: Refusal }
);

/** What was read once need not be read again: a file with a million blocked entries takes seconds. */
function isStillSo({ readings }: Change): boolean {
  return new FileReadings(readings.paths, readings).digest === readings.digest;
}

/** A defect must not end a gateway that works. Its message is not told: it may hold a value. */
function refusal(error: unknown): Refusal {
  const faults = error instanceof ConfigurationError ? error.faults : [`unexpected ${(error as Error).name}`];
  return { result: 'refused', faults };
}
