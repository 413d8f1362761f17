import { Logger } from '@nestjs/common';
import { OctaneFailure } from './octane-failure.ts';

/** In a row. */
const MANY_CALLS = 10;

/**
 * Notices that all of many calls were answered with 404. With half its path `OCTANE_BASE_URL` does that to every customer, and each
 * single answer looks like one for an unknown customer.
 */
export class NotFoundWatch {
  private readonly logger = new Logger(NotFoundWatch.name);
  private inARow = 0;

  /** Whether all of the last calls, 10 at least, were answered with 404. */
  get isOnlyNotFound(): boolean {
    return this.inARow >= MANY_CALLS;
  }

  /** Learns from the end of a call. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    try {
      const result = await call();
      this.answered(200);
      return result;
    } catch (error) {
      if (error instanceof OctaneFailure) this.answered(error.octaneStatus);
      throw error;
    }
  }

  /** @param status of Octane's answer; no answer, and one that may come from before Octane looks at the path, says nothing */
  private answered(status: number | undefined): void {
    if (status === 404) {
      this.inARow += 1;
      if (this.inARow === MANY_CALLS)
        this.logger.warn(
          'Octane answered all of the last calls with 404: look at the path in OCTANE_BASE_URL',
        );
    } else if (status !== undefined && isAboutCustomer(status)) {
      if (this.isOnlyNotFound) this.logger.warn('Octane no longer answers every call with 404');
      this.inARow = 0;
    }
  }
}

function isAboutCustomer(status: number): boolean {
  return (status >= 200 && status < 300) || [400, 403, 409, 422].includes(status);
}
