/**
 * The settings or the gateway file cannot be used. Raised once with everything that is wrong, so that one start shows
 * all of it. No fault shows a value, because a value may be a secret that was put in the wrong place.
 */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  /** One line for each fault: the variable or the path in the gateway file, and what is wrong. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = Object.freeze([...faults]);
  }
}

/** One value that cannot be used. The message says what it must be and never holds the value. */
export class InvalidValue extends Error {
  override readonly name = 'InvalidValue';
}
