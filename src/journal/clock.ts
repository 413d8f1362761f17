import { Injectable } from '@nestjs/common';

/** The time of this machine. */
@Injectable()
export class Clock {
  /** Milliseconds since the epoch. */
  now(): number {
    return Date.now();
  }

  /**
   * Starts to measure. A machine that sleeps stops its steady clock, and the time of day may be set back: the larger of the two
   * counts.
   *
   * @returns tells the milliseconds since the start
   */
  stopwatch(): () => number {
    const [steady, time] = [performance.now(), this.now()];
    return () => Math.max(performance.now() - steady, this.now() - time);
  }
}
