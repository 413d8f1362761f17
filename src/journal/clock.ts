import { Injectable } from '@nestjs/common';

/** The time of day, for what is on record. */
@Injectable()
export class Clock {
  /** Milliseconds since the epoch. */
  now(): number {
    return Date.now();
  }
}
