import type { JsonSchema } from '../validation/json-schema.ts';
import { answerSchema, writeOnlyIn } from './answer-schema.ts';
import { isObject, put } from './json-places.ts';
import { isRawNumber, isWhole, parseJson, rawNumber } from './numbers.ts';
import { compilePattern } from './pattern.ts';
import { ownSchema, together } from './same-value.ts';
import type { Schema, SchemaObject, Type } from './schema.ts';
import type { SchemaDocument } from './schema-document.ts';

export interface AnswerReader {
  /**
   * What of an answer of Octane is documented, as JSON.
   *
   * @returns undefined where a type is wrong or a required member is missing
   */
  readonly read: (text: string) => string | undefined;
  /** What may be promised of it, for the OpenAPI document. */
  readonly schema: JsonSchema;
  readonly components: Readonly<Record<string, JsonSchema>>;
  /** Whether the document has no name for anything in it. */
  readonly namesNothing: boolean;
}

/** How often the values of one answer may be looked at. */
const MAX_VISITS = 2_000_000;
/** What a value becomes that is not what the document says. */
const WRONG = Symbol('wrong');

/** @throws SchemaFaults */
export function answerReader(document: SchemaDocument, schemaPointer: string): AnswerReader {
  return document.make(schemaPointer, (documented) => {
    const shapes = new Shapes(document);
    const shape = shapes.of([documented], new Set());
    const made = answerSchema(document, documented);
    const schema = typeof made === 'boolean' ? {} : made;
    return {
      read: (text) => shapes.read(shape, text),
      schema,
      components: document.componentsOf(schema),
      namesNothing: !shape.holdsNames(),
    };
  });
}

/** Passes JSON on as it is. */
export function asIsReader(): Pick<AnswerReader, 'read'> {
  return {
    read: (text) => {
      try {
        JSON.parse(text);
        return text;
      } catch {
        return undefined;
      }
    },
  };
}

interface Branches {
  /** Whether one of them must hold. */
  readonly isNeeded: boolean;
  readonly shapes: readonly Shape[];
}

class Shapes {
  visits = 0;
  private readonly known = new Map<string, Shape>();
  private readonly numbers = new Map<Schema, number>();

  constructor(readonly document: SchemaDocument) {}

  read(shape: Shape, text: string): string | undefined {
    this.visits = 0;
    try {
      const value = shape.of(parseJson(text, rawNumber));
      return value === WRONG ? undefined : JSON.stringify(value);
    } catch {
      // No JSON, or nested so deeply that nobody else would read it.
      return undefined;
    }
  }

  /**
   * What is kept of a value of which all these schemas hold.
   *
   * @param required the names that something else about the same value requires
   */
  of(schemas: readonly Schema[], required: ReadonlySet<string>): Shape {
    const key = `${schemas.map((schema) => this.numberOf(schema)).join()} ${[...required].toSorted().join('\0')}`;
    let shape = this.known.get(key);
    // Known before it is whole: a schema may hold itself.
    if (!shape) this.known.set(key, (shape = new Shape(this, schemas, required)));
    return shape;
  }

  private numberOf(schema: Schema): number {
    let number = this.numbers.get(schema);
    if (number === undefined) this.numbers.set(schema, (number = this.numbers.size));
    return number;
  }
}

/** What is kept of one value. Made when it is first needed, so that a schema may hold itself. */
class Shape {
  private readonly schemas: readonly SchemaObject[];
  private readonly branches: readonly Branches[];
  private readonly required: ReadonlySet<string>;
  private readonly hidden: ReadonlySet<string>;
  private readonly types: ReadonlySet<Type> | undefined;
  private readonly members = new Map<string, Shape | undefined>();
  private readonly elements = new Map<number, Shape | undefined>();
  private readonly isOpen: boolean;
  private readonly namesMembers: boolean;
  private readonly namesElements: boolean;
  private namingFound: boolean | undefined;
  private listingFound: boolean | undefined;

