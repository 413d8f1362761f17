import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../sandbox/listen.ts';
import { eventually } from '../test/support/eventually.ts';

/** A compiled gateway in a process of its own. */
export class BenchedGateway {
  readonly url: string;
  private readonly child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.child = child;
  }

  /**
   * @param folder where `dist/` is
   * @param preloaded names of modules of this folder
   */
  static async start(
    folder: string,
    environment: Record<string, string>,
    preloaded: readonly string[] = [],
  ): Promise<BenchedGateway> {
    const [port, managementPort] = [await freePort(0), await freePort(0)];
    const imports = ['report-cpu.ts', ...preloaded].flatMap((name) => [
      '--import',
      new URL(name, import.meta.url).href,
    ]);
    const child = spawn(process.execPath, [...imports, 'dist/main.js'], {
      cwd: folder,
      env: {
        HOST: '127.0.0.1',
        PORT: String(port),
        MANAGEMENT_PORT: String(managementPort),
        DRAIN_DELAY_MS: '0',
        ...environment,
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error('the gateway did not start');
      const answer = await fetch(`http://127.0.0.1:${managementPort}/health/ready`).catch(() => undefined);
      await answer?.body?.cancel();
      return answer?.ok;
    });
    return new BenchedGateway(`http://127.0.0.1:${port}`, child);
  }

  /** Milliseconds of CPU time that all its threads have used so far, in user and system mode. */
  async cpuMs(): Promise<number> {
    this.child.send('cpu');
    const [{ user, system }] = (await once(this.child, 'message')) as [NodeJS.CpuUsage];
    return (user + system) / 1000;
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }
}
