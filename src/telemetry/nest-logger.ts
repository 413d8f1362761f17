import type { LoggerService } from '@nestjs/common';
import { pino } from 'pino';
import type { DestinationStream, Logger, LoggerOptions } from 'pino';
import { harmless, REDACTED, REDACTED_PROPERTIES } from './log-line.ts';
import { servedRequest } from './served-request.ts';

/** Injection token of the `Logger` of pino: a type leaves nothing behind that could be a token. */
export const LOGGER = Symbol('Logger');

const NOTHING = {};

/**
 * JSON lines, each with the request that it was written for. Values from outside cannot start a new line or do anything
 * else to a terminal, and what looks like a secret is not shown.
 */
export function createLogger(level: string, destination: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    // The access line comes with its request and its trace: what would be merged is in it, and it is not copied for nothing.
    mixin: (line) => ('traceId' in line ? NOTHING : servedRequest()),
    mixinMergeStrategy: (line, mixed) => (mixed === NOTHING ? line : { ...mixed, ...line }),
    redact: { paths: REDACTED_PROPERTIES, censor: REDACTED },
    hooks: { streamWrite: harmless },
  };
  return pino(options, destination);
}

/** The line that tells of lines that nobody took. */
export function noticeOfDropped(lines: number): string {
  const time = new Date().toISOString();
  return `${JSON.stringify({ level: 'warn', time, lines, msg: 'log lines were dropped' })}\n`;
}

/** Nest's own log lines, and those of our classes that use Nest's `Logger`, in the same stream. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    // Nest tells its start step by step; an operator wants to know that it listens, which app.start.ts says.
    this.write('debug', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  /** Nest calls with the message, then whatever the caller gave, then the name of the logger. */
  private write(
    level: 'trace' | 'debug' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const source = rest.length > 0 ? { source: String(rest.at(-1)) } : {};
    if (typeof message === 'object' && message !== null)
      this.logger[level]({ ...source, ...message }, textOf(rest));
    else this.logger[level](source, String(message));
  }
}

function textOf(rest: unknown[]): string | undefined {
  return rest.length > 1 ? String(rest[0]) : undefined;
}
