import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { OPERATIONS } from '../src/app.module.ts';
import { methodOf, routerPathOf } from '../src/operations/operation.ts';
import { Public, RequireScope } from '../src/operations/access.decorators.ts';
import { JsonBody } from '../src/dispatch/body.pipe.ts';
import { RouteTable } from '../src/http/route-table.ts';
import { validateBody } from '../src/validation/validate-body.ts';
import { expectProblem } from './support/expect-problem.ts';
import { TestGateway } from './support/gateway.ts';

const operations = OPERATIONS.map(({ operation }) => operation);

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.stop());

interface Handler {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly handler: object;
  readonly parameters: readonly Parameter[];
}

interface Parameter {
  /** Nest's number for its own decorators, such as `@Body()`; undefined for ours. */
  readonly kind: number | undefined;
  /** Of our decorators: what gives the value. */
  readonly factory: unknown;
  /** The class that the parameter is declared with. */
  readonly type: new () => object;
}

/** Every handler of every controller of the running application. */
function handlers(): Handler[] {
  const controllers = [...gateway.application.get(ModulesContainer).values()].flatMap((module) => [
    ...module.controllers.values(),
  ]);
  return controllers.flatMap(({ metatype }) => {
    const prototype = (metatype as { prototype: Record<string, object> }).prototype;
    const names = new MetadataScanner().getAllMethodNames(prototype);
    return names
      .filter((name) => Reflect.hasMetadata(METHOD_METADATA, prototype[name]!))
      .map((name) => ({
        name: `${metatype!.name}.${name}`,
        method: RequestMethod[Reflect.getMetadata(METHOD_METADATA, prototype[name]!)]!,
        path: `/${[
          Reflect.getMetadata(PATH_METADATA, metatype!),
          Reflect.getMetadata(PATH_METADATA, prototype[name]!),
        ]
          .map((part: string) => part.replaceAll(/^\/|\/$/g, ''))
          .filter((part) => part !== '')
          .join('/')}`,
        handler: prototype[name]!,
        parameters: parametersOf(metatype!, prototype, name),
      }));
  });
}

function parametersOf(controller: object, prototype: object, name: string): Parameter[] {
  const types: (new () => object)[] = Reflect.getMetadata('design:paramtypes', prototype, name) ?? [];
  const metadata: Record<string, { index: number; factory?: unknown }> =
    Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {};
  return Object.entries(metadata).map(([key, { index, factory }]) => ({
    kind: factory ? undefined : Number(key.split(':')[0]),
    factory,
    type: types[index]!,
  }));
}

/** What tells a parameter with `@JsonBody()` from others. */
function jsonBodyFactory(): unknown {
  class Probe {
    take(_body: object): void {}
  }
  JsonBody()(Probe.prototype, 'take', 0);
  return parametersOf(Probe, Probe.prototype, 'take')[0]!.factory;
}

/** What Fastify's router really serves, as `METHODS PATH`; it prints a tree of path segments. */
function registeredRoutes(): string[] {
  const tree = gateway.application.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false });
  const branches: string[] = [];
  const routes: string[] = [];
  for (const line of tree.trimEnd().split('\n')) {
    const [, indent, segment, methods] = /^([│ ]*)[├└]── (\S+)(?: \((.*)\))?$/.exec(line)!;
    const depth = indent!.length / 4;
    branches[depth] = (branches[depth - 1] ?? '') + segment;
    if (methods !== undefined) routes.push(`${methods} ${branches[depth]}`);
  }
  return routes;
}

/** With the scopes that they need. */
const LINK_ROUTES = [
  ['PUT', '/v1/customers/:custno/users/:subject', 'customer-links:write'],
  ['DELETE', '/v1/customers/:custno/users/:subject', 'customer-links:write'],
  ['GET', '/v1/customers/:custno/users', 'customer-links:read'],
] as const;

const isPublic = (handler: object): boolean => Reflect.hasMetadata(Public.KEY, handler);
const concrete = (path: string): string =>
  path.replace(':custno', '700123').replace(':subject', 'user-1').replace(':code', 'not-found');

