import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { InvalidValue } from '../config/configuration-error.ts';
import { Faults } from '../config/faults.ts';
import type { FileReadings } from '../config/file-readings.ts';
import { OctaneDocument } from './octane-document.ts';
import { isObject, namesOf, pointerTo } from '../schemas/json-places.ts';
import type { JsonObject } from '../schemas/json-places.ts';
import { member, referenceTo, withReferences } from './references.ts';
import { readTextFile } from './text-file.ts';

const FILE = /\.(ya?ml|json)$/i;
/** Of folders in each other: more is a link that leads back. */
const MAX_LEVELS = 10;
const MAX_BYTES_OF_A_FOLDER = 32 * 1024 * 1024;
/** Where a document keeps the other files that it refers to, and where a reference leads that must not lead anywhere. */
const OTHER_FILES = 'x-octane-bff-files';
const NOWHERE = 'x-octane-bff-nowhere';
const NO_DOCUMENT = 'is not an OpenAPI 3.0 or 3.1 document';

/** A file, or a folder with files. */
export interface Listed {
  readonly path: string;
  /** What a fault names that is about all of it. */
  readonly place: string;
}

/**
 * Reads OpenAPI documents, and the files that they refer to in their folders.
 *
 * @param base the folder below which faults name a file
 */
export function readDocuments(
  listed: readonly Listed[],
  base: string,
  files: FileReadings,
  faults: Faults,
): OctaneDocument[] {
  const library = new Library(base, files, faults);
  for (const each of listed) library.add(each);
  return library.documents();
}

interface Source {
  readonly path: string;
  /** Its path below the base. */
  readonly name: string;
  readonly content: JsonObject;
}

class Library {
  /** Files that were listed, or are in a folder that was, by their paths. */
  private readonly listed = new Map<string, Source>();
  /** Other files that documents refer to. Undefined for one that cannot be used. */
  private readonly asked = new Map<string, Source | undefined>();
  /** No reference leads out of them. */
  private readonly folders: string[] = [];
  /** Files of a folder may be no documents if a document refers to them. */
  private readonly inFolder = new Set<string>();
  /** Of the names of components, in use. */
  private readonly prefixes = new Set<string>();

  constructor(
    private readonly base: string,
    private readonly files: FileReadings,
    private readonly faults: Faults,
  ) {}

  add({ path, place }: Listed): void {
    for (const each of this.faults.attempt(place, () => this.filesOf(path)) ?? []) {
      const source = this.listed.has(each) ? undefined : this.read(each, this.faults);
      if (source) this.listed.set(each, source);
    }
  }

  documents(): OctaneDocument[] {
    const sources = [...this.listed.values()];
    const documents = sources.flatMap((source) => this.documentOf(source) ?? []);
    for (const { path, name, content } of sources) {
      const isPart = this.inFolder.has(path) && this.asked.has(path);
      if (versionOf(content) === undefined && !(isPart && !('swagger' in content || 'openapi' in content)))
        this.faults.add(name, NO_DOCUMENT);
    }
    return documents;
  }

  /** @throws InvalidValue */
  private filesOf(path: string): string[] {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    this.folders.push(isFolder ? path : dirname(path));
    if (!isFolder) return [path];
    const found = filesBelow(path, MAX_LEVELS);
    if (found.length === 0) throw new InvalidValue('the folder has no .yaml, .yml or .json file');
    if (found.reduce((sum, { bytes }) => sum + bytes, 0) > MAX_BYTES_OF_A_FOLDER)
      throw new InvalidValue(`the folder has more than ${MAX_BYTES_OF_A_FOLDER / 1024 / 1024} MiB of files`);
    for (const file of found) this.inFolder.add(file.path);
    return found.map((file) => file.path);
  }

  private read(path: string, faults: Faults): Source | undefined {
    const name = relative(this.base, path).replaceAll(sep, '/');
    const content = readTextFile(path, name, this.files, faults);
    if (isObject(content)) return { path, name, content };
    if (!faults.has(name)) faults.add(name, NO_DOCUMENT);
    return undefined;
  }

