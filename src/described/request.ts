import type { Faults } from '../config/faults.ts';
import type { Forwarding, Parameters, ParametersOf, Route } from '../operations/operation.ts';
import { fixedCheck } from '../schemas/fixed-check.ts';
import { pointerTo } from '../schemas/json-places.ts';
import { parameterReader } from '../schemas/parameter-reader.ts';
import type { JsonSchema } from '../validation/json-schema.ts';
import type { Checked, Violation } from '../validation/validate-body.ts';
import { isCustomerName, placeIn } from './entry.ts';
import type { Entry } from './entry.ts';
import { TEXT } from './octane-document.ts';
import type { OctaneOperation, OctaneParameter } from './octane-operation.ts';
import { parametersIn } from './routes.ts';
import { attemptSchemas } from './schema-faults.ts';
import type { Described } from './schema-faults.ts';
import { markdown, withPlainWords } from './words.ts';

/** Where the texts of one of Octane's parameters come from. `app`: a parameter of the same name. */
type Source = 'groupno' | 'custno' | 'app' | { readonly fixed: readonly string[] };

interface Sourced extends OctaneParameter {
  readonly source: Source;
}

/** How the parameters of an app become Octane's path and query. */
export interface ParameterPlan {
  /** Where apps find it. In the name of a parameter the router takes letters, digits and underscores alone. */
  readonly route: Route;
  readonly parameters: ParametersOf;
  /** The names of those that the app sends. */
  readonly sent: readonly string[];
  /** Octane's path below the base URL, with its query. */
  readonly target: (asked: Target) => string;
}

type Target = Pick<Forwarding, 'groupno' | 'custno' | 'parameters'>;

/** The pointers of `fixed` that are parameters of Octane. */
export function fixedParameters({ fixed = {} }: Entry, { found, parameters }: OctaneOperation): Set<string> {
  const known = [
    ...parametersIn(found.path).map((name) => pointerTo('', 'path', name)),
    ...parameters.map((parameter) => pointerTo('', parameter.in, parameter.name)),
  ];
  return new Set(known.filter((pointer) => Object.hasOwn(fixed, pointer)));
}

/** @returns undefined where there is a fault */
export function planParameters(
  described: Described,
  octane: OctaneOperation,
  faults: Faults,
): ParameterPlan | undefined {
  const { entry, place, document } = described;
  const before = faults.count;
  const sources = new Sources(described, octane, faults);
  const inPath = parametersIn(octane.found.path).map((name) =>
    sources.of(
      octane.parameters.find((each) => each.in === 'path' && each.name === name) ?? undescribed(name),
    ),
  );
  const inQuery = octane.parameters.filter((each) => each.in === 'query').map((each) => sources.of(each));
  const sent = [...inPath, ...inQuery].filter(({ source }) => source === 'app');
  checkSent(entry, place, sent, faults);
  const segments = segmentsOf(octane.found.path, inPath);
  checkFixedSegments(segments, place, faults);
  if (faults.count > before) return undefined;

  const inRoute = parametersIn(entry.route);
  const reader = attemptSchemas(described, faults, () =>
    parameterReader(
      document.schemas,
      sent.map(({ name, required, list, schema, description }) => ({
        name,
        in: inRoute.includes(name) ? ('path' as const) : ('query' as const),
        required: required || inRoute.includes(name),
        list,
        schemaPointer: schema,
        ...(description !== undefined && { description: markdown(description) }),
      })),
    ),
  );
  if (!reader) return undefined;
  const plain = new Map(inRoute.map((name) => [name, name.replaceAll(/\W/g, '_')]));
  return {
    route: entry.route.replaceAll(/\{([^}]*)\}/g, (_, name: string) => `{${plain.get(name)}}`) as Route,
    sent: sent.map(({ name }) => name),
    parameters: {
      query: Object.assign(
        Object.create(null),
        Object.fromEntries(
          sent
            .filter(({ name }) => !inRoute.includes(name))
            .map(({ name, list }) => [name, list ? 'list' : 'one'] as const),
        ),
      ) as ParametersOf['query'],
      objects: reader.objects.map((object) => ({
        ...object,
        ...withPlainWords({ schema: object['schema'] }),
        ...(object['in'] === 'path' && { name: plain.get(object['name'] as string) }),
      })),
      schemas: withPlainWords(reader.components) as Record<string, JsonSchema>,
      read: (given) => {
        const named = Object.fromEntries(
          [...plain].flatMap(([name, written]) =>
            written in given ? [[name, given[written]!] as const] : [],
          ),
        );
        return withoutDots(segments, reader.read({ ...given, ...named }));
      },
    },
    target: (asked) => `${pathOf(segments, asked)}${queryOf(inQuery, asked)}`,
  };
}

/** A parameter of a path that its document does not describe. */
function undescribed(name: string): OctaneParameter {
  return { name, in: 'path', required: true, list: false, schema: TEXT, description: undefined, pointer: '' };
}

/** Finds out where the parameters of Octane come from. */
class Sources {
  private readonly inRoute: readonly string[];
  private readonly fixed: ReadonlySet<string>;

  constructor(
    private readonly described: Described,
    octane: OctaneOperation,
    private readonly faults: Faults,
  ) {
    this.inRoute = parametersIn(described.entry.route);
    this.fixed = fixedParameters(described.entry, octane);
  }

