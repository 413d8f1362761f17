import type { Period } from './starvation.ts';

/** An error that has a cause outside of the gateway, in the time in which it has it. */
export interface ExpectedError extends Period {
  readonly message: string;
}

/** What a gateway that has ended had to say. */
export interface Output {
  readonly name: string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LogFindings {
  readonly lines: number;
  /** How many there are of each message that is not of the level info. */
  readonly aboveInfo: Readonly<Record<string, number>>;
  readonly brokenPromises: readonly string[];
}

/** What must not stand in a log, whatever its value. */
const NEVER: readonly (readonly [string, RegExp])[] = [
  ['a token', /\beyJ[\w-]{8,}\.[\w-]{8,}/],
  ['a credential', /\b(Basic|Bearer) [\w+/=.-]{8,}/],
  ['what had to be redacted, by the second line of defence', /\[redacted\]/],
  ['an email address', /[\w.+-]+@[\w-]+\.\w+/],
];
const ERRORS: ReadonlySet<unknown> = new Set(['error', 'fatal']);
const MAX_FOUND = 5;

/**
 * Reads the whole output of a gateway.
 *
 * @param secrets that must not stand in it
 */
export function readLog(
  { name, stdout, stderr }: Output,
  expected: readonly ExpectedError[],
  secrets: readonly string[],
): LogFindings {
  const lines = stdout.split('\n').filter((line) => line !== '');
  const found: string[] = [];
  const aboveInfo: Record<string, number> = {};
  for (const [what, pattern] of NEVER) {
    if (pattern.test(stdout) || pattern.test(stderr)) found.push(`logged ${what}`);
  }
  if (secrets.some((secret) => stdout.includes(secret) || stderr.includes(secret))) {
    found.push('logged a secret');
  }
  if (stderr !== '') found.push(`wrote to stderr: ${masked(stderr, secrets).slice(0, 2000)}`);
  for (const [index, line] of lines.entries()) {
    const record = parsed(line);
    // A killed gateway may have been in the middle of its last line.
    if (!record && index < lines.length - 1) found.push(`logged a line that is not JSON`);
    if (!record) continue;
    const { level, msg, time } = record;
    const message = `${String(level)}: ${String(msg)}`;
    if (level !== 'info') aboveInfo[message] = (aboveInfo[message] ?? 0) + 1;
    const at = Date.parse(String(time));
    if (
      ERRORS.has(level) &&
      !expected.some((error) => error.message === msg && error.from <= at && at <= error.to)
    ) {
      found.push(`logged ${masked(line, secrets)}`);
    }
  }
  return {
    lines: lines.length,
    aboveInfo,
    brokenPromises: [
      ...found.slice(0, MAX_FOUND).map((fault) => `${name} ${fault}`),
      ...(found.length > MAX_FOUND ? [`${name}: ${found.length - MAX_FOUND} more in its log`] : []),
    ],
  };
}

/** What is printed here goes to a log, too. */
function masked(text: string, secrets: readonly string[]): string {
  const hidden = NEVER.reduce((rest, [, pattern]) => rest.replaceAll(new RegExp(pattern, 'g'), '***'), text);
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), hidden);
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
