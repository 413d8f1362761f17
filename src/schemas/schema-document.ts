import { isObject, namesOf, pointerTo } from './json-places.ts';
import { jointly, ONE_SCHEMA, perhaps, type Schema, SCHEMA_LIST, SCHEMA_MAP } from './schema.ts';
import { type SchemaFault, SchemaFaults } from './schema-fault.ts';
import { translate, type Translation } from './translate.ts';
import type { JsonSchema } from '../validation/json-schema.ts';

/** Of all schemas that one schema leads to. */
const MAX_SCHEMAS = 10_000;
const MAX_REFERENCES_IN_A_ROW = 100;
const TOO_DEEP = `more than ${MAX_REFERENCES_IN_A_ROW} references in a row`;
const NOT_IN_NAMES = /[^\w.-]+/g;

interface Translated {
  readonly schema: Schema;
  readonly faults: readonly SchemaFault[];
}

/** One OpenAPI document and its schemas, each made JSON Schema 2020-12 when it is asked for. */
export class SchemaDocument {
  private readonly translated = new Map<string, Translated>();
  private readonly opened = new Map<string, readonly SchemaFault[]>();
  private readonly componentNames = new Map<string, string>();
  private readonly madeComponents = new Map<string, JsonSchema | boolean>();
  private depth = 0;

  /**
   * @param root the parsed document, without a circle
   * @param version what it says that it is. People mix both, so both are understood in both
   * @param name what the names of its components begin with: `[A-Za-z0-9_-]+`, another one for each document
   */
  constructor(
    private readonly root: unknown,
    readonly version: '3.0' | '3.1',
    readonly name: string,
  ) {}

  /**
   * The schema at a plain JSON Pointer.
   *
   * @throws SchemaFaults with every fault of it and of all that it refers to
   */
  open(pointer: string): Schema {
    let faults = this.opened.get(pointer);
    if (!faults) this.opened.set(pointer, (faults = this.faultsFrom(pointer)));
    if (faults.length > 0) throw new SchemaFaults(faults);
    return this.at(pointer);
  }

  /**
   * Makes something of the schema at a pointer.
   *
   * @throws SchemaFaults as {@link open}, and where what it refers to is nested too deeply
   */
  make<T>(pointer: string, make: (schema: Schema) => T): T {
    const schema = this.open(pointer);
    this.depth = 0;
    try {
      return make(schema);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new SchemaFaults([{ of: 'document', pointer, message: TOO_DEEP }]);
    }
  }

  /** As {@link open}, of a schema that an opened one refers to. */
  at(pointer: string): Schema {
    return this.translatedAt(pointer).schema;
  }

  /**
   * The reference to a component, which is made when it is first asked for. A boolean for one that says no more.
   *
   * @param key the same for the same content
   * @param title what its name ends with, if no other component of the document is called so
   */
  component(key: string, title: string, make: () => JsonSchema | boolean): JsonSchema | boolean {
    let name = this.componentNames.get(key);
    if (name === undefined) {
      const base = `${this.name}.${title.replaceAll(NOT_IN_NAMES, '_')}`;
      name = base;
      for (let number = 2; this.madeComponents.has(name); number += 1) name = `${base}-${number}`;
      // Known by its name before it is made: a schema may hold itself.
      this.componentNames.set(key, name);
      this.madeComponents.set(name, {});
      this.depth += 1;
      if (this.depth > MAX_REFERENCES_IN_A_ROW) throw new RangeError(TOO_DEEP);
      this.madeComponents.set(name, make());
      this.depth -= 1;
    }
    const made = this.madeComponents.get(name)!;
    return typeof made === 'boolean' ? made : { $ref: `#/components/schemas/${name}` };
  }

  /** Those components that a schema refers to, and those that they refer to. */
  componentsOf(schema: unknown): Record<string, JsonSchema> {
    const found = new Map<string, JsonSchema>();
    const visit = (value: unknown): void => {
      if (Array.isArray(value)) return value.forEach(visit);
      if (!isObject(value)) return;
      const reference = value['$ref'];
      const name = typeof reference === 'string' ? reference.slice('#/components/schemas/'.length) : '';
      const component = this.madeComponents.get(name);
      if (component !== undefined && !found.has(name)) {
        // One that was referred to while it was made, and then turned out to say all or nothing.
        found.set(name, typeof component === 'boolean' ? (component ? {} : { not: {} }) : component);
        visit(component);
      }
      Object.values(value).forEach(visit);
    };
    visit(schema);
    return Object.fromEntries(found);
  }

