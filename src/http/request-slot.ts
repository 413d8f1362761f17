import type { FastifyRequest } from 'fastify';

/** One thing that is known of a request. Whoever finds it out owns the slot, and whoever needs it imports that. */
export class RequestSlot<T> {
  private readonly key: symbol;

  /** @param name for debuggers */
  constructor(name: string) {
    this.key = Symbol(name);
  }

  get(request: FastifyRequest): T | undefined {
    return (request as unknown as Record<symbol, T | undefined>)[this.key];
  }

  set(request: FastifyRequest, value: T): void {
    (request as unknown as Record<symbol, T>)[this.key] = value;
  }

  /** @throws Error where it is not known: a step of the way has not run, which is a defect */
  need(request: FastifyRequest): T {
    const value = this.get(request);
    if (value === undefined) throw new Error(`${this.key.description} is not known`);
    return value;
  }
}