  constructor(
    private readonly shapes: Shapes,
    schemas: readonly Schema[],
    outer: ReadonlySet<string>,
  ) {
    const { document } = shapes;
    this.schemas = together(document, schemas);
    this.hidden = new Set(schemas.flatMap((schema) => writeOnlyIn(document, schema)));
    const own = this.schemas.flatMap(({ required = [] }) => required);
    this.required = new Set([...outer, ...own].filter((name) => !this.hidden.has(name)));
    const typed = this.schemas.flatMap(({ type }) => (type ? [new Set(type)] : []));
    this.types = typed.length === 0 ? undefined : typed.reduce(bothTypes);
    this.isOpen = this.schemas.some(
      ({ additionalProperties: more, unevaluatedProperties: rest, patternProperties }) =>
        (more ?? false) !== false || (rest ?? false) !== false || patternProperties !== undefined,
    );
    this.namesMembers =
      this.isOpen || this.schemas.some(({ properties = {} }) => Object.keys(properties).length > 0);
    this.namesElements = this.schemas.some(
      ({ items, prefixItems, unevaluatedItems }) => items ?? prefixItems ?? unevaluatedItems,
    );
    const branchesOf = (isNeeded: boolean, inner: readonly Schema[] = []): Branches[] =>
      inner.length === 0 ? [] : [{ isNeeded, shapes: inner.map((one) => shapes.of([one], this.required)) }];
    this.branches = this.schemas.flatMap(
      ({ anyOf, oneOf, then: consequence, else: alternative, dependentSchemas = {} }) => [
        ...branchesOf(true, anyOf),
        ...branchesOf(true, oneOf),
        ...branchesOf(
          false,
          [consequence, alternative, ...Object.values(dependentSchemas)].filter((one) => one !== undefined),
        ),
      ],
    );
  }

  /** Whether something here, or in a branch, says what members an object has. */
  private get isNaming(): boolean {
    this.namingFound ??=
      this.namesMembers || this.branches.some(({ shapes }) => shapes.some((one) => one.isNaming));
    return this.namingFound;
  }

  /** As {@link isNaming}, of the elements of a list. */
  private get isListing(): boolean {
    this.listingFound ??=
      this.namesElements || this.branches.some(({ shapes }) => shapes.some((one) => one.isListing));
    return this.listingFound;
  }

  /** Whether something is named here or inside a list. */
  holdsNames(depth = 0): boolean {
    if (this.isNaming) return true;
    const takesObjects = !this.types || this.types.has('object');
    const takesLists = !this.types || this.types.has('array');
    if (!takesLists) return !takesObjects;
    const inner = this.schemas
      .flatMap(({ items, prefixItems = [] }) => [...prefixItems, items ?? []].flat())
      .map((schema) => this.shapes.of([schema], new Set()));
    const branches = this.branches.flatMap(({ shapes }) => shapes);
    return depth < 20 && [...inner, ...branches].some((shape) => shape.holdsNames(depth + 1));
  }

  of(value: unknown): unknown {
    this.shapes.visits += 1;
    if (this.shapes.visits > MAX_VISITS) throw new RangeError('too many visits');
    if (this.types && !hasType(value, this.types)) return WRONG;
    const isList = Array.isArray(value);
    if (!isList && !isObject(value)) return this.branches.every((one) => isTaken(one, value)) ? value : WRONG;
    const own = isList ? this.ofList(value) : this.ofObject(value);
    if (own === WRONG) return WRONG;
    const told = (isList ? this.namesElements : this.namesMembers) ? [own] : [];
    for (const { isNeeded, shapes } of this.branches) {
      const kept = shapes
        .map((shape) => [shape, shape.of(value)] as const)
        .filter(([, one]) => one !== WRONG);
      if (isNeeded && kept.length === 0) return WRONG;
      told.push(...kept.filter(([one]) => (isList ? one.isListing : one.isNaming)).map(([, one]) => one));
    }
    return told.length === 0 ? value : told.reduce(merged);
  }

  private ofObject(value: Readonly<Record<string, unknown>>): unknown {
    for (const name of this.required) if (!Object.hasOwn(value, name)) return WRONG;
    if (!this.namesMembers) return value;
    const names = Object.keys(value);
    let copy: Record<string, unknown> | undefined;
    for (const [index, name] of names.entries()) {
      const inner = value[name];
      const shape = this.memberNamed(name);
      let kept = shape === undefined ? undefined : shape.of(inner);
      if (kept === WRONG) {
        if (inner !== null || this.required.has(name)) return WRONG;
        kept = undefined;
      }
      if (kept === inner && !copy) continue;
      copy ??= copyOf(value, names, index);
      if (kept !== undefined) put(copy, name, kept);
    }
    return copy ?? value;
  }

