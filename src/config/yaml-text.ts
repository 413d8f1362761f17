import { parseDocument } from 'yaml';
import type { Faults } from './faults.ts';

/**
 * Parses one YAML 1.2 document. What is wrong goes to `faults` with its line and column, never with the text itself.
 * Keys that stand twice, keys that are collections, and unknown tags are refused. A date without quotes becomes a `Date`: YAML 1.2
 * takes it for text, other readers of the same file do not, so whoever wants a text can ask for quotes.
 */
export function parseYaml(text: string, place: string, faults: Faults): unknown {
  const document = parseDocument(text, { stringKeys: true, customTags: ['timestamp'] });
  for (const { code, linePos } of [...document.errors, ...document.warnings]) {
    const where = linePos ? ` at line ${linePos[0].line}, column ${linePos[0].col}` : '';
    faults.add(place, `not valid YAML${where} (${code.toLowerCase().replaceAll('_', ' ')})`);
  }
  if (faults.has(place)) return undefined;
  try {
    const content: unknown = document.toJS();
    // A loop through aliases is good YAML, but no tree: like JSON, whoever reads on may expect one.
    JSON.stringify(content);
    return content;
  } catch {
    faults.add(place, 'not valid YAML (an alias that refers to nothing or to itself, or too many aliases)');
    return undefined;
  }
}