describe('every handler', () => {
  it('is one of these', () => {
    expect(
      handlers()
        .map(({ method, path }) => `${method} ${path}`)
        .toSorted(),
    ).toEqual(
      [
        'GET /',
        'GET /docs',
        'GET /openapi.json',
        'GET /problems',
        'GET /problems/:code',
        ...LINK_ROUTES.map(([method, path]) => `${method} ${path}`),
        ...operations.map(({ route }) => `${methodOf(route)} ${routerPathOf(route)}`),
      ].toSorted(),
    );
  });

  it('says who may call it: anybody, or callers with a scope', () => {
    const access = handlers().map(({ path, handler }) => {
      const scope = Reflect.getMetadata(RequireScope.KEY, handler) as string | undefined;
      return `${path}: ${[...(isPublic(handler) ? ['anybody'] : []), scope].join(' ')}`.trim();
    });
    expect(access.toSorted()).toEqual(
      [
        '/: anybody',
        '/docs: anybody',
        '/openapi.json: anybody',
        '/problems: anybody',
        '/problems/:code: anybody',
        ...LINK_ROUTES.map(([, path, scope]) => `${path}: ${scope}`),
        ...operations.map(({ route, scope }) => `${routerPathOf(route)}: ${scope}`),
      ].toSorted(),
    );
  });

  it('answers without a token where it is public', async () => {
    for (const { method, path } of handlers().filter(({ handler }) => isPublic(handler))) {
      const answer = await gateway.call({ method, path: concrete(path), headers: { accept: 'text/html' } });
      // The start page leads on.
      expect(answer.status).toBe(path === '/' ? 302 : 200);
    }
  });

  it('answers nothing without a token where it is not', async () => {
    for (const { method, path } of handlers().filter(({ handler }) => !isPublic(handler))) {
      const answer = await gateway.call({ method, path: concrete(path) });
      expectProblem(answer, 401, 'authentication-required');
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    expect(gateway.octane.hits).toHaveLength(0);
  });

  it('takes its body by @JsonBody() as a DTO class that knows its properties', () => {
    const factory = jsonBodyFactory();
    const withBody = operations.filter(({ body }) => body).map(({ route }) => routerPathOf(route));
    const takers = handlers().filter(({ path }) => withBody.includes(path));
    expect(takers).toHaveLength(withBody.length);
    for (const { parameters } of takers) {
      const bodies = parameters.filter((parameter) => parameter.factory === factory);
      expect(bodies).toHaveLength(1);
      const { type } = bodies[0]!;
      expect(type.name).toMatch(/Dto$/);
      expect(validateBody(type, { surprise: 1 }, 'standard').violations).toContainEqual(
        expect.objectContaining({ pointer: '#/surprise', code: 'unknown_property' }),
      );
    }
  });

  it('takes nothing else of a request but path parameters and what our own decorators check', () => {
    const REQUEST = 0;
    const RESPONSE = 1;
    const PARAM = 5;
    for (const { parameters } of handlers()) {
      for (const { kind } of parameters) expect([undefined, REQUEST, RESPONSE, PARAM]).toContain(kind);
    }
  });
});

describe('every route', () => {
  it('is one of these', () => {
    expect(registeredRoutes().toSorted()).toEqual(
      [
        'GET, HEAD /',
        'GET, HEAD /docs',
        'GET, HEAD /openapi.json',
        'GET, HEAD /problems',
        'GET, HEAD /problems/:code',
        'GET, HEAD /v1/customers/:custno/users',
        'PUT, DELETE /v1/customers/:custno/users/:subject',
        ...operations.map(
          ({ route }) =>
            `${methodOf(route) === 'GET' ? 'GET, HEAD' : methodOf(route)} ${routerPathOf(route)}`,
        ),
      ].toSorted(),
    );
  });

  it('is in the table that tells a wrong method from a wrong path', () => {
    const table = gateway.application.get(RouteTable);
    // The start page is no part of the API: another method there is a wrong path.
    const ofApi = handlers().filter(({ path }) => path !== '/');
    for (const [path, ofPath] of Map.groupBy(ofApi, (handler) => handler.path)) {
      const methods = ofPath.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
      expect(table.methodsOf(concrete(path))).toEqual(methods.toSorted());
    }
  });
});
