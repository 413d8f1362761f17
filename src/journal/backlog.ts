const RETRY_INTERVAL_MS = 1000;

/**
 * Writes that nobody waits for any more and that must be made all the same: tried at once, then again until they succeed. Each
 * must be one that does no harm when it is made twice.
 */
export class Backlog {
  private readonly writes: (() => Promise<unknown>)[] = [];
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;

  /** @param onFailure told of each failure */
  constructor(private readonly onFailure: (error: unknown) => void) {}

  /** How many are still to be made. */
  get size(): number {
    return this.writes.length;
  }

  add(write: () => Promise<unknown>): void {
    this.writes.push(write);
    if (!this.timer && !this.round) this.round = this.makeUntilOneFails();
  }

  /** Tries them once more, and then never again. */
  async close(): Promise<void> {
    await this.round;
    clearTimeout(this.timer);
    await this.makeUntilOneFails();
    clearTimeout(this.timer);
  }

  private async makeUntilOneFails(): Promise<void> {
    for (let write = this.writes[0]; write; write = this.writes[0]) {
      try {
        await write();
        this.writes.shift();
      } catch (error) {
        this.onFailure(error);
        // To the end of the line: should the store refuse this one for good, it holds up no other.
        this.writes.push(this.writes.shift()!);
        this.timer = setTimeout(() => {
          this.timer = undefined;
          this.round = this.makeUntilOneFails();
        }, RETRY_INTERVAL_MS).unref();
        break;
      }
    }
    this.round = undefined;
  }
}
