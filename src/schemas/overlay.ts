import { pointerTo } from './json-places.ts';
import { anyAt, membersNamed } from './same-value.ts';
import type { Schema } from './schema.ts';
import type { SchemaDocument } from './schema-document.ts';
import type { SchemaFault } from './schema-fault.ts';
import { translate } from './translate.ts';

/** A property that the overlay closes, with `false` or as read-only. */
export interface Closed {
  /** The names that lead to it; `*` is an element of a list. */
  readonly names: readonly string[];
  /** Where it stands in the overlay. */
  readonly at: string;
}

/** What an entry says of the body beside the document, with its faults in `faults`. It refers to nothing. */
export function readOverlay(
  raw: unknown,
  document: SchemaDocument,
  documented: Schema,
  faults: SchemaFault[],
): { readonly schema: Schema; readonly closed: readonly Closed[] } {
  const fault = (pointer: string, message: string): void => {
    faults.push({ of: 'body', pointer, message });
  };
  const schema = translate(raw, '', {
    isStrict: true,
    fault,
    // It is a part of an entry, and small.
    count: () => true,
    place: (_reference, at) => {
      fault(at, 'cannot refer to another schema');
      return undefined;
    },
  });
  checkNames(schema, [documented], '', { document, fault });
  return { schema, closed: closedIn(schema, [], '') };
}

interface Checking {
  readonly document: SchemaDocument;
  readonly fault: (pointer: string, message: string) => void;
}

/** A bound on a property that Octane does not have bounds nothing. */
function checkNames(schema: Schema, documented: readonly Schema[], at: string, checking: Checking): void {
  if (typeof schema === 'boolean') return;
  const all = anyAt(checking.document, documented);
  const known = (name: string, place: string): readonly Schema[] => {
    const members = membersNamed(all, name);
    if (members.length === 0) checking.fault(place, 'the documented schema has no such property');
    return members;
  };
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const place = pointerTo(at, 'properties', name);
    const members = known(name, place);
    if (members.length > 0) checkNames(inner, members, place, checking);
  }
  schema.required?.forEach((name) => known(name, pointerTo(at, 'required')));
  for (const [name, others] of Object.entries(schema.dependentRequired ?? {}))
    for (const one of [name, ...others]) known(one, pointerTo(at, 'dependentRequired'));
  const elements = membersNamed(all, '*');
  for (const keyword of ['items', 'contains', 'unevaluatedItems'] as const)
    if (schema[keyword] !== undefined)
      checkNames(schema[keyword], elements, pointerTo(at, keyword), checking);
  schema.prefixItems?.forEach((inner, index) =>
    checkNames(inner, elements, pointerTo(at, 'prefixItems', index), checking),
  );
  for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const) {
    schema[keyword]?.forEach((inner, index) =>
      checkNames(inner, documented, pointerTo(at, keyword, index), checking),
    );
  }
  for (const keyword of ['not', 'if', 'then', 'else'] as const)
    if (schema[keyword] !== undefined)
      checkNames(schema[keyword], documented, pointerTo(at, keyword), checking);
  for (const [name, inner] of Object.entries(schema.dependentSchemas ?? {}))
    checkNames(inner, documented, pointerTo(at, 'dependentSchemas', name), checking);
}

function closedIn(schema: Schema, names: readonly string[], at: string): Closed[] {
  if (typeof schema === 'boolean') return [];
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const [place, path] = [pointerTo(at, 'properties', name), [...names, name]];
    const isClosed = inner === false || (inner !== true && inner.readOnly === true);
    return isClosed ? [{ names: path, at: place }] : closedIn(inner, path, place);
  });
  const elements = schema.items === undefined ? [] : closedIn(schema.items, [...names, '*'], `${at}/items`);
  const joint = (schema.allOf ?? []).flatMap((inner, index) =>
    closedIn(inner, names, `${at}/allOf/${index}`),
  );
  return [...own, ...elements, ...joint];
}
