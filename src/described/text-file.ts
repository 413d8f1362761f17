import { InvalidValue } from '../config/configuration-error.ts';
import type { Faults } from '../config/faults.ts';
import type { FileReadings } from '../config/file-readings.ts';
import { MAX_DEPTH, parseYaml } from '../config/yaml-text.ts';

const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Reads a file of JSON, by its name, or of YAML 1.2. A name that stands twice in one object is a fault in both.
 *
 * @param place what the faults name
 * @returns undefined where there is a fault
 */
export function readTextFile(path: string, place: string, files: FileReadings, faults: Faults): unknown {
  return faults.attempt(place, () => {
    const text = files.text(path, MAX_BYTES);
    return path.endsWith('.json') ? parseJson(text) : parseYaml(text, place, faults, { dates: 'text' });
  });
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    checkNames(text);
    return value;
  } catch (error) {
    if (error instanceof InvalidValue) throw error;
    // The parser's own message quotes the text.
    const [where = ''] = /line \d+ column \d+/.exec((error as Error).message) ?? [];
    throw new InvalidValue(`not valid JSON${where === '' ? '' : ` at ${where.replace(' c', ', c')}`}`);
  }
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/g;

/**
 * @param text well-formed JSON, whose parser keeps the last of names that are the same
 * @throws InvalidValue
 */
function checkNames(text: string): void {
  /** The names of each object that is open, and undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let name = '';
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : undefined);
      if (open.length > MAX_DEPTH) throw new InvalidValue('not valid JSON (nested too deeply)');
    } else if (token === '}' || token === ']') open.pop();
    else if (token !== ':') name = token;
    else {
      const names = open.at(-1)!;
      const decoded = JSON.parse(name) as string;
      if (names.has(decoded)) {
        const lines = text.slice(0, index).split('\n');
        throw new InvalidValue(`not valid JSON at line ${lines.length} (duplicate key)`);
      }
      names.add(decoded);
    }
  }
}
