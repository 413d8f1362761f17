import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../crash/random.ts';
import { OCTANE_TIMEOUT_MS } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import type { Fleet, Member } from './fleet.ts';
import type { StormyOctane } from './stormy-octane.ts';
import type { ExpectedError } from './log-faults.ts';
import { within } from './within.ts';

export const JOURNAL_FAILS = 'the journal cannot be written';
export const NOT_READY = 'not ready: the journal cannot be written';
/** A change of the files is promised to be in use within 5 s; the machine may be busy. */
const RELOADED_WITHIN_MS = 10_000;
const RECOVERED_WITHIN_MS = 30_000;
const CONNECT_TIMEOUT_MS = 2000;

/** A database that can be taken away. */
export interface Database {
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
}

/** What happens to a gateway in its life, one thing after the other and each of them before any comes again. */
export class Disturbances {
  readonly counts: Record<string, number> = {};
  readonly brokenPromises: string[] = [];
  readonly expectedErrors: ExpectedError[] = [];
  /** The replica that is restarted; there is none beside the one that lives for the whole time where the store is a file. */
  restless: Member | undefined;
  private readonly fleet: Fleet;
  private readonly deployment: Deployment;
  private readonly octane: StormyOctane;
  private readonly database: Database | undefined;

  constructor(fleet: Fleet, deployment: Deployment, octane: StormyOctane, database: Database | undefined) {
    this.fleet = fleet;
    this.deployment = deployment;
    this.octane = octane;
    this.database = database;
  }

  /** Until then, and until the last of them is over. */
  async rage(random: Random, until: number, onDisturbance: (name: string) => void): Promise<void> {
    const all: Record<string, () => Promise<void>> = {
      storm: () => this.storm(random),
      reload: () => this.reload(),
      rotation: () => this.rotate(),
      'faulty file': () => this.refuseFile(),
      ...(this.restless && {
        'graceful restart': async () => void (this.restless = await this.fleet.replace(this.restless!)),
        kill: async () => void (this.restless = await this.fleet.crash(this.restless!)),
      }),
      ...(this.database && { 'database outage': () => this.loseDatabase(this.database!, random) }),
    };
    const coming: string[] = [];
    while (Date.now() < until) {
      if (coming.length === 0) {
        const names = Object.keys(all);
        while (names.length > 0) coming.push(...names.splice(random.between(0, names.length - 1), 1));
      }
      const name = coming.shift()!;
      onDisturbance(name);
      await all[name]!();
      this.counts[name] = (this.counts[name] ?? 0) + 1;
      await wait(random.between(500, 3000));
    }
  }

  private async storm(random: Random): Promise<void> {
    this.octane.beginStorm();
    await wait(random.between(2000, 6000));
    this.octane.endStorm();
  }

  private async reload(): Promise<void> {
    await this.takeOver('a change of the gateway file', () => this.deployment.publish());
  }

  /** Octane takes the new password beside the old one until every gateway uses it, and calls with the old one have arrived. */
  private async rotate(): Promise<void> {
    const old = this.deployment.passwords.at(-1)!;
    const password = this.deployment.newPassword();
    this.octane.accept(password);
    await this.takeOver('a new password', () => this.deployment.rotate(password));
    await wait(CONNECT_TIMEOUT_MS + OCTANE_TIMEOUT_MS);
    this.octane.refuse(old);
  }

  private async refuseFile(): Promise<void> {
    const from = Date.now();
    const message = 'gateway file refused: what was in use stays';
    const refused = await this.fleet.allSay(
      message,
      () => this.deployment.publishFaulty(),
      RELOADED_WITHIN_MS,
    );
    if (!refused) this.brokenPromises.push('a faulty gateway file was not refused in time');
    this.expectedErrors.push({ message, from, to: Date.now() });
    await this.reload();
  }

  private async loseDatabase(database: Database, random: Random): Promise<void> {
    const from = Date.now();
    await database.goDown();
    await wait(random.between(1000, 4000));
    await database.comeBack();
    const { running } = this.fleet;
    if (!(await within(RECOVERED_WITHIN_MS, () => running.every(({ ready }) => ready)))) {
      this.brokenPromises.push('a gateway was not ready again after the database was');
    }
    for (const message of [JOURNAL_FAILS, NOT_READY]) {
      this.expectedErrors.push({ message, from, to: Date.now() });
    }
  }

  private async takeOver(what: string, act: () => Promise<void>): Promise<void> {
    if (!(await this.fleet.allSay('gateway file reloaded', act, RELOADED_WITHIN_MS))) {
      this.brokenPromises.push(`${what} was not in use in time`);
    }
  }
}
