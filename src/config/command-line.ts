import type { Writable } from 'node:stream';
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

/** What a command sees of the process that it runs in. */
export interface Surroundings {
  readonly environment: NodeJS.ProcessEnv;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** A command of an npm script. */
export interface Program {
  run(args: string[], surroundings: Surroundings): Promise<void>;
  /** @returns what to say of an error that is neither a Refusal nor a ConfigurationError */
  explained(error: NodeJS.ErrnoException): string;
}

/** @returns the exit code of the program: 1 where it ended with a fault, which is said on stderr */
export async function exitCodeOf(
  program: Program,
  args: string[],
  surroundings: Surroundings,
): Promise<0 | 1> {
  try {
    await program.run(args, surroundings);
    return 0;
  } catch (error) {
    const isPlain = error instanceof Refusal || error instanceof ConfigurationError;
    const message = isPlain ? error.message : program.explained(error as NodeJS.ErrnoException);
    surroundings.stderr.write(`${message}\n`);
    return 1;
  }
}

/** Runs it as what this process is for. */
export async function runProgram(program: Program): Promise<void> {
  const { argv, env: environment, stdout, stderr } = process;
  // A reader that has seen enough, such as `head`, closes the pipe.
  stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
  const exitCode = await exitCodeOf(program, argv.slice(2), { environment, stdout, stderr });
  if (exitCode !== 0) process.exit(exitCode);
}