  private translatedAt(pointer: string): Translated {
    let known = this.translated.get(pointer);
    if (!known) {
      const faults: SchemaFault[] = [];
      let count = 0;
      const translation: Translation = {
        isStrict: false,
        // One more than may be is enough to find that it is too many: an alias may stand for a tree that has no end in sight.
        count: () => {
          count += 1;
          return count <= MAX_SCHEMAS + 1;
        },
        fault: (at, message) => faults.push({ of: 'document', pointer: at, message }),
        place: (reference, at) => {
          const place = this.placeOf(reference);
          if (place === undefined)
            faults.push({ of: 'document', pointer: at, message: 'refers to nothing in this document' });
          return place;
        },
      };
      known = { schema: translate(this.valueAt(pointer), pointer, translation), faults };
      this.translated.set(pointer, known);
    }
    return known;
  }

  private valueAt(pointer: string): unknown {
    return namesOf(pointer).reduce<unknown>((value, name) => step(value, name), this.root);
  }

  /** Names in a reference may be percent-encoded, and may hold a percent sign that encodes nothing. */
  private placeOf(reference: string): string | undefined {
    const [file, fragment = ''] = reference.split('#', 2);
    if (file !== '' || (fragment !== '' && !fragment.startsWith('/'))) return undefined;
    let [value, place] = [this.root, ''];
    for (const escaped of fragment.split('/').slice(1)) {
      const found = [percentDecoded(escaped), escaped]
        .flatMap((one) => namesOf(`/${one.replaceAll('/', '~1')}`))
        .find((name) => step(value, name) !== undefined);
      if (found === undefined) return undefined;
      [value, place] = [step(value, found), pointerTo(place, found)];
    }
    return place;
  }

  private faultsFrom(pointer: string): SchemaFault[] {
    const faults: SchemaFault[] = [];
    const places = new Set([pointer]);
    let count = 0;
    for (const place of places) {
      const translated = this.translatedAt(place);
      faults.push(...translated.faults);
      forEachSchema(translated.schema, (schema) => {
        count += 1;
        if (typeof schema === 'object' && schema.$ref !== undefined) places.add(schema.$ref);
      });
      if (count > MAX_SCHEMAS) {
        const message = `leads to more than ${MAX_SCHEMAS} schemas`;
        return [...faults, { of: 'document', pointer, message }];
      }
    }
    return [...faults, ...this.circlesFrom(places)];
  }

  /** A schema that holds only where it itself holds for the same value: checking it would never end. */
  private circlesFrom(places: ReadonlySet<string>): SchemaFault[] {
    const done = new Set<string>();
    const open = new Set<string>();
    const faults: SchemaFault[] = [];
    const visitPlace = (place: string): void => {
      if (done.has(place)) return;
      if (open.has(place) || open.size > MAX_REFERENCES_IN_A_ROW) {
        const message = open.has(place) ? 'refers to itself, and to nothing inside' : TOO_DEEP;
        faults.push({ of: 'document', pointer: place, message });
        done.add(place);
        return;
      }
      open.add(place);
      visit(this.at(place));
      open.delete(place);
      done.add(place);
    };
    const visit = (schema: Schema): void => {
      if (typeof schema === 'boolean') return;
      if (schema.$ref !== undefined) visitPlace(schema.$ref);
      const tested = [schema.not, schema.if].filter((inner) => inner !== undefined);
      for (const inner of [...jointly(schema), ...perhaps(schema), ...tested]) visit(inner);
    };
    for (const place of places) visitPlace(place);
    return faults;
  }
}

function step(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function forEachSchema(schema: Schema, visit: (schema: Schema) => void): void {
  visit(schema);
  if (typeof schema === 'boolean') return;
  for (const keyword of ONE_SCHEMA) {
    const inner = schema[keyword];
    if (inner !== undefined) forEachSchema(inner, visit);
  }
  for (const keyword of SCHEMA_LIST) schema[keyword]?.forEach((inner) => forEachSchema(inner, visit));
  for (const keyword of SCHEMA_MAP) {
    for (const inner of Object.values(schema[keyword] ?? {})) forEachSchema(inner, visit);
  }
}
