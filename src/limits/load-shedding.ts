import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';
import { Problem } from '../problems/problem.ts';

const INTERVAL_MS = 1000;
const RESOLUTION_MS = 10;

/** Whether the event loop lags so far behind that new requests are better refused at once than answered late. */
@Injectable()
export class LoadShedding implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(LoadShedding.name);
  private readonly delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private timer: NodeJS.Timeout | undefined;
  private lookedAt = 0;
  private sheds = false;

  constructor(@Inject(SETTINGS) private readonly settings: Pick<Settings, 'maxEventLoopDelayMs'>) {}

  onApplicationBootstrap(): void {
    if (this.settings.maxEventLoopDelayMs === 0) return;
    this.delays.enable();
    this.lookedAt = performance.now();
    this.timer = setInterval(() => this.look(), INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.delays.disable();
  }

  /** What to answer a new request with; undefined where it is welcome. */
  refusal(): Problem | undefined {
    return this.sheds ? new Problem('overloaded', { reason: 'event-loop-delay' }) : undefined;
  }

  private look(): void {
    const meanMs = this.meanDelayMs();
    const sheds = meanMs > this.settings.maxEventLoopDelayMs;
    if (sheds !== this.sheds) {
      this.logger.warn(
        { meanDelayMs: Math.round(meanMs) },
        sheds ? 'shedding load' : 'no longer shedding load',
      );
    }
    this.sheds = sheds;
  }

  /** Of the time since the last look. */
  private meanDelayMs(): number {
    const { count, mean } = this.delays;
    const elapsedMs = performance.now() - this.lookedAt;
    this.delays.reset();
    this.lookedAt += elapsedMs;
    // A sample is the time between two timers, the resolution included; the first after a reset only starts the clock. So a
    // loop without any sample has not turned twice.
    return count === 0 ? elapsedMs : mean / 1e6 - RESOLUTION_MS;
  }
}
