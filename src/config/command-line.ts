import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { ConfigurationError } from './configuration-error.ts';

/** What the one who asks can mend; its message is all that is said. */
export class Refusal extends Error {}

/** The arguments of an npm script. */
export class CommandLine {
  /** @param script its name */
  constructor(private readonly script: string) {}

  /** @throws Refusal for an option that there is not, or that lacks its value */
  parse<Options extends NonNullable<ParseArgsConfig['options']>>(args: string[], options: Options) {
    try {
      return parseArgs({ args, allowPositionals: true, options });
    } catch (error) {
      const [fault = ''] = (error as Error).message.split('. ');
      throw this.misunderstood(fault);
    }
  }

  misunderstood(fault: string): Refusal {
    return new Refusal(`${fault}. All options: npm run ${this.script} -- --help`);
  }
}

/**
 * Runs the program of an npm script. A fault ends it with exit code 1.
 *
 * @param explained what to say of an error that is neither a Refusal nor a ConfigurationError
 */
export function runProgram(
  main: (args: string[]) => Promise<void>,
  explained: (error: NodeJS.ErrnoException) => string,
): void {
  // A reader that has seen enough, such as `head`, closes the pipe.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
  main(process.argv.slice(2)).catch((error: NodeJS.ErrnoException) => {
    const isPlain = error instanceof Refusal || error instanceof ConfigurationError;
    process.stderr.write(`${isPlain ? error.message : explained(error)}\n`);
    process.exit(1);
  });
}
