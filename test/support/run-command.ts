import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { exitCodeOf } from '../../src/config/command-line.ts';
import type { Program } from '../../src/config/command-line.ts';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of an npm script in this process, which costs a hundredth of the start of another one. */
export async function runCommand(
  program: Program,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const printed = Promise.all([text(stdout), text(stderr)]);
  const code = await exitCodeOf(program, [...args], { environment, stdout, stderr });
  stdout.end();
  stderr.end();
  const [out, complaints] = await printed;
  return { code, stdout: out, stderr: complaints };
}
