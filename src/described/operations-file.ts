import { dirname, resolve } from 'node:path';
import { Faults } from '../config/faults.ts';
import { FileReadings } from '../config/file-readings.ts';
import { SETTINGS_TABLE } from '../config/settings.ts';
import type { Settings } from '../config/settings.ts';
import { mostSimilar } from '../config/unread-variables.ts';
import { pathOf } from '../operations/operation.ts';
import type { Read } from '../operations/operation.ts';
import type { OpenOperation } from '../operations/operations.module.ts';
import { isObject, pointerTo } from '../schemas/json-places.ts';
import { openDescribed } from './described.module.ts';
import { readDocuments } from './documents.ts';
import { listOf, mapping, readEntry, text } from './entry.ts';
import type { Entry } from './entry.ts';
import type { OctaneDocument } from './octane-document.ts';
import { lookAt, operationsOf } from './octane-operation.ts';
import type { FoundOperation, OctaneOperation } from './octane-operation.ts';
import { idOf, loginOf, openEntry } from './open-entry.ts';
import { TakenRoutes } from './routes.ts';
import { readTextFile } from './text-file.ts';

/** What the operations file opens. */
export interface OperationsFile {
  /** In the order of the file. */
  readonly operations: readonly OpenOperation[];
  /** What is no fault, and what an operator should know. */
  readonly notes: readonly string[];
  /** Paths of all files that were read. */
  readonly files: readonly string[];
}

/** The ids of what anybody may read. */
const OWN_IDS = ['listProblems', 'explainProblem', 'getOpenApi', 'getReference'];

/**
 * Reads the operations file and its documents, and checks them whole. Paths in the file are relative to its folder.
 *
 * @param inCode the operations with rules in code, which the file opens by their names
 * @throws ConfigurationError with every fault at once
 */
export function readOperationsFile(
  path: string,
  { journalRetentionDays }: Pick<Settings, 'journalRetentionDays'>,
  inCode: readonly OpenOperation[],
): OperationsFile {
  const faults = new Faults();
  const files = new FileReadings();
  const { entries, documents } = readFile(path, inCode, files, faults);
  checkNames(entries, inCode, faults);
  const routes = new TakenRoutes();
  for (const { entry, place } of entries) {
    const route =
      entry.route ?? inCode.find(({ operation }) => operation.name === entry.name)?.operation.route;
    if (route !== undefined) routes.take(route, entry.name ?? 'another entry', `${place}.route`, faults);
    if (entry.keyHours !== undefined && entry.keyHours > journalRetentionDays * 24)
      faults.add(
        `${place}.keyHours`,
        `must not be longer than ${SETTINGS_TABLE.journalRetentionDays.variable}, because a key is deleted together with its record`,
      );
  }
  const library = { documents, found: documents.flatMap(operationsOf) };
  const described = entries.flatMap(({ entry, place }) => {
    const octane = isWhole(entry) ? operationOf(entry, place, library, faults) : undefined;
    return octane ? [{ entry: entry as Entry, place, octane }] : [];
  });
  const { opened, notes } = open(described, faults);
  faults.throwIfAny();
  const operations = entries.map(({ entry }) => {
    const isIt = ({ operation }: OpenOperation): boolean => operation.name === entry.name;
    return opened.get(entry.name!) ?? withLogin(inCode.find(isIt)!, entry);
  });
  return { operations, notes, files: files.paths };
}

function withLogin({ operation, module }: OpenOperation, entry: Partial<Entry>): OpenOperation {
  return { operation: { ...operation, ...loginOf(entry) }, module };
}

interface LocatedEntry {
  /** What is wrong in it is left out. */
  readonly entry: Partial<Entry>;
  readonly place: string;
}

interface Content {
  readonly entries: readonly LocatedEntry[];
  readonly documents: readonly OctaneDocument[];
}

function readFile(
  file: string,
  inCode: readonly OpenOperation[],
  files: FileReadings,
  faults: Faults,
): Content {
  const place = SETTINGS_TABLE.operationsFile.variable;
  const path = resolve(file);
  const content = readTextFile(path, place, files, faults);
  faults.throwIfAny();
  const names = inCode.map(({ operation }) => operation.name);
  const readContent = mapping<{ documents: readonly string[]; operations: readonly LocatedEntry[] }>(
    {
      documents: listOf(text),
      operations: listOf((value, at) => ({ entry: readEntry(value, at, names, faults), place: at })),
    },
    ['operations'],
  );
  if (!isObject(content)) faults.add(place, 'must hold a mapping with documents and operations');
  const { documents = [], operations = [] } = (isObject(content) && readContent(content, '', faults)) || {};
  const folder = dirname(path);
  const listed = documents.map((each, index) => ({
    path: resolve(folder, each),
    place: `documents[${index}]`,
  }));
  return { entries: operations, documents: readDocuments(listed, folder, files, faults) };
}

