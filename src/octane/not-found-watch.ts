/** In a row. */
const MANY_CALLS = 10;

/**
 * Notices that all of many calls were answered with 404. With half its path `OCTANE_BASE_URL` does that to every customer, and each
 * single answer looks like one for an unknown customer.
 */
export class NotFoundWatch {
  private inARow = 0;

  /** @param onChange told when it begins, and when it is over */
  constructor(private readonly onChange: (isOnlyNotFound: boolean) => void) {}

  /** Whether all of the last calls, 10 at least, were answered with 404. */
  get isOnlyNotFound(): boolean {
    return this.inARow >= MANY_CALLS;
  }

  /** @param status of Octane's answer; no answer, and one that may come from before Octane looks at the path, says nothing */
  answered(status: number | undefined): void {
    if (status === 404) {
      this.inARow += 1;
      if (this.inARow === MANY_CALLS) this.onChange(true);
    } else if (status !== undefined && isAboutCustomer(status)) {
      const wasOnlyNotFound = this.isOnlyNotFound;
      this.inARow = 0;
      if (wasOnlyNotFound) this.onChange(false);
    }
  }
}

function isAboutCustomer(status: number): boolean {
  return (status >= 200 && status < 300) || [400, 403, 409, 422].includes(status);
}
