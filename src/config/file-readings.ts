import { hash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { InvalidValue } from './configuration-error.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};
/** A file of that size takes too long to read again every second only to see that it is the same. */
const LARGE_BYTES = 1024 * 1024;
/** A file that was written just before it was read may be written again without another time: some file systems count in seconds. */
const SETTLED_NS = 5_000_000_000n;

interface Reading {
  /** Or why it cannot be read. Undefined: it is large, and is what an earlier look has read. */
  readonly content: Uint8Array | InvalidValue | undefined;
  /** SHA-256 of the content, in hexadecimal; undefined where it cannot be read. */
  readonly digest: string | undefined;
  /** What tells a large file from a changed one; undefined where only its content can. */
  readonly identity: string | undefined;
}

/** Files as one look finds them. Each is read once, so that what is used is exactly what the digest stands for. */
export class FileReadings {
  readonly #readings = new Map<string, Reading>();

  /** @param earlier of the same paths: a large file that is untouched since is not read again, and has no text here */
  constructor(paths: readonly string[] = [], earlier?: FileReadings) {
    const known = earlier ? earlier.#readings : new Map<string, Reading>();
    for (const path of paths) this.#readings.set(path, read(path, Infinity, known.get(path)));
  }

  /**
   * The UTF-8 text of a file, without a byte order mark.
   *
   * @throws InvalidValue without the path, which is a value of the configuration
   */
  text(path: string, maxBytes = Infinity): string {
    const { content } = this.#read(path, maxBytes);
    if (content instanceof InvalidValue) throw content;
    if (!content) throw new Error('a file that was not read again');
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(content);
    } catch {
      throw new InvalidValue('the file is not UTF-8 text');
    }
  }

  /** Of every file that was asked for, in the order of asking, those that cannot be read too. */
  get paths(): readonly string[] {
    return [...this.#readings.keys()];
  }

  /** SHA-256 of one file, in hexadecimal, as `sha256sum` prints it; undefined for one that cannot be read. */
  digestOf(path: string): string | undefined {
    return this.#read(path).digest;
  }

  /** The same for the same files with the same contents, or the same reason why they cannot be read. */
  get digest(): string {
    const found = [...this.#readings].map(([path, { content, digest }]) => [
      path,
      content instanceof InvalidValue ? content.message : digest,
    ]);
    return hash('sha256', JSON.stringify(found));
  }

  #read(path: string, maxBytes = Infinity): Reading {
    const known = this.#readings.get(path);
    if (known) return known;
    const reading = read(path, maxBytes);
    this.#readings.set(path, reading);
    return reading;
  }
}

function read(path: string, maxBytes: number, earlier?: Reading): Reading {
  try {
    // What is no ordinary file may have no end, and no size.
    if (maxBytes !== Infinity && !(statSync(path).isFile() && statSync(path).size <= maxBytes)) {
      const content = new InvalidValue(`must be a file of at most ${maxBytes / 1024 / 1024} MiB`);
      return { content, digest: undefined, identity: undefined };
    }
    const identity = identityOf(path);
    if (identity !== undefined && identity === earlier?.identity) return { ...earlier, content: undefined };
    const content = readFileSync(path);
    return { content, digest: hash('sha256', content), identity };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const content = new InvalidValue(`the file cannot be read (${REASONS[code] ?? code})`);
    return { content, digest: undefined, identity: undefined };
  }
}

function identityOf(path: string): string | undefined {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  const isSettled = BigInt(Date.now()) * 1_000_000n - ctimeNs > SETTLED_NS;
  return size > LARGE_BYTES && isSettled ? [dev, ino, size, mtimeNs, ctimeNs].join() : undefined;
}
