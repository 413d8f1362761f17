import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { InvalidValue } from './configuration-error.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** Files as one look finds them. Each is read once, so that what is used is exactly what the digest stands for. */
export class FileReadings {
  readonly #readings = new Map<string, Uint8Array | InvalidValue>();

  constructor(paths: readonly string[] = []) {
    for (const path of paths) this.#read(path);
  }

  /**
   * The UTF-8 text of a file.
   *
   * @throws InvalidValue without the path, which is a value of the configuration
   */
  text(path: string): string {
    const reading = this.#read(path);
    if (reading instanceof InvalidValue) throw reading;
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(reading);
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
    const reading = this.#read(path);
    return reading instanceof InvalidValue ? undefined : hash('sha256', reading);
  }

  /** The same for the same files with the same contents, or the same reason why they cannot be read. */
  get digest(): string {
    const found = [...this.#readings].map(([path, reading]) => [
      path,
      reading instanceof InvalidValue ? reading.message : hash('sha256', reading),
    ]);
    return hash('sha256', JSON.stringify(found));
  }

  #read(path: string): Uint8Array | InvalidValue {
    const known = this.#readings.get(path);
    if (known) return known;
    const reading = read(path);
    this.#readings.set(path, reading);
    return reading;
  }
}

function read(path: string): Uint8Array | InvalidValue {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return new InvalidValue(`the file cannot be read (${REASONS[code] ?? code})`);
  }
}
