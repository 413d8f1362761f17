import type { Settings } from '../config/settings.ts';
import type { JsonSchema } from '../validation/json-schema.ts';
import type { Checked } from '../validation/validate-body.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A method and a path, with the names of its parameters in braces: `POST /v1/customers/{custno}/payments`. */
export type Route = `${Method} /${string}`;

export type Scope = `${string}:${string}`;

export interface NamedExample {
  readonly summary: string;
  readonly value: unknown;
}

/** What the app sent in route and query, checked, as Octane gets it. A list has several texts. The customer number is none of them. */
export type Parameters = Readonly<Record<string, string | readonly string[]>>;

/** How the parameters of a request are read, and what the OpenAPI document says of them. */
export interface ParametersOf {
  /** The query parameters that may come. Any other, or one twice that is no list, is no valid request. */
  readonly query: Readonly<Record<string, 'one' | 'list'>>;
  /**
   * Checks the parameters and converts them.
   *
   * @param sent those of the route, decoded and without the customer number, and those of the query
   */
  read(sent: Parameters): Checked<Parameters>;
  /** Parameter objects of OpenAPI, in order, without the customer number. */
  readonly objects: readonly JsonSchema[];
  /** What those refer to: JSON Schemas by their names in the OpenAPI document. */
  readonly schemas?: Readonly<Record<string, JsonSchema>>;
}

/** How the body of a request is read, and what the OpenAPI document says of it. */
export interface BodyOf<Body extends object> {
  /** Whether the app must send one. Else no body, an empty one and `{}` are the same. */
  readonly required: boolean;
  readonly description: string;
  /**
   * Checks the parsed JSON. What it gives is what Octane receives.
   *
   * @param text what was parsed, for who reads a number digit for digit; empty for no body
   */
  read(json: unknown, settings: Settings, text: string): Checked<Body>;
  /** JSON Schemas by their names in the OpenAPI document. The first one is that of the body. */
  schemas(settings: Settings): Readonly<Record<string, JsonSchema>>;
  readonly examples: Readonly<Record<string, NamedExample>>;
  /** A body that is refused at every level: the example of `validation-failed`. */
  readonly refused: unknown;
}

/** All that the request to Octane is made of, beside its credentials. */
export interface Forwarding {
  readonly groupno: string;
  /** Empty where the operation belongs to no customer. */
  readonly custno: string;
  /** Empty for an operation without. */
  readonly parameters: Parameters;
  readonly body: object | undefined;
}

/** The request to Octane. */
export interface Forwarded {
  /** Below the base URL, with its query. */
  readonly path: string;
  /** JSON; undefined for none. */
  readonly body: string | undefined;
}

/**
 * What the body of a 2xx says. `not-documented`: it is nothing that Octane documents; `refused`: Octane did not do what it was
 * asked for.
 */
export type Reading<Answer> = { readonly answer: Answer } | 'not-documented' | 'refused';

/** How the app's answer is made of Octane's response, and what the OpenAPI document says of it. */
export interface AnswerOf<Answer> {
  /** Of the app's answer; 204 has no body. */
  readonly status: 200 | 204;
  readonly description: string;
  /**
   * Of which of Octane's 2xx the body is read; another 2xx is nothing that Octane documents. Undefined: any 2xx is a success, and no
   * body is read.
   */
  readonly reads?: (status: number) => boolean;
  /** Most bytes of such a body, decompressed; 64 KiB where it says nothing. */
  readonly maxBytes?: number;
  /** Reads the body of Octane's 2xx. */
  read?(body: string, status: number): Reading<Answer>;
  /** As those of the body. */
  readonly schemas?: Readonly<Record<string, JsonSchema>>;
  readonly examples?: Readonly<Record<string, NamedExample>>;
}

/** What people read of an operation. */
export interface Words {
  /** The heading under which the OpenAPI document lists it, and a sentence about that heading. */
  readonly tag: { readonly name: string; readonly description: string };
  readonly summary: string;
  readonly description: string;
}

/** How often a change may be made for one customer. */
export interface ChangeLimit {
  readonly quota: number;
  readonly windowSeconds: number;
  /** What an app is told that is over it. */
  readonly detail: string;
}

