import type { Faults } from '../config/faults.ts';
import { change, read } from '../operations/operation.ts';
import type { Change, Ownership, Read } from '../operations/operation.ts';
import { namesOf, valuesAt } from '../schemas/json-places.ts';
import { planAnswer } from './answer.ts';
import { planBody, typeNameOf } from './body.ts';
import type { BodyPlan } from './body.ts';
import { isCustomerName } from './entry.ts';
import type { Entry, Limit, OwnedBy } from './entry.ts';
import type { OctaneOperation } from './octane-operation.ts';
import { fixedParameters, planParameters } from './request.ts';
import type { ParameterPlan } from './request.ts';
import { parametersIn } from './routes.ts';
import type { Described } from './schema-faults.ts';
import { wordsOf } from './words.ts';

/** Its answers are JSON texts; an empty one is no body. */
export type DescribedOperation = Change<object, string> | Read<object, string>;

/** An operation that an entry opens, and what its operator should know of it. */
export interface OpenedEntry {
  readonly operation: DescribedOperation;
  readonly notes: readonly string[];
}

const IN_DOUBT = {
  harmless: 'You may send the same request again. Doing it twice has the same effect as doing it once.',
  once: 'Find out in Octane whether it was done before you send it again.',
};

/**
 * Makes an operation of an entry and of what its document says.
 *
 * @param reads by name, those that `ownedBy` may ask
 * @returns undefined where there is a fault
 */
export function openEntry(
  { entry, place, octane }: { entry: Entry; place: string; octane: OctaneOperation },
  reads: ReadonlyMap<string, Read | undefined>,
  faults: Faults,
): OpenedEntry | undefined {
  const described = { entry, place, document: octane.found.document };
  const before = faults.count;
  checkCustomer(described, octane, faults);
  const parameters = planParameters(described, octane, faults);
  const ofParameters = fixedParameters(entry, octane);
  const ofBody = Object.entries(entry.fixed ?? {}).filter(([pointer]) => !ofParameters.has(pointer));
  const body = planBody(described, octane, Object.fromEntries(ofBody), faults);
  const answer = planAnswer(described, octane, faults);
  const ownedBy =
    parameters &&
    body &&
    (entry.ownedBy ?? []).flatMap(
      (each, index) =>
        ownershipOf(each, `${place}.ownedBy[${index}]`, { reads, parameters, body }, faults) ?? [],
    );
  if (!parameters || !body || !answer || !ownedBy || faults.count > before) return undefined;
  const declared = {
    name: entry.name,
    id: idOf(entry.name),
    scope: entry.scope,
    route: parameters.route,
    octane: entry.octane,
    ...(entry.customers && { customers: entry.customers }),
    ...loginOf(entry),
    parameters: parameters.parameters,
    forward: ({ groupno, custno, parameters: sent, body: checked }) => ({
      path: parameters.target({ groupno, custno, parameters: sent }),
      body: octane.body && JSON.stringify(body.complete(checked ?? {}, custno)),
    }),
    ...(ownedBy.length > 0 && { ownedBy }),
    missing: entry.route.endsWith('/{custno}') ? 'customer-not-found' : 'resource-not-found',
    answer,
    words: wordsOf(entry, octane),
  } satisfies Partial<DescribedOperation>;
  const { repeat = 'once' } = entry;
  const operation: DescribedOperation =
    entry.effect === 'read'
      ? read({
          ...declared,
          ...(body.body && { body: body.body }),
          ...(entry.cache !== undefined && { cacheSeconds: entry.cache }),
        })
      : change({
          ...declared,
          body: body.body!,
          repeat,
          key: entry.key ?? (repeat === 'once' ? 'required' : 'optional'),
          ...(entry.keyHours !== undefined && { keyHours: entry.keyHours }),
          ...(entry.limit && { limit: limitOf(entry.limit) }),
          inDoubt: entry.inDoubt ?? IN_DOUBT[repeat],
        });
  return { operation, notes: notesOf(described, octane, body) };
}

/** `data-pool` → `dataPool`: how clients call it. */
export function idOf(name: string): string {
  const type = typeNameOf(name);
  return `${type[0]!.toLowerCase()}${type.slice(1)}`;
}

