import { stringify } from 'yaml';
import { Faults } from '../config/faults.ts';
import type { Operation, Route } from '../operations/operation.ts';
import { bodyReader } from '../schemas/body-reader.ts';
import { fixedCheck } from '../schemas/fixed-check.ts';
import { namesOf, pointerTo } from '../schemas/json-places.ts';
import { isCustomerName } from './entry.ts';
import type { Entry } from './entry.ts';
import { lookAt } from './octane-operation.ts';
import type { FoundOperation, OctaneOperation } from './octane-operation.ts';
import { idOf, openEntry } from './open-entry.ts';
import { parametersIn, TakenRoutes } from './routes.ts';
import { attemptSchemas } from './schema-faults.ts';

/** The properties of an entry in order, with what stands behind each. */
const COMMENTS: readonly (readonly [keyof Entry, string])[] = [
  ['name', 'label in metrics, records and spans, and the method name in clients'],
  ['octane', ''],
  ['document', 'several documents have this operation'],
  ['route', 'where apps find it'],
  ['customers', 'belongs to no customer; only callers with customers: any may use it'],
  ['customer', 'where the gateway sets the customer number for Octane'],
  ['fixed', 'set by the gateway; write the number of your group'],
  ['scope', 'the scope that an access token needs'],
  ['effect', 'read: it changes nothing, whatever its method; change: it changes something'],
  [
    'repeat',
    'once: sent again only if nothing can have reached Octane; harmless: a second request has no further effect',
  ],
  ['key', 'Idempotency-Key: required or optional'],
  ['answer', 'documented: what the document names; as-is: any answer of Octane; none: 204'],
];
/** Group numbers, as a text and as a number. */
const GROUPNOS = ['1001', 1001];

/** What of an operations file there is already. */
export interface Taken {
  readonly operations: readonly Pick<Operation, 'name' | 'id' | 'route'>[];
}

/**
 * An entry that a start accepts, with the safest values and a comment at each choice.
 *
 * @param others whether other documents have the operation, too
 * @returns undefined where there is a fault
 */
export function scaffold(
  found: FoundOperation,
  hasOthers: boolean,
  taken: Taken,
  faults: Faults,
): string | undefined {
  const octane = lookAt(found, faults);
  const name = nameOf(octane, taken);
  const isRead = found.method === 'GET';
  const customer = customerOf(octane);
  const isOfCustomer = customer !== undefined || parametersIn(found.path).includes('custno');
  const draft = {
    name,
    octane: `${found.method} ${found.path}` as Route,
    ...(hasOthers && { document: found.document.name }),
    ...(!isOfCustomer && { customers: 'none' as const }),
    ...(customer && { customer }),
    ...fixedGroups(octane),
    scope: `${name}:${isRead ? 'read' : 'write'}`,
    effect: isRead ? 'read' : 'change',
    ...(!isRead && { repeat: 'once', key: 'required' }),
  } satisfies Partial<Entry>;
  const entry = { ...draft, route: routeOf(octane, draft, isOfCustomer, taken) } as Entry;
  let last = faults;
  for (const answer of isRead ? (['documented', 'as-is'] as const) : (['none'] as const)) {
    last = new Faults();
    if (openEntry({ entry: { ...entry, answer }, place: name, octane }, new Map(), last))
      return faults.count > 0 ? undefined : written({ ...entry, answer });
  }
  faults.addAll(last);
  return undefined;
}

function written(entry: Entry): string {
  const lines = COMMENTS.flatMap(([property, comment]) => {
    const value = entry[property];
    if (value === undefined) return [];
    const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
    return [`${property}: ${text}${comment === '' ? '' : ` # ${comment}`}`];
  });
  return lines.map((line, index) => `${index === 0 ? '  - ' : '    '}${line}\n`).join('');
}

/** By the title, else by the id, else by the path: `make-payment`. */
function nameOf(octane: OctaneOperation, { operations }: Taken): string {
  const { title, found } = octane;
  const id = found.value['operationId'];
  const [segment = ''] = found.path
    .split('/')
    .filter((each) => /^[\w.-]+$/.test(each))
    .slice(-1);
  const [base = 'operation'] = [title, typeof id === 'string' ? id : undefined, segment].flatMap(
    (each) => slugOf(each ?? '') ?? [],
  );
  const isTaken = (name: string): boolean =>
    idOf(name) in Object.prototype ||
    name === 'then' ||
    operations.some((each) => each.name === name || [each.id, idOf(each.name)].includes(idOf(name)));
  let name = base;
  for (let number = 2; isTaken(name); number += 1) name = `${base}-${number}`;
  return name;
}

function slugOf(text: string): string | undefined {
  const slug = text
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+/g, '')
    // A number may have to follow.
    .slice(0, 36)
    .replaceAll(/-+$/g, '');
  return slug === '' ? undefined : slug;
}