interface Described<Body extends object, Answer> {
  /** How metrics, records, spans, the log, the breaker and the sandbox call it: `^[a-z][a-z0-9-]{0,39}$`. */
  readonly name: string;
  /** How clients call it: the `operationId` of the OpenAPI document. */
  readonly id: string;
  readonly scope: Scope;
  /** Where apps find it. */
  readonly route: Route;
  /** Where Octane has it, below its base URL. */
  readonly octane: Route;
  /** `none`: it belongs to no customer, and only callers for all customers of their group may use it. */
  readonly customers?: 'none';
  /** How the user must have logged in (RFC 9470): one of these values of `acr`. */
  readonly requireAcr?: readonly string[];
  /** How long ago the user may have logged in. */
  readonly maxAuthAgeSeconds?: number;
  /** Undefined: it has none, and a query is not looked at. */
  readonly parameters?: ParametersOf;
  readonly body?: BodyOf<Body>;
  /** Undefined: the path of `octane` with `{groupno}` and `{custno}` filled in, and the checked body. */
  forward?(asked: Forwarding): Forwarded;
  /** Whose what the request names must be: all of them hold, or Octane is not asked. */
  readonly ownedBy?: readonly Ownership[];
  /** What Octane's 404 means; `customer-not-found` where it says nothing. */
  readonly missing?: 'customer-not-found' | 'resource-not-found';
  readonly answer: AnswerOf<Answer>;
  readonly words: Words;
}

/** An operation that changes something at Octane. */
export interface Change<Body extends object = object, Answer = unknown> extends Described<Body, Answer> {
  readonly kind: 'change';
  readonly body: BodyOf<Body>;
  /** `harmless`: twice does what once does. `once`: it is sent again only where nothing can have left. */
  readonly repeat: 'harmless' | 'once';
  /** Whether the app must send an Idempotency-Key. */
  readonly key: 'optional' | 'required';
  /** How long a key is remembered; undefined: `IDEMPOTENCY_TTL_HOURS`. */
  readonly keyHours?: number;
  /** Its own limit for each customer; undefined: `CUSTOMER_CHANGE_RATE_LIMIT`. */
  readonly limit?: (settings: Settings) => ChangeLimit;
  /** What a person does when nobody knows whether it was made. Stands in every answer with the outcome `unknown`. */
  readonly inDoubt: string;
}

/** An operation that only asks Octane: it has no record, no key and no outcome. */
export interface Read<Body extends object = object, Answer = unknown> extends Described<Body, Answer> {
  readonly kind: 'read';
  /** How long a success is kept and given again; undefined: never. */
  readonly cacheSeconds?: number;
}

/** Where it is looked up that something belongs to a customer. */
export interface Ownership {
  /** Asked of Octane first, for the same customer. */
  readonly read: Read;
  /** The values that the request names, all of which must be the customer's. Where it names none nothing is. */
  named(asked: Pick<Forwarding, 'parameters' | 'body'>): readonly string[];
  /** The values that are the customer's, by the answer of the read. */
  owned(answer: unknown): ReadonlySet<string>;
}

export type Operation = Change | Read;

export const change = <Body extends object, Answer>(
  declared: Omit<Change<Body, Answer>, 'kind'>,
): Change<Body, Answer> => ({ kind: 'change', ...declared });

export const read = <Body extends object, Answer>(
  declared: Omit<Read<Body, Answer>, 'kind'>,
): Read<Body, Answer> => ({ kind: 'read', ...declared });

/** Whether it asks for a login of some strength or age. */
export function needsLogin({ requireAcr, maxAuthAgeSeconds }: Operation): boolean {
  return requireAcr !== undefined || maxAuthAgeSeconds !== undefined;
}

/** Whether it may be sent again when nobody knows whether it was done. */
export function isRepeatable(operation: Operation): boolean {
  return operation.kind === 'read' || operation.repeat === 'harmless';
}

export function methodOf(route: Route): Method {
  return route.slice(0, route.indexOf(' ')) as Method;
}

export function pathOf(route: Route): string {
  return route.slice(route.indexOf(' ') + 1);
}

/** The path as Nest's and Fastify's routers write it: `/v1/customers/:custno/payments`. */
export function routerPathOf(route: Route): string {
  return pathOf(route).replaceAll(/\{(\w+)\}/g, ':$1');
}
