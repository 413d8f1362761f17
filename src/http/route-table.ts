import { Injectable } from '@nestjs/common';
import type { RouteOptions } from 'fastify';

/** The registered routes, kept to tell a wrong method (405) from a wrong path (404), which Fastify does not. */
@Injectable()
export class RouteTable {
  private readonly methods = new Map<string, { path: RegExp; methods: Set<string> }>();

  add(route: Pick<RouteOptions, 'url' | 'method'>): void {
    // It leads browsers on, and is no part of the API.
    if (route.url === '/') return;
    const entry = this.methods.get(route.url) ?? { path: pathPattern(route.url), methods: new Set<string>() };
    for (const method of [route.method].flat()) entry.methods.add(method);
    this.methods.set(route.url, entry);
  }

  /** Paths are exact: the router would decode `%63ustomers`, and drop a fragment. */
  isSpelledOut(url: string): boolean {
    return !/[%#]/.test(url) || this.methodsOf(url).length > 0;
  }

  /** The methods of the routes that the URL's path matches; none for an unknown path. A fragment has no place in a request. */
  methodsOf(url: string): string[] {
    if (url.includes('#')) return [];
    // A proxy's request names the whole URL (RFC 9112, section 3.2.2).
    const path = url.replace(/^https?:\/\/[^/?]*/i, '').split('?', 1)[0] ?? '';
    return [...this.methods.values()]
      .flatMap((entry) => (entry.path.test(path) ? [...entry.methods] : []))
      .toSorted();
  }
}

function pathPattern(url: string): RegExp {
  return new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`);
}
