import type { Settings } from '../config/settings.ts';
import type { JsonSchema } from '../validation/json-schema.ts';
import type { ValidatedBody } from '../validation/validate-body.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A method and a path, with the names of its parameters in braces: `POST /v1/customers/{custno}/payments`. */
export type Route = `${Method} /${string}`;

export type Scope = `${string}:${string}`;

export interface NamedExample {
  readonly summary: string;
  readonly value: unknown;
}

/** How the body of a request is read, and what the OpenAPI document says of it. */
export interface BodyOf<Body extends object> {
  /** Whether the app must send one. Else no body, an empty one and `{}` are the same. */
  readonly required: boolean;
  readonly description: string;
  /** Checks the parsed JSON. What it gives is what Octane receives. */
  read(json: unknown, settings: Settings): ValidatedBody<Body>;
  /** JSON Schemas by their names in the OpenAPI document. The first one is that of the body. */
  schemas(settings: Settings): Readonly<Record<string, JsonSchema>>;
  readonly examples: Readonly<Record<string, NamedExample>>;
  /** A body that is refused at every level: the example of `validation-failed`. */
  readonly refused: unknown;
}

/** How the app's answer is made of Octane's response, and what the OpenAPI document says of it. */
export interface AnswerOf<Answer> {
  /** Of the app's answer; 204 has no body. */
  readonly status: 200 | 204;
  readonly description: string;
  /** The one status of Octane whose body is read. Undefined: any 2xx is a success, and no body is read. */
  readonly octaneStatus?: number;
  /**
   * Reads the body of Octane's response.
   *
   * @returns undefined where it is not what Octane documents
   */
  read?(body: string): Answer | undefined;
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
  /** Where Octane has it, below its base URL: `{groupno}` and `{custno}` are filled in. */
  readonly octane: Route;
  readonly body?: BodyOf<Body>;
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
  /** Its own limit for each customer; undefined: `CUSTOMER_CHANGE_RATE_LIMIT`. */
  readonly limit?: (settings: Settings) => ChangeLimit;
  /** What a person does when nobody knows whether it was made. Stands in every answer with the outcome `unknown`. */
  readonly inDoubt: string;
}

/** An operation that only asks Octane: it has no record, no key and no outcome. */
export interface Read<Body extends object = object, Answer = unknown> extends Described<Body, Answer> {
  readonly kind: 'read';
}

export type Operation = Change | Read;

export const change = <Body extends object, Answer>(
  declared: Omit<Change<Body, Answer>, 'kind'>,
): Change<Body, Answer> => ({ kind: 'change', ...declared });

export const read = <Body extends object, Answer>(
  declared: Omit<Read<Body, Answer>, 'kind'>,
): Read<Body, Answer> => ({ kind: 'read', ...declared });

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
