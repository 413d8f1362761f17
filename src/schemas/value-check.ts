import { AppSchemas } from './app-schema.ts';
import type { Schema, SchemaObject } from './schema.ts';
import type { SchemaDocument } from './schema-document.ts';
import { Breaches } from './violations.ts';

const known = new WeakMap<SchemaObject, Breaches>();

/** What a value that stands alone, a parameter or one that the gateway sets, breaks of a schema of a document. */
export function valueCheck(document: SchemaDocument, schema: Schema): Breaches {
  let breaches = typeof schema === 'object' ? known.get(schema) : undefined;
  if (!breaches) {
    const made = new AppSchemas(document).whole(schema, []);
    breaches = new Breaches(made, document.componentsOf(made));
    if (typeof schema === 'object') known.set(schema, breaches);
  }
  return breaches;
}
