import type { Faults } from '../config/faults.ts';
import type { BodyOf, NamedExample } from '../operations/operation.ts';
import { bodyReader } from '../schemas/body-reader.ts';
import { fixedCheck } from '../schemas/fixed-check.ts';
import { isObject, namesOf, ownValue, withValue } from '../schemas/json-places.ts';
import { isCustomerName, placeIn } from './entry.ts';
import { EMPTY } from './octane-document.ts';
import type { OctaneOperation } from './octane-operation.ts';
import { attemptSchemas } from './schema-faults.ts';
import type { Described } from './schema-faults.ts';
import { withPlainWords } from './words.ts';

/** How the body of an app becomes Octane's. */
export interface BodyPlan {
  /** Undefined for a GET. */
  readonly body: BodyOf<object> | undefined;
  /** Pointers, with `*` for each element, to the members that an app may send. */
  readonly members: readonly string[];
  /** Octane's body: what was checked, and what the gateway sets. */
  readonly complete: (checked: object, custno: string) => object;
}

type ReadBody = BodyOf<object>['read'];

/** Customer numbers, to find out of which kind Octane takes them. */
const CUSTNOS = ['700123', '1', '9999999999'];
/** A body is refused at least one of them. */
const REFUSED = [{ noSuchProperty: true }, [], 0];

/**
 * @param fixed the members of the entry's `fixed` that are no parameters
 * @returns undefined where there is a fault
 */
export function planBody(
  described: Described,
  octane: OctaneOperation,
  fixed: Readonly<Record<string, unknown>>,
  faults: Faults,
): BodyPlan | undefined {
  const { document, entry, place } = described;
  if (!octane.body) return planNoBody(described, octane, fixed, faults);
  const at = entry.customer?.body;
  const before = faults.count;
  for (const [pointer, value] of Object.entries(fixed)) {
    const refused = attemptSchemas(described, faults, () =>
      fixedCheck(document.schemas, octane.body!.schema, pointer, value),
    );
    if (refused !== undefined) faults.add(placeIn(`${place}.fixed`, pointer), refused);
  }
  const custnoOf = at === undefined ? undefined : customerAt(at, octane.body.schema, described, faults);
  const set = [...Object.keys(fixed), ...(at === undefined ? [] : [at])];
  const reader = attemptSchemas(described, faults, () =>
    bodyReader(document.schemas, octane.body!.schema, {
      ...(entry.body && { overlay: entry.body }),
      set,
      // One that is refused would be found to fit nothing.
      fixed: faults.count > before ? {} : fixed,
      decimals: entry.decimals ?? {},
    }),
  );
  if (!reader || faults.count > before) return undefined;
  checkMembers(reader.members, described, faults);
  const complete = (checked: object, custno: string): object => {
    const body = Object.entries(fixed).reduce<unknown>(
      (made, [pointer, value]) => withValue(made, pointer, value),
      checked,
    );
    return (custnoOf ? withValue(body, at!, custnoOf.valueOf(custno)) : body) as object;
  };
  const read: ReadBody = (json, _settings, text) => {
    const checked = reader.read(json, text);
    if (checked.violations || !reader.whole) return checked;
    const violations = reader.whole(complete(checked.value, custnoOf?.example ?? ''));
    return violations.length > 0 ? { violations } : checked;
  };
  const examples = octane.body.examples.map((example) => set.reduce(withoutValue, example));
  return {
    body: bodyOf(entry.name, reader, read, examples),
    members: reader.members,
    complete,
  };
}

