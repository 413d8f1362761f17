import type { Faults } from '../config/faults.ts';
import { SchemaFaults } from '../schemas/schema-fault.ts';
import type { SchemaFault } from '../schemas/schema-fault.ts';
import { placeIn } from './entry.ts';
import type { Entry } from './entry.ts';
import type { OctaneDocument } from './octane-document.ts';

/** An entry with its place in the operations file, and the document of its operation. */
export interface Described {
  readonly entry: Entry;
  readonly place: string;
  readonly document: OctaneDocument;
}

/** Gives what `make` makes of schemas. What it throws becomes faults, at their places in the document or in the entry. */
export function attemptSchemas<T>(described: Described, faults: Faults, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SchemaFaults)) throw error;
    for (const fault of error.faults.map(atItsSchema)) {
      const reason = fault.of === 'document' ? described.document.reasonAt(fault.pointer) : undefined;
      faults.add(placeOf(fault, described), reason ?? fault.message);
    }
    return undefined;
  }
}

function placeOf({ of, pointer }: SchemaFault, { entry, place, document }: Described): string {
  if (of === 'document') return document.placeOf(pointer);
  if (of === 'set' && pointer === '') return `${place}.octane`;
  if (of === 'set' && pointer === entry.customer?.body) return `${place}.customer.body`;
  const property = `${place}.${of === 'set' ? 'fixed' : of}`;
  return pointer === '' ? property : placeIn(property, pointer);
}

const atItsSchema = (fault: SchemaFault): SchemaFault => ({
  ...fault,
  pointer: fault.pointer.replace(/\/\$ref$/, ''),
});
