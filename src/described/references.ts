import { isObject, namesOf, ownValue } from '../schemas/json-places.ts';
import type { JsonObject } from '../schemas/json-places.ts';

/** The own member of that name, of an object or a list. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? ownValue(value as JsonObject, name) : undefined;
}

/** The own member of that name where it is an object, else an empty one. */
export function objectIn(value: unknown, name: string): JsonObject {
  const found = member(value, name);
  return isObject(found) ? found : {};
}

export function listIn(value: unknown, name: string): readonly unknown[] {
  const found = member(value, name);
  return Array.isArray(found) ? found : [];
}

/** Without spaces around it; undefined where it is no text, or an empty one. */
export function textIn(value: unknown, name: string): string | undefined {
  const found = member(value, name);
  return (typeof found === 'string' && found.trim()) || undefined;
}

/** A reference is a text: a member of that name may be anything else. */
export function referenceIn(value: unknown): string | undefined {
  const reference = member(value, '$ref');
  return typeof reference === 'string' ? reference : undefined;
}

/** @returns undefined where there is nothing, or the text is no JSON Pointer */
export function valueAt(root: unknown, pointer: string): unknown {
  return isPointer(pointer) ? namesOf(pointer).reduce(member, root) : undefined;
}

/** A reference within a document, whose names may hold a percent sign. */
export function referenceTo(pointer: string): string {
  return `#${pointer.replaceAll('%', '%25')}`;
}

/** The pointer of a reference that {@link referenceTo} made. */
export function pointerOf(reference: string): string {
  return reference.slice(1).replaceAll('%25', '%');
}

/** Of RFC 6901. */
export function isPointer(text: string): boolean {
  return (text === '' || text.startsWith('/')) && !/~(?![01])/.test(text);
}

/** Members that hold parts of a document by names that its author chose. */
const BY_NAME = new Set([
  '$defs',
  'callbacks',
  'content',
  'definitions',
  'dependentSchemas',
  'headers',
  'parameters',
  'pathItems',
  'paths',
  'patternProperties',
  'properties',
  'requestBodies',
  'responses',
  'schemas',
]);
/** Members that hold what an author likes, where `$ref` says nothing. */
const IS_DATA = /^(const|default|discriminator|enum|examples?|x-.*)$/;
/**
 * The value with each reference changed. What has none that changes stays the same object, and what stood at several places does so
 * afterwards.
 */
export function withReferences(root: unknown, change: (reference: string) => string): unknown {
  const known = { parts: new Map<object, unknown>(), byName: new Map<object, unknown>() };
  return rewritten(root, false);

  /** @param isByName whether the members have names that the author chose */
  function rewritten(value: unknown, isByName: boolean): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const memory = isByName ? known.byName : known.parts;
    if (memory.has(value)) return memory.get(value);
    const isList = Array.isArray(value);
    const changes = Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
      if (name === '$ref' && typeof inner === 'string' && !isByName) return [[name, change(inner)] as const];
      if (!isList && !isByName && IS_DATA.test(name)) return [];
      return [
        [name, rewritten(inner, !isList && !isByName && BY_NAME.has(name) && isObject(inner))] as const,
      ];
    });
    const isSame = changes.every(([name, inner]) => inner === member(value, name));
    const result = isSame ? value : withMembers(value, changes);
    memory.set(value, result);
    return result;
  }
}

function withMembers(value: object, changes: readonly (readonly [string, unknown])[]): unknown {
  const all = Object.fromEntries([...Object.entries(value), ...changes]);
  return Array.isArray(value) ? Object.values(all) : all;
}
