import type { Writable } from 'node:stream';

const STEPS = 10;

/**
 * Tells how far something is: on a terminal in one line that changes, and over which goes what is said next; elsewhere in a line
 * for each tenth.
 */
export class Progress {
  private step = 0;

  /** @param what stands before the numbers */
  constructor(
    private readonly stream: Writable & { readonly isTTY?: boolean },
    private readonly what: string,
  ) {}

  tell(done: number, all: number): void {
    const text = `${this.what}: ${done} of ${all}`;
    const step = all === 0 ? STEPS : Math.floor((done / all) * STEPS);
    if (this.stream.isTTY) this.stream.write(text + (done >= all ? '\n' : '\r'));
    else if (step > this.step) this.stream.write(`${text}\n`);
    this.step = step;
  }
}
