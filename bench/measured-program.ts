import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { eventually } from '../test/support/eventually.ts';

/** The core of whatever is measured, and that of everything else. */
const MEASURED_CORE = '0';
export const OTHER_CORE = '1';

const LAST_WORDS_CHARACTERS = 2000;

/** Nobody is left behind, however this process ends. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** How a program is started; it listens on 127.0.0.1. */
export interface Program {
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly port: number;
  /** Answers 200 once it is ready; unset: any answer of `port` will do. */
  readonly readyUrl?: string;
  /** The file that it prints to; unset: nowhere. */
  readonly stdout?: number;
  /** Unset: the measured one. */
  readonly core?: string;
}

/** A process that has a core to itself. */
export class MeasuredProgram {
  readonly url: string;
  /** Until it was ready. */
  readonly startSeconds: number;
  private readonly child: ChildProcess;

  private constructor(url: string, child: ChildProcess, startSeconds: number) {
    this.url = url;
    this.child = child;
    this.startSeconds = startSeconds;
  }

  static async start({
    command,
    folder,
    environment,
    port,
    readyUrl,
    stdout,
    core = MEASURED_CORE,
  }: Program): Promise<MeasuredProgram> {
    const startedAt = performance.now();
    const child = spawn('taskset', ['--cpu-list', core, ...command], {
      cwd: folder,
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', stdout ?? 'ignore', 'pipe'],
    });
    let lastWords = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      process.stderr.write(chunk);
      lastWords = `${lastWords}${chunk.toString()}`.slice(-LAST_WORDS_CHARACTERS);
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const url = `http://127.0.0.1:${port}`;
    await eventually(async () => {
      if (child.exitCode !== null)
        throw new Error(`${command[0]} ended with ${child.exitCode}: ${lastWords}`);
      const answer = await fetch(readyUrl ?? url).catch(() => undefined);
      await answer?.body?.cancel();
      return readyUrl === undefined ? answer !== undefined : answer?.ok;
    });
    return new MeasuredProgram(url, child, (performance.now() - startedAt) / 1000);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Milliseconds of CPU time that all its threads have used so far, in user and system mode. */
  async cpuMs(): Promise<number> {
    const folder = `/proc/${this.pid}/task`;
    const threads = await readdir(folder);
    // Nanoseconds on a CPU; /proc/PID/stat counts in ticks of 10 ms.
    const runtimes = threads.map(async (thread) =>
      Number((await readFile(`${folder}/${thread}/schedstat`, 'utf8')).split(' ')[0]),
    );
    return (await Promise.all(runtimes)).reduce((sum, runtime) => sum + runtime, 0) / 1e6;
  }

  /** Megabytes of memory that are in use now, and that were at most. */
  async memoryMb(): Promise<{ now: number; peak: number }> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    const megabytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
    return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }
}

/** Leaves the measured core to the measured; what this process starts from now on does so too. */
export async function leaveMeasuredCore(): Promise<void> {
  const command = ['--all-tasks', '--cpu-list', '--pid', OTHER_CORE, String(process.pid)];
  // A thread of this process may end between being listed and being moved.
  await eventually(() =>
    promisify(execFile)('taskset', command).then(
      () => true,
      () => false,
    ),
  );
}
