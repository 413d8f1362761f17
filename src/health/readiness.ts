import type {
  HealthIndicatorFunction,
  HealthIndicatorResult,
  HealthIndicatorService,
} from '@nestjs/terminus';
import type { Issuers } from '../auth/issuers.ts';
import type { StoreWatch } from '../journal/store/store-watch.ts';
import type { OctaneClient } from '../octane/octane-client.ts';
import type { Lifecycle } from './lifecycle.ts';

/** What there is to ask. Settings were good, or there would be no process. */
export interface Parts {
  readonly lifecycle: Lifecycle;
  readonly store: StoreWatch;
  readonly octane: OctaneClient;
  readonly issuers: Issuers;
}

/**
 * Whether requests are welcome: the store works and the gateway stays. What others do, Octane and the issuers, is told beside it
 * and turns nobody away: a replica that a balancer takes out because of them would help nobody.
 */
export class Readiness {
  constructor(
    private readonly parts: Parts,
    private readonly health: HealthIndicatorService,
  ) {}

  indicators(): HealthIndicatorFunction[] {
    return [() => this.store(), () => this.lifecycle(), () => this.octane(), () => this.issuers()];
  }

  isReady(): boolean {
    return !this.parts.lifecycle.draining && this.parts.store.isUsable;
  }

  private lifecycle(): HealthIndicatorResult {
    const { draining } = this.parts.lifecycle;
    const indicator = this.health.check('lifecycle');
    return draining ? indicator.down({ draining }) : indicator.up({ draining });
  }

  /** Where changes are put on record. */
  private store(): HealthIndicatorResult {
    const indicator = this.health.check('store');
    return this.parts.store.isUsable ? indicator.up() : indicator.down();
  }

  private octane(): HealthIndicatorResult {
    const states = this.parts.octane.breakerStates();
    const indicator = this.health.check('octane');
    const breakers = Object.fromEntries(states);
    const isWell = states.every(([, state]) => state === 'closed');
    return isWell ? indicator.up({ breakers }) : indicator.degraded({ breakers });
  }

  private issuers(): HealthIndicatorResult {
    const states = this.parts.issuers.keyStates();
    const indicator = this.health.check('issuers');
    const keySets = Object.fromEntries(states);
    const isWell = states.every(([, { keys }]) => keys !== 'stale' && keys !== 'unavailable');
    return isWell ? indicator.up({ keySets }) : indicator.degraded({ keySets });
  }
}
