import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

interface Addresses {
  api: string;
  management: string;
}

export interface DemoGateway {
  /** Resolves when it listens, to where. */
  addresses: (givenUp: AbortSignal) => Promise<Addresses>;
  /** Resolves when the gateway has ended, to how it ended and all that it logged. */
  ended: Promise<string>;
  /** Asks it to leave, and ends it where it has not left within 5 s. */
  stop: () => Promise<void>;
}

const root = join(import.meta.dirname, '..');
const leaveTimeoutMs = 5_000;
const readinessTimeoutMs = 60_000;
const pollMs = 100;

/**
 * Runs the compiled gateway as a child process. It sees `environment` and nothing else of this shell, so that no variable left
 * there changes what it does. Its log goes to `logFile`.
 */
export function startGateway(environment: Record<string, string>, logFile: string): DemoGateway {
  const log = openSync(logFile, 'w');
  const child = spawn(process.execPath, [join(root, 'dist', 'main.js')], {
    cwd: root,
    env: environment,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  process.once('exit', () => child.kill('SIGKILL'));
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(`The gateway ended (${signal ?? `exit code ${code}`}):\n\n${readFileSync(logFile, 'utf8')}`);
    });
  });
  return {
    ended,
    addresses: (givenUp) => addressesIn(logFile, givenUp),
    stop: async () => {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), leaveTimeoutMs);
      await ended;
      clearTimeout(late);
    },
  };
}

/** Where the gateway listens, as it logs once it does. */
async function addressesIn(logFile: string, givenUp: AbortSignal): Promise<Addresses> {
  for (;;) {
    const line = readFileSync(logFile, 'utf8')
      .split('\n')
      .find((text) => text.includes('"msg":"listening"'));
    if (line !== undefined) return JSON.parse(line) as Addresses;
    await sleep(pollMs, undefined, { signal: givenUp });
  }
}

/**
 * Resolves when `url` answers 200.
 *
 * @throws Error after a minute, and once given up
 */
export async function untilReady(url: string, givenUp: AbortSignal): Promise<void> {
  const deadline = performance.now() + readinessTimeoutMs;
  while (performance.now() < deadline) {
    const response = await fetch(url, { signal: givenUp }).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await sleep(pollMs, undefined, { signal: givenUp });
  }
  throw new Error(`${url} did not answer 200 within ${readinessTimeoutMs / 1000} s.`);
}