  of(parameter: OctaneParameter): Sourced {
    return { ...parameter, source: this.sourceOf(parameter) };
  }

  private sourceOf({ name, in: where, schema, list }: OctaneParameter): Source {
    const { entry, place } = this.described;
    const pointer = pointerTo('', where, name);
    const at = placeIn(`${place}.fixed`, pointer);
    const isFixed = this.fixed.has(pointer);
    const isCustno =
      where === 'path' ? name === 'custno' && entry.customers !== 'none' : entry.customer?.query === name;
    if (name === 'groupno' || isCustno) {
      if (isFixed) this.faults.add(at, 'the gateway sets it itself');
      return name === 'groupno' ? 'groupno' : 'custno';
    }
    if (isFixed) return { fixed: this.textsOf(entry.fixed![pointer], { at, schema, list }) };
    if (where === 'path' && !this.inRoute.includes(name))
      this.faults.add(
        `${place}.route`,
        `lacks {${name}} of Octane's path: put it into the route, or ${pointer} into fixed`,
      );
    return 'app';
  }

  private textsOf(
    value: unknown,
    { at, schema, list }: { at: string; schema: string; list: boolean },
  ): string[] {
    const refused = attemptSchemas(this.described, this.faults, () =>
      fixedCheck(this.described.document.schemas, schema, '', value),
    );
    const values: unknown[] = list && Array.isArray(value) ? value : [value];
    if (refused !== undefined) this.faults.add(at, refused);
    else if (values.some((each) => typeof each === 'object'))
      this.faults.add(at, 'must be a text, a number or a boolean');
    return values.map(String);
  }
}

/** What the app sends must be what Octane takes, and no customer whom nobody has checked. */
function checkSent(entry: Entry, place: string, sent: readonly Sourced[], faults: Faults): void {
  const at = `${place}.route`;
  const inRoute = parametersIn(entry.route);
  for (const name of inRoute.filter((each) => each !== 'custno')) {
    if (!sent.some((each) => each.name === name))
      faults.add(at, `has the parameter {${name}}, but Octane has no such parameter, or the gateway sets it`);
  }
  const plain = inRoute.map((name) => name.replaceAll(/\W/g, '_'));
  if (new Set(plain).size < plain.length) faults.add(at, 'has one parameter twice');
  const owned = new Set(entry.ownedBy?.map(({ is }) => is));
  for (const { name, in: where } of sent) {
    if (where === 'query' && sent.some((other) => other.name === name && other.in === 'path'))
      faults.add(
        place,
        `Octane has the parameter ${name} in its path and in its query: set one of them in fixed`,
      );
    if (isCustomerName(name, entry) && !owned.has(name))
      faults.add(
        place,
        `an app could name another customer or group in the parameter ${name}; use customer, ownedBy or fixed`,
      );
  }
}

/** A segment of Octane's path: texts that stand there, and parameters. */
type Segment = readonly (string | Sourced)[];

function segmentsOf(path: string, parameters: readonly Sourced[]): Segment[] {
  return path
    .slice(1)
    .split('/')
    .map((segment) =>
      segment
        .split(/(\{[^}]*\})/)
        .filter((part) => part !== '')
        .map((part) => parameters.find(({ name }) => part === `{${name}}`) ?? part),
    );
}

function textsOf({ name, source }: Sourced, { groupno, custno, parameters }: Target): readonly string[] {
  if (source === 'groupno') return [groupno];
  if (source === 'custno') return [custno];
  if (source !== 'app') return source.fixed;
  const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  return value === undefined ? [] : [value].flat();
}

function pathOf(segments: readonly Segment[], asked: Target): string {
  return segments
    .map((parts) => {
      const texts = parts.map((part) =>
        typeof part === 'string' ? part : encodeURIComponent(textsOf(part, asked).join()),
      );
      return `/${texts.join('')}`;
    })
    .join('');
}

function queryOf(parameters: readonly Sourced[], asked: Target): string {
  const pairs = parameters.flatMap((parameter) =>
    textsOf(parameter, asked).map(
      (text) => `${encodeURIComponent(parameter.name)}=${encodeURIComponent(text)}`,
    ),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** A segment that is empty, `.` or `..` would be another path. */
function isDots(segment: Segment, parameters: Parameters): boolean {
  return /^\/\.{0,2}$/.test(pathOf([segment], { groupno: 'x', custno: 'x', parameters }));
}

function isOfApp(part: string | Sourced): part is Sourced {
  return typeof part !== 'string' && part.source === 'app';
}

function checkFixedSegments(segments: readonly Segment[], place: string, faults: Faults): void {
  const fixed = segments.filter(
    (parts) => parts.some((part) => typeof part !== 'string') && !parts.some(isOfApp),
  );
  if (fixed.some((parts) => isDots(parts, {})))
    faults.add(`${place}.fixed`, 'makes a segment of the path that is empty, . or ..');
}

function withoutDots(segments: readonly Segment[], checked: Checked<Parameters>): Checked<Parameters> {
  if (checked.violations) return checked;
  const violations = segments
    .filter((segment) => segment.some(isOfApp) && isDots(segment, checked.value))
    .flatMap((segment) => segment.filter(isOfApp))
    .map(({ name }): Violation => ({
      parameter: name,
      code: 'pattern',
      detail: 'Send a text that is not empty and is neither . nor .. alone.',
    }));
  return violations.length > 0 ? { violations } : checked;
}