  /** With the files that it refers to, and all references as JSON Pointers into itself. */
  private documentOf(source: Source): OctaneDocument | undefined {
    const version = versionOf(source.content);
    if (version === undefined) return undefined;
    const others: Source[] = [];
    const refused: string[] = [];
    const leadingTo = (from: Source) => (reference: string) => {
      try {
        const [target, pointer] = this.resolve(from, reference);
        if (target === source) return referenceTo(pointer);
        if (!others.includes(target)) others.push(target);
        return referenceTo(`${pointerTo('', OTHER_FILES, String(others.indexOf(target)))}${pointer}`);
      } catch (error) {
        if (!(error instanceof InvalidValue)) throw error;
        return referenceTo(pointerTo('', NOWHERE, String(refused.push(error.message) - 1)));
      }
    };
    const root = withReferences(source.content, leadingTo(source)) as JsonObject;
    const contents: unknown[] = [];
    for (const other of others) contents.push(withReferences(other.content, leadingTo(other)));
    return new OctaneDocument(
      source.name,
      others.length === 0 ? root : { ...root, [OTHER_FILES]: contents },
      version,
      this.prefixOf(source.name),
      others.map(({ name }, index) => ({ name, pointer: pointerTo('', OTHER_FILES, String(index)) })),
      new Map(refused.map((reason, index) => [pointerTo('', NOWHERE, String(index)), reason])),
    );
  }

  /** `octane/payments.yaml` → `payments`, or `payments-2` where another document is called so. */
  private prefixOf(name: string): string {
    const base = basename(name, extname(name)).replaceAll(/[^\w-]+/g, '_');
    let prefix = base;
    for (let number = 2; this.prefixes.has(prefix); number += 1) prefix = `${base}-${number}`;
    this.prefixes.add(prefix);
    return prefix;
  }

  /** @throws InvalidValue */
  private resolve(from: Source, reference: string): readonly [Source, string] {
    const [file = '', ...fragment] = reference.split('#');
    const target = file === '' ? from : this.other(from, decoded(file));
    return [target, pointerIn(target.content, fragment.join('#'))];
  }

  /** @throws InvalidValue */
  private other(from: Source, file: string): Source {
    const path = resolve(dirname(from.path), file);
    const isInside = this.folders.some((folder) => path.startsWith(join(folder, sep)));
    if (/^[a-z][a-z0-9+.-]*:|^\/|\\/i.test(file) || !isInside)
      throw new InvalidValue('a reference out of the folder of the documents');
    if (!this.asked.has(path))
      this.asked.set(
        path,
        this.listed.get(path) ?? (FILE.test(path) ? this.read(path, new Faults()) : undefined),
      );
    const source = this.asked.get(path);
    if (!source) throw new InvalidValue('a reference to a file that is not there or cannot be read');
    return source;
  }
}

/** What is hidden is left out: Kubernetes keeps the files of a ConfigMap in hidden folders, too, and links to them. */
function filesBelow(folder: string, levels: number): { path: string; bytes: number }[] {
  if (levels === 0) return [];
  return namesIn(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) return filesBelow(path, levels - 1);
    return FILE.test(name) ? [{ path, bytes: found?.size ?? 0 }] : [];
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .toSorted();
  } catch (error) {
    throw new InvalidValue(`the folder cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/**
 * Names are percent-encoded, as they should be, or written as they are.
 *
 * @throws InvalidValue
 */
function pointerIn(content: unknown, fragment: string): string {
  let [value, pointer] = [content, ''];
  for (const escaped of fragment.split('/').slice(1)) {
    const name = [decoded(escaped), escaped]
      .flatMap((each) => namesOf(`/${each.replaceAll('/', '~1')}`))
      .find((each) => member(value, each) !== undefined);
    if (name === undefined) throw new InvalidValue('a reference that leads nowhere');
    [value, pointer] = [member(value, name), pointerTo(pointer, name)];
  }
  if (!/^(\/|$)/.test(fragment)) throw new InvalidValue('a reference that leads nowhere');
  return pointer;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** YAML takes `openapi: 3.1` for a number. */
function versionOf(content: JsonObject): '3.0' | '3.1' | undefined {
  const version = String(member(content, 'openapi'));
  if (/^3(\.0(\.\d+)?)?$/.test(version)) return '3.0';
  return /^3\.1(\.\d+)?$/.test(version) ? '3.1' : undefined;
}
