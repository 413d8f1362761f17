import { ConfigurationError, InvalidValue } from './configuration-error.ts';

/** Everything that is wrong, collected by place: a variable, or a path in the gateway file. */
export class Faults {
  /** Each once: two readers of one file may find the same. */
  readonly #lines = new Set<string>();
  readonly #places = new Set<string>();

  add(place: string, wrong: string): void {
    this.#lines.add(`${place}: ${wrong}`);
    this.#places.add(place);
  }

  get count(): number {
    return this.#lines.size;
  }

  addAll(others: Faults): void {
    for (const line of others.#lines) this.#lines.add(line);
    for (const place of others.#places) this.#places.add(place);
  }

  has(place: string): boolean {
    return this.#places.has(place);
  }

  /** Gives what `read` gives. When it throws InvalidValue, adds its message as a fault of `place` instead. */
  attempt<T>(place: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InvalidValue)) throw error;
      this.add(place, error.message);
      return undefined;
    }
  }

  /** @throws ConfigurationError with every fault, when there is one */
  throwIfAny(): void {
    if (this.#lines.size > 0) throw new ConfigurationError([...this.#lines]);
  }
}
