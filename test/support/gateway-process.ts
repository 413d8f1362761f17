import { execFile, spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';
import { onceForRun } from './once-for-run.ts';

/**
 * Compiles the gateway as `npm run build` does, but beside `dist`, which may be in use; once for a run of the tests.
 * @returns a folder to run it in, where `dist` stands
 */
export async function compileGateway(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'octane-bff-gateway-'));
  const shared = await onceForRun('build', compileInto);
  if (shared === undefined) await compileInto(folder);
  else {
    await symlink(join(shared, 'dist'), join(folder, 'dist'));
    await copyFile('package.json', join(folder, 'package.json'));
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function compileInto(folder: string): Promise<void> {
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await copyFile('package.json', join(folder, 'package.json'));
  const compiler = resolve('node_modules/typescript/bin/tsc');
  // The types are checked elsewhere; without it the same code comes out in half the time.
  const options = ['--project', 'tsconfig.build.json', '--noCheck', '--outDir', join(folder, 'dist')];
  await promisify(execFile)(process.execPath, [compiler, ...options]);
  await promisify(execFile)(process.execPath, ['scripts/bundle-packages.ts', join(folder, 'dist')]);
}

/** A compiled gateway that runs as a process of its own. */
export class GatewayProcess {
  stdout = '';
  stderr = '';
  /** Undefined while it runs; null when a signal ended it. */
  exitCode: number | null | undefined;
  private readonly child: ChildProcessByStdio<null, Readable, Readable>;

  /**
   * @param environment everything that the process sees of its surroundings
   * @param launcher a program and its arguments that starts the gateway in its own place
   */
  constructor(folder: string, environment: Record<string, string>, launcher: readonly string[] = []) {
    const [program, ...args] = [...launcher, process.execPath, 'dist/main.js'];
    this.child = spawn(program, args, {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.child.on('close', (code) => (this.exitCode = code));
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Waits for the log line with this message. */
  async logged(message: string): Promise<Record<string, unknown>> {
    const found = await eventually(() => {
      const lines = this.stdout.split('\n').slice(0, -1);
      const line = lines
        .map((text) => JSON.parse(text) as Record<string, unknown>)
        .find(({ msg }) => msg === message);
      if (line) return { line };
      return this.exitCode === undefined ? undefined : { line };
    });
    if (!found.line) throw new Error(`the gateway ended without "${message}": ${this.stderr}`);
    return found.line;
  }

  /** Waits until it listens. */
  async addresses(): Promise<{ api: string; management: string }> {
    const { api, management } = await this.logged('listening');
    return { api: String(api), management: String(management) };
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Waits for its end. */
  async exited(): Promise<number | null> {
    if (this.exitCode === undefined) await once(this.child, 'close');
    return this.exitCode ?? null;
  }

  /** For the end of a test, however it went. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited();
  }
}
