import { InvalidValue } from '../config/configuration-error.ts';
import type { Faults } from '../config/faults.ts';
import type { JsonObject } from '../schemas/json-places.ts';
import { SchemaDocument } from '../schemas/schema-document.ts';
import { pointerOf, referenceIn, valueAt } from './references.ts';

/** Pointers to schemas where a document gives none: of a text, of anything, and of an object without members. */
export const TEXT = '/x-octane-bff-schemas/text';
export const ANY = '/x-octane-bff-schemas/any';
export const EMPTY = '/x-octane-bff-schemas/empty';

const OWN_SCHEMAS = {
  'x-octane-bff-schemas': {
    text: { type: 'string' },
    any: {},
    empty: { type: 'object', additionalProperties: false },
  },
};

/** A value of a document, and the JSON Pointer to it. */
export interface Located {
  readonly pointer: string;
  readonly value: unknown;
}

/** An OpenAPI document of Octane, whose references all lead into itself. */
export class OctaneDocument {
  readonly root: JsonObject;
  readonly schemas: SchemaDocument;

  constructor(
    /** As faults name it: its path below the folder of the operations file. */
    readonly name: string,
    root: JsonObject,
    private readonly version: '3.0' | '3.1',
    /** What the names of the components in the OpenAPI document begin with that are made of its schemas. */
    componentPrefix: string,
    /** The other files that it refers to, and where it holds them. */
    private readonly others: readonly { readonly name: string; readonly pointer: string }[],
    /** Why a reference leads nowhere, by the pointer that it has now. */
    private readonly nowhere: ReadonlyMap<string, string>,
  ) {
    this.root = { ...root, ...OWN_SCHEMAS };
    this.schemas = new SchemaDocument(this.root, this.version, componentPrefix);
  }

  at(pointer: string): unknown {
    return valueAt(this.root, pointer);
  }

  /** How a fault names a place in it: `payment.yaml#/paths/~1v1~1payments`. */
  placeOf(pointer: string): string {
    const other = this.others.find((each) => `${pointer}/`.startsWith(`${each.pointer}/`));
    return other ? `${other.name}#${pointer.slice(other.pointer.length)}` : `${this.name}#${pointer}`;
  }

  /** The part at a pointer, or the one that it refers to. Members beside a reference stand before those that it leads to. */
  follow({ pointer, value }: Located, faults: Faults): Located | undefined {
    const reference = referenceIn(value);
    if (reference === undefined) return { pointer, value };
    return faults.attempt(this.placeOf(pointer), () => this.target(reference));
  }

  /**
   * Where a reference, and those that it leads to, end.
   *
   * @throws InvalidValue
   */
  private target(reference: string): Located {
    const passed = new Set<string>();
    for (let next = reference; ;) {
      if (passed.has(next)) throw new InvalidValue('a reference to itself');
      passed.add(next);
      const pointer = this.placeIn(next);
      const value = this.at(pointer);
      const further = referenceIn(value);
      if (further === undefined) return { pointer, value };
      next = further;
    }
  }

  /** @throws InvalidValue where it leads nowhere */
  private placeIn(reference: string): string {
    const pointer = pointerOf(reference);
    const reason = this.nowhere.get(pointer);
    if (reason !== undefined) throw new InvalidValue(reason);
    return pointer;
  }

  /** Why a schema with that reference cannot be made, where more can be said than that it leads nowhere. */
  reasonAt(pointer: string): string | undefined {
    const reference = referenceIn(this.at(pointer));
    return reference === undefined ? undefined : this.nowhere.get(pointerOf(reference));
  }
}
