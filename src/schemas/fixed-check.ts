import { namesOf } from './json-places.ts';
import { schemasAt } from './same-value.ts';
import type { SchemaDocument } from './schema-document.ts';
import { SchemaFaults } from './schema-fault.ts';
import { valueCheck } from './value-check.ts';

/**
 * Whether a value that the gateway sets fits what the document says of its place.
 *
 * @param pointer from the schema on; `*` is each element of a list, and the empty one is the whole
 * @returns why not, as a sentence; undefined where it fits
 * @throws SchemaFaults where the document has no such place, or faults
 */
export function fixedCheck(
  document: SchemaDocument,
  schemaPointer: string,
  pointer: string,
  value: unknown,
): string | undefined {
  const schemas = document.make(schemaPointer, (schema) =>
    schemasAt(document, [schema], namesOf(pointer), true),
  );
  if (schemas.length === 0)
    throw new SchemaFaults([{ of: 'set', pointer, message: 'the documented schema has no such member' }]);
  const reasons = schemas.map((schema) => valueCheck(document, schema).of(value)[0]?.detail);
  // Where branches differ, one that takes it is enough here: the reader of the bodies knows of what stands beside it.
  return reasons.includes(undefined) ? undefined : reasons[0];
}