/** How a user must have logged in. */
export function loginOf({
  requireAcr,
  maxAuthAgeSeconds,
}: Partial<Entry>): Pick<Read, 'requireAcr' | 'maxAuthAgeSeconds'> {
  return { ...(requireAcr && { requireAcr }), ...(maxAuthAgeSeconds !== undefined && { maxAuthAgeSeconds }) };
}

const limitOf =
  ({ quota, windowSeconds, unit }: Limit) =>
  () => ({
    quota,
    windowSeconds,
    detail: `This customer has reached the limit of changes for one ${unit}. Try again after the time in Retry-After.`,
  });

/** It must be certain whose customer it is, or that it is nobody's. */
function checkCustomer({ entry, place }: Described, octane: OctaneOperation, faults: Faults): void {
  const { customers, customer, ownedBy } = entry;
  const isNobodys = customers === 'none';
  const refuse = (property: string, isWrong: boolean, wrong: string): void => {
    if (isWrong) faults.add(`${place}.${property}`, wrong);
  };
  const isInRoute = parametersIn(entry.route).includes('custno');
  refuse('route', !isInRoute && !isNobodys, 'has no {custno}: put it there, or say customers: none');
  refuse('customers', isInRoute && isNobodys, 'says none, and the route has {custno}');
  refuse('customer', isNobodys && customer !== undefined, 'stands beside customers: none');
  refuse('ownedBy', isNobodys && ownedBy !== undefined, 'stands beside customers: none');
  const query = customer?.query;
  refuse(
    'customer',
    customer !== undefined && query === undefined && customer.body === undefined,
    'must have query or body',
  );
  refuse(
    'customer.query',
    query !== undefined && !octane.parameters.some((each) => each.in === 'query' && each.name === query),
    'Octane has no such parameter in its query',
  );
  refuse(
    'customer',
    !isNobodys && !customer && !ownedBy && !parametersIn(octane.found.path).includes('custno'),
    'is required (or ownedBy, or customers: none), because the path of Octane has no {custno}',
  );
}

function ownershipOf(
  { read: name, at, is }: OwnedBy,
  place: string,
  {
    reads,
    parameters,
    body,
  }: { reads: ReadonlyMap<string, Read | undefined>; parameters: ParameterPlan; body: BodyPlan },
  faults: Faults,
): Ownership | undefined {
  const isMember = is.startsWith('/');
  if (!(isMember ? body.members : parameters.sent).includes(is))
    faults.add(
      `${place}.is`,
      'is neither a parameter nor a pointer to a member of the body that an app may send',
    );
  const asked = reads.get(name);
  if (!reads.has(name)) faults.add(`${place}.read`, 'is not a read of this file');
  const wrong = asked && whyNotAsked(asked);
  if (wrong !== undefined) faults.add(`${place}.read`, wrong);
  if (!asked) return undefined;
  return {
    read: asked,
    named: ({ parameters: sent, body: checked }) => {
      const values = isMember
        ? valuesAt(is, JSON.stringify(checked ?? {}))
        : [Object.hasOwn(sent, is) ? sent[is] : undefined].flat();
      const present = values.filter((value) => value !== undefined);
      return present.length === values.length ? present : [];
    },
    owned: (answer) => new Set(valuesAt(at, answer as string).filter((value) => value !== undefined)),
  };
}

/** It is asked for a customer, and nothing else is known. */
function whyNotAsked(asked: Read): string | undefined {
  if (asked.customers === 'none') return 'is a read that belongs to no customer';
  if (asked.ownedBy) return 'is a read that has ownedBy itself';
  if (asked.answer.status === 204) return 'is a read without an answer';
  const isMore =
    asked.body?.required === true || asked.parameters?.objects.some((each) => each['required'] === true);
  return isMore === true ? 'is a read that needs more than the customer number' : undefined;
}

function notesOf({ entry }: Described, octane: OctaneOperation, { members }: BodyPlan): string[] {
  const inside = members.filter((pointer) => {
    const names = namesOf(pointer);
    return (
      names.length > 1 &&
      isCustomerName(names.at(-1)!, entry) &&
      !entry.ownedBy?.some(({ is }) => is === pointer)
    );
  });
  return [
    ...inside.map(
      (pointer) =>
        `${entry.name}: an app may send ${pointer} in the body, which may be the number of any customer or group`,
    ),
    ...octane.unsent.map(
      (name) => `${entry.name}: Octane takes ${name} in a header or a cookie: it is never sent`,
    ),
  ];
}