/** Whether it has all that an operation is found and made by. */
function isWhole(entry: Partial<Entry>): boolean {
  const { name, octane, route, scope, effect } = entry;
  return [name, octane, route, scope, effect].every((each) => each !== undefined);
}

function checkNames(
  entries: readonly LocatedEntry[],
  inCode: readonly OpenOperation[],
  faults: Faults,
): void {
  const taken = new Map(
    inCode.flatMap(({ operation: { name, id } }) => [
      [idOf(name), name],
      [id, name],
    ]),
  );
  for (const id of OWN_IDS) taken.set(id, 'the gateway itself');
  const names = new Map<string, string>();
  for (const { entry, place } of entries) {
    const { name } = entry;
    if (name === undefined) continue;
    const id = idOf(name);
    const other = names.get(name);
    const isInCode = inCode.some(({ operation }) => operation.name === name);
    if (other !== undefined) faults.add(`${place}.name`, `${other} has the same name`);
    else if (id in Object.prototype || id === 'then')
      faults.add(`${place}.name`, 'is a name that JavaScript uses itself');
    else if (!isInCode && taken.has(id))
      faults.add(`${place}.name`, `becomes the same method name in clients as ${taken.get(id)}`);
    names.set(name, place);
    if (!isInCode) taken.set(id, place);
  }
}

/** The operation of the documents that an entry means. */
function operationOf(
  { octane = 'GET /', document: wanted }: Partial<Entry>,
  place: string,
  { documents, found }: { documents: readonly OctaneDocument[]; found: readonly FoundOperation[] },
  faults: Faults,
): OctaneOperation | undefined {
  const isWanted = ({ name }: OctaneDocument): boolean =>
    wanted === undefined || `/${name}`.endsWith(`/${wanted.replace(/^\.\//, '')}`);
  if (!documents.some(isWanted)) {
    faults.add(wanted === undefined ? 'documents' : `${place}.document`, 'no such document is listed');
    return undefined;
  }
  const routes = found.filter((each) => isWanted(each.document));
  const [first, ...others] = routes.filter(({ method, path }) => octane === `${method} ${path}`);
  if (!first) {
    // A path item that cannot be followed has none.
    const before = faults.count;
    for (const document of documents.filter(isWanted)) {
      const pointer = pointerTo('/paths', pathOf(octane));
      document.follow({ pointer, value: document.at(pointer) }, faults);
    }
    const meant = mostSimilar(octane, [...new Set(routes.map(({ method, path }) => `${method} ${path}`))]);
    if (faults.count === before)
      faults.add(
        `${place}.octane`,
        `no document has this operation${meant === undefined ? '' : `: did you mean ${meant}?`}`,
      );
    return undefined;
  }
  if (others.length > 0) {
    const names = [first, ...others].map((each) => each.document.name);
    faults.add(
      `${place}.${wanted === undefined ? 'octane' : 'document'}`,
      `the documents have this operation more than once: name one of ${names.join(', ')} as document`,
    );
    return undefined;
  }
  return lookAt(first, faults);
}

interface DescribedEntry {
  readonly entry: Entry;
  readonly place: string;
  readonly octane: OctaneOperation;
}

/** Reads that others ask come first. */
function open(
  described: readonly DescribedEntry[],
  faults: Faults,
): { opened: ReadonlyMap<string, OpenOperation>; notes: string[] } {
  const opened = new Map<string, OpenOperation>();
  const reads = new Map<string, Read | undefined>();
  const notes: string[] = [];
  for (const { entry } of described)
    if (entry.effect === 'read' && !entry.ownedBy) reads.set(entry.name, undefined);
  for (const each of described.toSorted(
    (one, other) => Number(!!one.entry.ownedBy) - Number(!!other.entry.ownedBy),
  )) {
    const made = openEntry(each, reads, faults);
    if (!made) continue;
    if (reads.has(each.entry.name)) reads.set(each.entry.name, made.operation as Read);
    notes.push(...made.notes);
    opened.set(each.entry.name, openDescribed(made.operation));
  }
  return { opened, notes };
}
