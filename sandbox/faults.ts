import { isObject } from './fields.ts';
import { operationNames } from './operations.ts';

type Behaviour =
  | { kind: 'delay'; ms: number }
  | { kind: 'hang'; at: 'start' | 'headers' | 'body' }
  | { kind: 'reset' }
  | { kind: 'status'; status: number; retryAfter: string | number | null; body: unknown }
  | { kind: 'redirect'; location: string }
  | { kind: 'garbage' }
  | { kind: 'wrong-shape' }
  | { kind: 'not-json' }
  | { kind: 'oversize' }
  | { kind: 'drip'; ms: number }
  | { kind: 'cut' };

type Kind = Behaviour['kind'];

/** How Octane is to meet requests instead of answering them as documented. */
export type Fault = Behaviour & {
  /** By its name, or all of them. */
  operation: string;
  /** How many requests it still meets; null: every one until it is cleared. */
  times: number | null;
  /** Whether the change is made all the same. */
  applied: boolean;
};

type Options<K extends Kind> = Omit<Extract<Behaviour, { kind: K }>, 'kind'>;

export const kinds: { [K in Kind]: { does: string; applied: boolean; options: Options<K> } } = {
  delay: { does: 'answers as always, but only after `ms`', applied: true, options: { ms: 3000 } },
  hang: {
    does: 'never answers; stops before anything is sent (`at`: start), in the headers or in the body',
    applied: false,
    options: { at: 'start' },
  },
  reset: { does: 'resets the connection instead of answering', applied: false, options: {} },
  status: {
    does: 'answers with `status`; with Retry-After and a body (a text or a JSON value) when given; applied when 2xx',
    applied: false,
    options: { status: 503, retryAfter: null, body: null },
  },
  redirect: {
    does: 'answers 307 with `location`',
    applied: false,
    options: { location: '/tiab/api/redirected' },
  },
  garbage: { does: 'answers with bytes that are not HTTP', applied: true, options: {} },
  'wrong-shape': { does: 'answers 200 with JSON that is not documented', applied: true, options: {} },
  'not-json': { does: 'answers 200 with a page of HTML', applied: true, options: {} },
  oversize: {
    does: 'answers 200 with a body of 128 KiB, or of 2 MiB for a read',
    applied: true,
    options: {},
  },
  drip: { does: 'sends the body one byte each `ms`', applied: true, options: { ms: 200 } },
  cut: { does: 'closes the connection in the middle of the body', applied: true, options: {} },
};

const checks: Record<string, { expected: string; holds: (value: unknown) => boolean }> = {
  operation: oneOf(operationNames),
  once: { expected: 'true', holds: (value) => value === true },
  times: wholeNumber(1, 1_000_000),
  applied: { expected: 'true or false', holds: (value) => typeof value === 'boolean' },
  ms: wholeNumber(1, 3_600_000),
  at: oneOf(['start', 'headers', 'body']),
  status: wholeNumber(200, 599),
  retryAfter: {
    expected: 'a number of seconds or an HTTP date',
    holds: (value) => wholeNumber(0, 1_000_000).holds(value) || isHeaderText(value),
  },
  body: { expected: 'a text or a JSON value', holds: () => true },
  location: { expected: 'a URL or a path', holds: isHeaderText },
};

/** No name of an operation. */
const allOperations = 'all';
const common = ['kind', 'operation', 'once', 'times', 'applied'];

/** Reads the fault that a control request asks for, or says all that is wrong with it. */
export function parseFault(body: unknown): { fault: Fault } | { errors: string[] } {
  if (!isObject(body))
    return { errors: ['the body must be a JSON object, for example {"kind":"reset","once":true}'] };
  const { kind } = body;
  if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind)) {
    return { errors: [`kind must be one of ${Object.keys(kinds).join(', ')}`] };
  }
  const { options, applied } = kinds[kind as Kind];
  const allowed = [...common, ...Object.keys(options)];
  const errors = Object.entries(body).flatMap(([name, value]) => {
    if (!allowed.includes(name)) return [`${name} is not an option of ${kind}: ${allowed.join(', ')}`];
    const check = checks[name];
    return !check || check.holds(value) ? [] : [`${name} must be ${check.expected}`];
  });
  if ('once' in body && 'times' in body) errors.push('once and times exclude each other');
  if (errors.length > 0) return { errors };

  const { once, ...rest } = body;
  const succeeds = kind === 'status' && Number(body['status']) < 300;
  const whole = {
    kind,
    operation: allOperations,
    times: once ? 1 : null,
    applied: applied || succeeds,
    ...options,
    ...rest,
  };
  return { fault: whole as unknown as Fault };
}

/** The faults in force: at most one for each operation. */
export class Faults {
  readonly #inForce = new Map<string, Fault>();

  /** Replaces what stood for its operations. */
  set(fault: Fault): void {
    for (const operation of operationNames) {
      if ([operation, allOperations].includes(fault.operation)) this.#inForce.set(operation, fault);
    }
  }

  /** The fault that the next request of `operation` meets, counted as met. */
  take(operation: string): Fault | undefined {
    const fault = this.#inForce.get(operation);
    if (fault?.times && --fault.times === 0) {
      for (const [each, its] of this.#inForce) if (its === fault) this.#inForce.delete(each);
    }
    return fault;
  }

  clear(): void {
    this.#inForce.clear();
  }

  toJSON(): Record<string, Fault | null> {
    return Object.fromEntries(
      operationNames.map((operation) => [operation, this.#inForce.get(operation) ?? null]),
    );
  }
}

function oneOf(values: readonly string[]) {
  return {
    expected: `one of ${values.join(', ')}`,
    holds: (value: unknown) => values.includes(value as string),
  };
}

function wholeNumber(least: number, most: number) {
  return {
    expected: `a whole number from ${least} to ${most}`,
    holds: (value: unknown) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
  };
}

function isHeaderText(value: unknown): boolean {
  return typeof value === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value);
}
