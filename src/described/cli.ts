import { resolve } from 'node:path';
import { Refusal } from '../config/command-line.ts';
import { Faults } from '../config/faults.ts';
import { FileReadings } from '../config/file-readings.ts';
import { SETTINGS_TABLE } from '../config/settings.ts';
import type { Operation } from '../operations/operation.ts';
import { readDocuments } from './documents.ts';
import { readEntry } from './entry.ts';
import type { Entry } from './entry.ts';
import { operationsOf } from './octane-operation.ts';
import type { FoundOperation } from './octane-operation.ts';
import { listIn } from './references.ts';
import { scaffold } from './scaffold.ts';
import { readTextFile } from './text-file.ts';

export const USAGE = `Usage: npm run operations -- list DOCUMENT...
                     lists the operations of OpenAPI documents, and says which ones OPERATIONS_FILE opens
       npm run operations -- scaffold DOCUMENT... "GET /v1/..."
                     prints an entry for the operations file

A DOCUMENT is a file or a folder.
`;

/** An operation that is open, as far as one of a document may be it. */
type Open = Partial<Pick<Entry, 'name' | 'octane' | 'document' | 'route'>>;

/**
 * @param args what stands behind `npm run operations --`
 * @param operationsFile undefined: the operations in code are open
 * @returns what to print
 * @throws Refusal, ConfigurationError
 */
export function answerTo(
  args: readonly string[],
  operationsFile: string | undefined,
  inCode: readonly Operation[],
): string {
  const [command, ...rest] = args;
  if (command === '--help' || command === 'help') return USAGE;
  const documents = command === 'scaffold' ? rest.slice(0, -1) : rest;
  if (!['list', 'scaffold'].includes(command ?? '') || documents.length === 0) throw new Refusal(USAGE);
  const faults = new Faults();
  const open = operationsFile === undefined ? inCode : openIn(operationsFile, inCode, faults);
  const listed = documents.map((each) => ({ path: resolve(each), place: each }));
  const found = readDocuments(listed, process.cwd(), new FileReadings(), faults).flatMap(operationsOf);
  faults.throwIfAny();
  if (command === 'list') return list(found, open);
  const wanted = rest.at(-1)!.trim();
  const fitting = found.filter(({ method, path }) => `${method} ${path}` === wanted);
  const [first] = fitting;
  if (!first)
    throw new Refusal('No document has this operation. See: npm run operations -- list DOCUMENT...');
  const own = inCode.find(({ octane }) => octane === wanted);
  if (own) return `  - name: ${own.name} # its rules are in code, so the entry needs no more\n`;
  const taken = [...inCode, ...open].flatMap(({ name, route, ...each }) =>
    name === undefined || route === undefined ? [] : [{ name, route, id: 'id' in each ? each.id : name }],
  );
  const entry = scaffold(first, fitting.length > 1, { operations: taken }, faults);
  faults.throwIfAny();
  return entry!;
}

/** What is wrong in an entry is told at the start. */
function openIn(file: string, inCode: readonly Operation[], faults: Faults): Open[] {
  const content = readTextFile(
    resolve(file),
    SETTINGS_TABLE.operationsFile.variable,
    new FileReadings(),
    faults,
  );
  const names = inCode.map(({ name }) => name);
  return listIn(content, 'operations').map((each) => {
    const entry = readEntry(each, '', names, new Faults());
    return inCode.find(({ name }) => name === entry.name) ?? entry;
  });
}

function list(found: readonly FoundOperation[], open: readonly Open[]): string {
  const rows = found.map(({ document, method, path, value }) => {
    const isIt = (each: Open): boolean =>
      each.octane === `${method} ${path}` &&
      (each.document === undefined || `/${document.name}`.endsWith(`/${each.document.replace(/^\.\//, '')}`));
    const name = open.find(isIt)?.name;
    const title = typeof value['summary'] === 'string' ? value['summary'] : '-';
    return [method, visible(path), visible(title), name === undefined ? 'closed' : `open as ${name}`];
  });
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** In one line, without what a terminal would take for a command. */
function visible(text: string): string {
  return text.replaceAll(/[\p{C}\s]+/gu, ' ').trim();
}
