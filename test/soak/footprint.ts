/** What a process holds, from /proc. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

const SAMPLE_INTERVAL_MS = 1000;
const LOOKS = 20;
const LOOK_INTERVAL_MS = 100;

export interface MemorySample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Resident memory in MB of 2^20 bytes. */
  readonly mb: number;
}

/** Samples the resident memory of a process until it ends, or the sampling is stopped. */
export class MemorySampling {
  readonly samples: MemorySample[] = [];
  private readonly pid: number;
  private readonly stopping = new AbortController();
  private readonly sampling: Promise<void>;

  constructor(pid: number) {
    this.pid = pid;
    this.sampling = this.sample();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.sampling;
  }

  private async sample(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const status = await readFile(`/proc/${this.pid}/status`, 'utf8').catch(() => '');
      const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(status) ?? [];
      if (kilobytes === undefined) return;
      this.samples.push({ at: Date.now(), mb: Number(kilobytes) / 1024 });
      await wait(SAMPLE_INTERVAL_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }
}

/** How many open file descriptors a process has of each kind: `socket`, `pipe`, `anon_inode`, `file`. */
export type Handles = Readonly<Record<string, number>>;

export async function openHandles(pid: number): Promise<Handles> {
  const folder = `/proc/${pid}/fd`;
  // A process that has ended has none.
  const names = await readdir(folder).catch((): string[] => []);
  // One that was closed since the folder was read is not open.
  const targets = await Promise.all(
    names.map((name) => readlink(`${folder}/${name}`).catch(() => undefined)),
  );
  const counts: Record<string, number> = {};
  for (const target of targets) {
    if (target === undefined) continue;
    const kind = /^(socket|pipe|anon_inode):/.exec(target)?.[1] ?? 'file';
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** The most of each kind that a process which is at rest has open over two seconds. */
export async function handlesAtRest(pid: number): Promise<Handles> {
  const most: Record<string, number> = {};
  for (let look = 0; look < LOOKS; look += 1) {
    for (const [kind, count] of Object.entries(await openHandles(pid))) {
      most[kind] = Math.max(most[kind] ?? 0, count);
    }
    await wait(LOOK_INTERVAL_MS);
  }
  return most;
}

/** The kinds of which there are more than at rest. */
export function handlesBeyond(atRest: Handles, now: Handles): string[] {
  return Object.entries(now)
    .filter(([kind, count]) => count > (atRest[kind] ?? 0))
    .map(([kind, count]) => `${count} of the kind ${kind}, at rest ${atRest[kind] ?? 0}`);
}