const isCustno = (name: string): boolean =>
  isCustomerName(name, {}) && !isCustomerName(name, { customers: 'none' });
const isGroupno = (name: string): boolean => isCustomerName(name, { customers: 'none' });

function membersOf({ found: { document }, body }: OctaneOperation): readonly string[] {
  if (!body) return [];
  const described = { document, entry: {} as Entry, place: '' };
  // What is wrong with the schema is told when the entry is tried.
  const reader = attemptSchemas(described, new Faults(), () =>
    bodyReader(document.schemas, body.schema, { set: [], decimals: {} }),
  );
  return reader?.members ?? [];
}

/** The least deep place of a customer number outside of the path. */
function customerOf(octane: OctaneOperation): Entry['customer'] {
  const query = octane.parameters.find(({ in: where, name }) => where === 'query' && isCustno(name))?.name;
  const isKnown = query !== undefined || parametersIn(octane.found.path).includes('custno');
  const [body] = membersOf(octane)
    .filter((pointer) => isCustno(namesOf(pointer).at(-1)!) && (!isKnown || namesOf(pointer).length === 1))
    .toSorted((one, other) => namesOf(one).length - namesOf(other).length);
  return query === undefined && body === undefined
    ? undefined
    : { ...(query !== undefined && { query }), ...(body !== undefined && { body }) };
}

/** Groups that Octane takes elsewhere than in its path: only the operator knows which. */
function fixedGroups(octane: OctaneOperation): Pick<Entry, 'fixed'> {
  const { document } = octane.found;
  const places = [
    ...octane.parameters
      .filter(({ name }) => isGroupno(name) && name !== 'groupno')
      .map(({ in: where, name, schema }) => ({ pointer: pointerTo('', where, name), schema, at: '' })),
    ...membersOf(octane)
      .filter((pointer) => namesOf(pointer).length === 1 && isGroupno(namesOf(pointer)[0]!))
      .map((pointer) => ({ pointer, schema: octane.body!.schema, at: pointer })),
  ];
  const fixed = places.map(({ pointer, schema, at }) => {
    const good = GROUPNOS.find((value) => fixedCheck(document.schemas, schema, at, value) === undefined);
    return [pointer, good ?? GROUPNOS[0]] as const;
  });
  return fixed.length === 0 ? {} : { fixed: Object.fromEntries(fixed) };
}

/** What Octane's path has beside group and customer, behind `/v1/customers/{custno}` or `/v1`. */
function routeOf(
  { found }: OctaneOperation,
  { name, fixed = {} }: Pick<Entry, 'name' | 'fixed'>,
  isOfCustomer: boolean,
  { operations }: Taken,
): Route {
  const rest = found.path
    .replace(/^\/v1(?=\/)/, '')
    .replace('/group/{groupno}', '')
    .replace('/customer/{custno}', '')
    .split('/')
    .flatMap((segment) => {
      const parameters = parametersIn(segment).filter(
        (each) => !['groupno', 'custno'].includes(each) && !Object.hasOwn(fixed, pointerTo('', 'path', each)),
      );
      if (segment.includes('{')) return parameters.map((each) => `{${each}}`);
      return segment.replaceAll(/[^\w.~-]+/g, '-').replaceAll(/^[.-]+|[.-]+$/g, '') || [];
    });
  const base = isOfCustomer ? '/v1/customers/{custno}' : '/v1';
  const routes = [[...new Set(rest)], [...new Set([...rest, name])]].map(
    (segments) => `${found.method} ${[base, ...segments].join('/')}` as Route,
  );
  const free = routes.find((route) => {
    const faults = new Faults();
    const known = new TakenRoutes();
    for (const each of operations) known.take(each.route, '', '', new Faults());
    known.take(route, '', '', faults);
    return faults.count === 0 && route !== `${found.method} /v1`;
  });
  return free ?? routes[1]!;
}