  private ofList(value: readonly unknown[]): unknown {
    let copy: unknown[] | undefined;
    for (const [index, inner] of value.entries()) {
      const shape = this.elementAt(index);
      const kept = shape === undefined ? inner : shape.of(inner);
      if (kept === WRONG) return WRONG;
      if (kept === inner && !copy) continue;
      copy ??= value.slice(0, index);
      copy.push(kept);
    }
    return copy ?? value;
  }

  /** Undefined where nothing names it. */
  private memberNamed(name: string): Shape | undefined {
    if (this.members.has(name)) return this.members.get(name);
    const shape = this.hidden.has(name) ? undefined : this.newMember(name);
    // Names that Octane makes up are without number.
    const isDocumented = this.schemas.some(({ properties }) => ownSchema(properties, name) !== undefined);
    if (isDocumented) this.members.set(name, shape);
    return shape;
  }

  private newMember(name: string): Shape | undefined {
    const named: Schema[] = [];
    const rest: Schema[] = [];
    for (const { properties, patternProperties = {}, additionalProperties, unevaluatedProperties } of this
      .schemas) {
      const own = ownSchema(properties, name);
      const matching = Object.entries(patternProperties).filter(([pattern]) =>
        compilePattern(pattern).test(name),
      );
      const found = [...(own === undefined ? [] : [own]), ...matching.map(([, schema]) => schema)];
      named.push(...found);
      if (found.length === 0 && (additionalProperties ?? false) !== false) named.push(additionalProperties!);
      if ((unevaluatedProperties ?? false) !== false) rest.push(unevaluatedProperties!);
    }
    const schemas = named.length > 0 ? named : rest;
    return schemas.length === 0 ? undefined : this.shapes.of(schemas, new Set());
  }

  private elementAt(index: number): Shape | undefined {
    const longest = Math.max(0, ...this.schemas.map(({ prefixItems = [] }) => prefixItems.length));
    const place = Math.min(index, longest);
    if (!this.elements.has(place)) {
      const found = this.schemas.flatMap(({ prefixItems = [], items, unevaluatedItems }) => {
        const own = prefixItems[place] ?? items ?? unevaluatedItems;
        return own === undefined || own === false ? [] : [own];
      });
      this.elements.set(place, found.length === 0 ? undefined : this.shapes.of(found, new Set()));
    }
    return this.elements.get(place);
  }
}

const isTaken = ({ isNeeded, shapes }: Branches, value: unknown): boolean =>
  !isNeeded || shapes.some((shape) => shape.of(value) !== WRONG);

function bothTypes(one: ReadonlySet<Type>, other: ReadonlySet<Type>): Set<Type> {
  const wide = (types: ReadonlySet<Type>): Set<Type> =>
    types.has('number') ? new Set<Type>([...types, 'integer']) : new Set(types);
  return wide(one).intersection(wide(other));
}

function hasType(value: unknown, types: ReadonlySet<Type>): boolean {
  if (value === null) return types.has('null');
  if (Array.isArray(value)) return types.has('array');
  if (typeof value === 'number' || isRawNumber(value)) {
    if (types.has('number')) return true;
    return types.has('integer') && (isRawNumber(value) ? isWhole(value.rawJSON) : Number.isInteger(value));
  }
  return types.has(typeof value as Type);
}

function copyOf(
  value: Readonly<Record<string, unknown>>,
  names: readonly string[],
  end: number,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (let index = 0; index < end; index += 1) put(copy, names[index]!, value[names[index]!]);
  return copy;
}

/** What two schemas keep of one value. */
function merged(one: unknown, other: unknown): unknown {
  if (one === other) return one;
  if (Array.isArray(one) && Array.isArray(other) && one.length === other.length)
    return one.map((element, index) => merged(element, other[index]));
  if (!isObject(one) || !isObject(other)) return one;
  const all: Record<string, unknown> = {};
  for (const name of Object.keys(one))
    put(all, name, Object.hasOwn(other, name) ? merged(one[name], other[name]) : one[name]);
  for (const name of Object.keys(other)) if (!Object.hasOwn(all, name)) put(all, name, other[name]);
  return all;
}
