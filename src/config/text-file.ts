import { readFileSync } from 'node:fs';
import { InvalidValue } from './configuration-error.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/**
 * Reads a file of UTF-8 text.
 *
 * @throws InvalidValue without the path, which is a value of the configuration
 */
export function readTextFile(path: string): string {
  const bytes = readBytes(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InvalidValue('the file is not UTF-8 text');
  }
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new InvalidValue(`the file cannot be read (${REASONS[code] ?? code})`);
  }
}
