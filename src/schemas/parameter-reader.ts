import type { JsonSchema } from '../validation/json-schema.ts';
import type { Checked, Violation } from '../validation/validate-body.ts';
import { AppSchemas } from './app-schema.ts';
import { put } from './json-places.ts';
import { isExact, isJsonNumber } from './numbers.ts';
import { membersNamed, together, typesOf } from './same-value.ts';
import type { Schema, Type } from './schema.ts';
import type { SchemaDocument } from './schema-document.ts';
import { type SchemaFault, SchemaFaults } from './schema-fault.ts';
import { valueCheck } from './value-check.ts';
import type { Breach, Breaches } from './violations.ts';

/** A parameter of Octane's path or query that an app gives. */
export interface DocumentedParameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  /** Whether it is given by repeating it. Its schema is that of a list. */
  readonly list: boolean;
  readonly schemaPointer: string;
  readonly description?: string;
}

type Parameters = Readonly<Record<string, string | readonly string[]>>;

export interface ParameterReader {
  /** Checks the texts that an app sent, and gives those that Octane gets. */
  readonly read: (sent: Parameters) => Checked<Parameters>;
  /** Parameter objects of OpenAPI. */
  readonly objects: readonly JsonSchema[];
  readonly components: Readonly<Record<string, JsonSchema>>;
}

interface Parameter extends DocumentedParameter {
  readonly types: ReadonlySet<Type>;
  readonly schema: JsonSchema;
  readonly breaches: Breaches;
}

/** @throws SchemaFaults with every fault of all of them */
export function parameterReader(
  document: SchemaDocument,
  documented: readonly DocumentedParameter[],
): ParameterReader {
  const faults: SchemaFault[] = [];
  const schemas = new AppSchemas(document);
  const parameters = documented.flatMap((one): Parameter[] => {
    try {
      const parameter = document.make(one.schemaPointer, (schema): Parameter => {
        const made = schemas.whole(schema, []);
        return {
          ...one,
          types: one.list ? typesOfElements(document, schema) : typesOf(document, schema),
          schema: typeof made === 'boolean' ? {} : made,
          breaches: valueCheck(document, schema),
        };
      });
      return [parameter];
    } catch (error) {
      if (!(error instanceof SchemaFaults)) throw error;
      faults.push(...error.faults);
      return [];
    }
  });
  if (faults.length > 0) throw new SchemaFaults(faults);
  const objects = parameters.map(({ name, in: place, required, list, description, schema }) => ({
    name,
    in: place,
    required: place === 'path' || required,
    ...(description !== undefined && { description }),
    ...(list && { style: 'form', explode: true }),
    schema,
  }));
  return {
    objects,
    components: document.componentsOf(objects),
    read: (sent) => {
      const value: Record<string, string | readonly string[]> = {};
      const violations = parameters.flatMap((parameter): Violation[] => {
        const { name, required } = parameter;
        const given = Object.hasOwn(sent, name) ? sent[name] : undefined;
        if (given === undefined)
          return required ? [{ parameter: name, code: 'required', detail: `Send ${name}.` }] : [];
        const read = readOne(parameter, parameter.list ? [given].flat() : given);
        if ('text' in read) put(value, name, read.text);
        else return [{ parameter: name, code: read.code, detail: read.detail }];
        return [];
      });
      return violations.length > 0 ? { violations } : { value };
    },
  };
}

function typesOfElements(document: SchemaDocument, schema: Schema): ReadonlySet<Type> {
  const elements = membersNamed(together(document, [schema]), '*');
  return elements
    .map((element) => typesOf(document, element))
    .reduce((one, other) => one.intersection(other), typesOf(document, true));
}

function readOne(
  { types, breaches }: Parameter,
  given: string | readonly string[],
): { readonly text: string | readonly string[] } | Pick<Breach, 'code' | 'detail'> {
  if (typeof given !== 'string') {
    const values = given.map((text) => valuesOf(text, types)[0]);
    const [found] = breaches.of(values);
    return found ?? { text: values.map(String) };
  }
  const values = valuesOf(given, types);
  const good = values.find((value) => breaches.of(value).length === 0);
  return good === undefined ? breaches.of(values[0])[0]! : { text: String(good) };
}

/** What a text can mean: itself where a text will do, a number as JSON writes it, or a boolean. Never empty. */
function valuesOf(text: string, types: ReadonlySet<Type>): (string | number | boolean)[] {
  const values: (string | number | boolean)[] = types.has('string') ? [text] : [];
  const isNumber = types.has('number') || types.has('integer');
  if (isNumber && isJsonNumber(text) && isExact(text)) values.push(Number(text));
  if (types.has('boolean') && (text === 'true' || text === 'false')) values.push(text === 'true');
  return values.length > 0 ? values : [text];
}