/** It takes what the welcome email takes. */
function planNoBody(
  described: Described,
  octane: OctaneOperation,
  fixed: Readonly<Record<string, unknown>>,
  faults: Faults,
): BodyPlan | undefined {
  const { document, entry, place } = described;
  const before = faults.count;
  for (const pointer of Object.keys(fixed))
    faults.add(placeIn(`${place}.fixed`, pointer), 'Octane has no such parameter, and takes no body');
  for (const [name, given] of Object.entries({
    body: entry.body,
    decimals: entry.decimals,
    'customer.body': entry.customer?.body,
  })) {
    if (given !== undefined) faults.add(`${place}.${name}`, 'Octane takes no body');
  }
  const reader = attemptSchemas(described, faults, () =>
    bodyReader(document.schemas, EMPTY, { set: [], decimals: {} }),
  );
  if (faults.count > before || !reader) return undefined;
  const read: ReadBody = (json, _settings, text) => reader.read(json, text);
  return {
    body: octane.found.method === 'GET' ? undefined : bodyOf(entry.name, reader, read, []),
    members: [],
    complete: (checked) => checked,
  };
}

function bodyOf(
  name: string,
  reader: Pick<ReturnType<typeof bodyReader>, 'schema' | 'components' | 'required'>,
  read: ReadBody,
  examples: readonly unknown[],
): BodyOf<object> {
  const isRefused = (body: unknown): boolean =>
    read(body, undefined as never, JSON.stringify(body)).violations !== undefined;
  const schemas = {
    [`${typeNameOf(name)}Body`]: withPlainWords(reader.schema),
    ...withPlainWords(reader.components),
  };
  return {
    required: reader.required,
    description: reader.required
      ? 'JSON in UTF-8, at most 16 KiB.'
      : 'None, or JSON in UTF-8, at most 16 KiB.',
    read,
    schemas: () => schemas,
    // Only the OpenAPI document shows them, and to find them compiles the schema, which takes its time.
    get examples(): Readonly<Record<string, NamedExample>> {
      const example = examples.find((each) => !isRefused(each));
      return example === undefined ? {} : { example: { summary: 'An example', value: example } };
    },
    get refused(): unknown {
      return REFUSED.find(isRefused);
    },
  };
}

/** `data-pool` → `DataPool`. */
export function typeNameOf(name: string): string {
  return name.replaceAll(/(?:^|-+)(\w?)/g, (_, letter: string) => letter.toUpperCase());
}

/** Whether Octane takes a text or a number there, and one that it takes. */
function customerAt(
  pointer: string,
  schema: string,
  described: Described,
  faults: Faults,
): { example: string; valueOf: (custno: string) => unknown } | undefined {
  const kinds = [(custno: string) => custno, Number];
  const found = attemptSchemas(described, faults, () => {
    for (const valueOf of kinds) {
      const example = CUSTNOS.find(
        (custno) => fixedCheck(described.document.schemas, schema, pointer, valueOf(custno)) === undefined,
      );
      if (example !== undefined) return { example, valueOf };
    }
    return 'none';
  });
  if (found !== 'none') return found;
  faults.add(
    `${described.place}.customer.body`,
    'must be a place where the documented schema allows a customer number',
  );
  return undefined;
}

/** An app must not name a customer or a group of its own choice. */
function checkMembers(members: readonly string[], { entry, place }: Described, faults: Faults): void {
  for (const pointer of members) {
    const [name = '', ...inner] = namesOf(pointer);
    const isAskedAbout = entry.ownedBy?.some(({ is }) => is === pointer) === true;
    if (inner.length === 0 && isCustomerName(name, entry) && !isAskedAbout)
      faults.add(
        place,
        `an app could name another customer or group in the member ${pointer} of the body; use customer, ownedBy, fixed, or false in body`,
      );
  }
}

/** Without what stands at a pointer, in which `*` is each element. */
function withoutValue(json: unknown, pointer: string): unknown {
  const without = (value: unknown, [name, ...rest]: readonly string[]): unknown => {
    if (name === '*' && Array.isArray(value)) return value.map((element) => without(element, rest));
    if (name === undefined || !isObject(value) || !Object.hasOwn(value, name)) return value;
    const others = Object.entries(value).filter(([each]) => each !== name);
    const inner = rest.length === 0 ? [] : [[name, without(ownValue(value, name), rest)] as const];
    return Object.fromEntries([...others, ...inner]);
  };
  return without(json, namesOf(pointer));
}
