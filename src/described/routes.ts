import type { Faults } from '../config/faults.ts';
import { methodOf, pathOf } from '../operations/operation.ts';
import type { Route } from '../operations/operation.ts';

/** What the gateway itself serves, or is going to. */
const OWN: readonly Route[] = [
  'GET /openapi.json',
  'GET /docs',
  'GET /problems',
  'GET /problems/{code}',
  'GET /v1/customers/{custno}/users',
  'PUT /v1/customers/{custno}/users/{subject}',
  'DELETE /v1/customers/{custno}/users/{subject}',
];

/** The names in braces, in order. */
export function parametersIn(path: string): string[] {
  return [...path.matchAll(/\{([^}]*)\}/g)].map(([, name = '']) => name);
}

/** The same for two routes of which nobody could say which one a request means. */
function shapeOf(route: Route): string {
  return `${methodOf(route)} ${pathOf(route).replaceAll(/\{[^}]*\}/g, '{}')}`;
}

/** Finds routes that are taken. */
export class TakenRoutes {
  private readonly owners = new Map<string, string>(
    OWN.map((route) => [shapeOf(route), 'the gateway itself']),
  );

  /** @param owner who has it, for the words of a fault */
  take(route: Route, owner: string, place: string, faults: Faults): void {
    const shape = shapeOf(route);
    const other = this.owners.get(shape);
    if (other === undefined) this.owners.set(shape, owner);
    else faults.add(place, `${other} has the same route`);
  }
}
