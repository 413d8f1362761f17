import { writeSync } from 'node:fs';

/** What waits for the reader at most, beside what its pipe holds. */
const MAX_WAITING_BYTES = 128 * 1024;
/** After this time a write that was not possible is tried again. */
const RETRY_MS = 50;
/** How long a process that ends waits for a reader that is slow. */
const LAST_PATIENCE_MS = 500;
const LINE_END = '\n'.charCodeAt(0);

/** Writes as much as is possible at once, and says how many bytes. Throws `EAGAIN` where it would have to wait. */
type Write = (fd: number, bytes: Uint8Array) => number;

/**
 * Writes lines to a file descriptor and never waits for its reader. What a stalled reader, one that is gone or a full disk does
 * not take is dropped, line by line: what is written is always whole lines, and once it is possible again a line says how many
 * are missing.
 *
 * The lines of one turn of the event loop are written at its end, together: a write costs about as much as all else that is done
 * for a line.
 */
export class LineWriter {
  /** Accepted since the last write. */
  private gathered = '';
  /** Being written; begins in the middle of a line where a part of that is written. */
  private pending: Buffer = Buffer.alloc(0);
  /** Of the lines in `pending` those that a notice of dropped lines tells of; 0 where it is no notice. */
  private told = 0;
  private isMidLine = false;
  /** From the first line that had no room until what waits is written: no later line overtakes a dropped one. */
  private isFull = false;
  private droppedLines = 0;
  /** Dropped lines that no notice told of yet. */
  private untold = 0;
  private retry: NodeJS.Timeout | undefined;

  /**
   * @param notice the line that tells of dropped lines, with its end
   */
  constructor(
    private readonly fd: number,
    private readonly notice: (dropped: number) => string,
    private readonly writeNow: Write = writeSync,
  ) {}

  /** Lines that were dropped so far. */
  get dropped(): number {
    return this.droppedLines;
  }

  /** @param line with its end */
  write(line: string): void {
    if (!this.hasRoomFor(line)) this.flush();
    if (!this.hasRoomFor(line)) {
      this.isFull = true;
      this.drop(1);
      return;
    }
    if (this.gathered === '' && !this.retry) setImmediate(() => this.flush());
    this.gathered += line;
  }

  /** Writes what waits; for the end of the process. A reader that is slow gets a little time. */
  end(): void {
    const endsAt = performance.now() + LAST_PATIENCE_MS;
    this.tryAll();
    while (this.isWaiting && performance.now() < endsAt) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS / 5);
      this.tryAll();
    }
  }

  private get isWaiting(): boolean {
    return this.pending.length > 0 || this.gathered !== '';
  }

  private hasRoomFor(line: string): boolean {
    const waiting = this.pending.length + this.gathered.length;
    return !this.isFull && (waiting === 0 || waiting + line.length <= MAX_WAITING_BYTES);
  }

  private flush(): void {
    if (this.retry) return;
    if (this.tryAll()) return;
    this.retry = setTimeout(() => {
      this.retry = undefined;
      this.flush();
    }, RETRY_MS).unref();
  }

  /** @returns whether nothing is left to write or to tell */
  private tryAll(): boolean {
    try {
      do this.writePending();
      while (this.takeNext());
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') this.dropAll();
      return false;
    }
  }

  private writePending(): void {
    while (this.pending.length > 0) {
      const written = this.writeNow(this.fd, this.pending);
      if (written > 0) this.isMidLine = this.pending[written - 1] !== LINE_END;
      this.pending = this.pending.subarray(written);
    }
    this.untold -= this.told;
    this.told = 0;
  }

  /** What waited since before lines were dropped comes before the notice of them; what came after comes after. */
  private takeNext(): boolean {
    if (this.gathered !== '' && (this.isFull || this.untold === 0)) {
      this.pending = Buffer.from(this.gathered);
      this.gathered = '';
    } else if (this.untold > 0) {
      this.isFull = false;
      this.told = this.untold;
      this.pending = Buffer.from(this.notice(this.told));
    }
    return this.pending.length > 0;
  }

  /** All but the rest of a line of which a part is written: it would be spliced into the next one. */
  private dropAll(): void {
    const rest = this.isMidLine ? this.pending.indexOf(LINE_END) + 1 : 0;
    const isNotice = this.told > 0;
    if (!isNotice) this.drop(linesIn(this.pending.subarray(rest)));
    if (rest === 0) this.told = 0;
    this.pending = this.pending.subarray(0, rest);
    this.drop(linesIn(Buffer.from(this.gathered)));
    this.gathered = '';
  }

  private drop(lines: number): void {
    this.untold += lines;
    this.droppedLines += lines;
  }
}

function linesIn(bytes: Uint8Array): number {
  return bytes.reduce((lines, byte) => (byte === LINE_END ? lines + 1 : lines), 0);
}
