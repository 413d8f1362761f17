/** Something in a document, or in what an entry of the operations file says of it, with which no schema can be made. */
export interface SchemaFault {
  /** Where it stands: in the document itself, or in the property of the entry with this name. */
  readonly of: 'document' | 'body' | 'decimals' | 'set';
  /** A JSON Pointer: into the document, into the schema of `body`, or as `decimals` or `set` give it. */
  readonly pointer: string;
  readonly message: string;
}

/** All faults that the making of one reader found. */
export class SchemaFaults extends Error {
  constructor(readonly faults: readonly SchemaFault[]) {
    super(faults.map(({ of, pointer, message }) => `${of} ${pointer}: ${message}`).join('\n'));
  }
}
