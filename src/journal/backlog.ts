const RETRY_INTERVAL_MS = 1000;

/**
 * Writes that nobody waits for any more and that must be made all the same: tried at once, then again until they succeed. Each
 * must be one that does no harm when it is made twice.
 */
export class Backlog {
  private readonly writes: { readonly make: () => Promise<unknown>; readonly isOwed: boolean }[] = [];
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;

  /** @param onFailure told of each failure; says whether the write is to be tried again */
  constructor(private readonly onFailure: (error: unknown) => 'again' | 'never') {}

  /** How many are still to be made. */
  get size(): number {
    return this.writes.length;
  }

  /** How many of them say something that only this process knows. */
  get owed(): number {
    return this.writes.filter(({ isOwed }) => isOwed).length;
  }

  /** @param isOwed whether it says something that only this process knows */
  add(make: () => Promise<unknown>, isOwed: boolean): void {
    this.writes.push({ make, isOwed });
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
        await write.make();
        this.writes.shift();
      } catch (error) {
        const verdict = this.onFailure(error);
        this.writes.shift();
        if (verdict === 'never') continue;
        // To the end of the line, where it holds up no other.
        this.writes.push(write);
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
