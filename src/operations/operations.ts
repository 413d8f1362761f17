import { methodOf, routerPathOf } from './operation.ts';
import type { Operation } from './operation.ts';

/** The operations that are open. What depends on the list of them follows from this one. */
export class Operations {
  private readonly byName = new Map<string, Operation>();
  /** By path, then by method. */
  private readonly byRoute = new Map<string, Map<string, Operation>>();

  /** @throws Error where two have the same name or route */
  constructor(readonly all: readonly Operation[]) {
    for (const operation of all) {
      const path = routerPathOf(operation.route);
      const method = methodOf(operation.route);
      const ofPath = this.byRoute.get(path) ?? new Map<string, Operation>();
      if (this.byName.has(operation.name)) throw new Error(`two operations have the name ${operation.name}`);
      if (ofPath.has(method)) throw new Error(`two operations have the route ${method} ${path}`);
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
