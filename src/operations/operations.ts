import { methodOf, routerPathOf } from './operation.ts';
import type { Operation } from './operation.ts';

/** The limits that every gateway has: an operation's own is called by its name. */
export const LIMITS = ['auth-failure', 'flood', 'user', 'caller', 'customer-change', 'octane'];

/** How an operation's own limit is called, in metrics, logs and the fields that tell apps of it. */
export function limitNameOf(operation: string): string {
  return LIMITS.includes(operation) ? `operation:${operation}` : operation;
}

/** The operations that are open. What depends on the list of them follows from this one. */
export class Operations {
  private readonly byName = new Map<string, Operation>();
  /** By path, then by method. */
  private readonly byRoute = new Map<string, Map<string, Operation>>();

  /** @throws Error where two have the same name or route, or one cannot be served as it is declared */
  constructor(readonly all: readonly Operation[]) {
    for (const operation of all) {
      const path = routerPathOf(operation.route);
      const method = methodOf(operation.route);
      const ofPath = this.byRoute.get(path) ?? new Map<string, Operation>();
      if (this.byName.has(operation.name)) throw new Error(`two operations have the name ${operation.name}`);
      if (ofPath.has(method)) throw new Error(`two operations have the route ${method} ${path}`);
      if (path.includes('/:custno') === (operation.customers === 'none'))
        throw new Error(`the route of ${operation.name} does not say whose customer it is`);
      if (operation.ownedBy?.some((each) => !all.includes(each.read)))
        throw new Error(`${operation.name} is owned by a read that is not open`);
      this.byName.set(operation.name, operation);
      this.byRoute.set(path, ofPath.set(method, operation));
    }
  }

  get names(): string[] {
    return [...this.byName.keys()];
  }

  /** @returns undefined for a name that no open operation has: an old record may have one */
  named(name: string): Operation | undefined {
    return this.byName.get(name);
  }

  /**
   * The operation that a route serves.
   *
   * @param path as the router writes it, with `:custno`; undefined where no route took the request
   */
  at(method: string, path: string | undefined): Operation | undefined {
    // A HEAD is answered as a GET is, without the body.
    return this.byRoute.get(path ?? '')?.get(method === 'HEAD' ? 'GET' : method);
  }
}
