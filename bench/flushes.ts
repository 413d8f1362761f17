import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../test/support/eventually.ts';
import { missingProgram } from './contenders.ts';
import { startGateway } from './gateway.ts';
import type { Goal } from './goals.ts';
import { figure, table } from './markdown.ts';
import type { MeasuredProgram } from './measured-program.ts';
import type { Effort, Stage } from './stage.ts';

/** Changes at one time, and how many flushes each may take. */
const GOALS = [
  { atOnce: 1, must: 2, moonshot: 2 },
  { atOnce: 8, must: 1, moonshot: 1 },
  { atOnce: 64, must: 0.2, moonshot: 0.2 },
];

/** Of the usual requests of a round: what is counted does not vary. */
const SHARE = 1 / 4;

/** How often the gateway has the disk confirm what it wrote, for one change: SQLite, counted by strace. */
export async function measureFlushes(
  stage: Stage,
  { requests, tokens }: Effort,
): Promise<{ markdown: string; goals: Goal[] }> {
  const missing = await missingProgram('strace');
  if (missing !== undefined) return { markdown: `Not counted: ${missing}.`, goals: [] };
  await stage.useTokens(tokens);
  const gateway = await startGateway(stage.surroundings, { databaseUrl: 'sqlite:flushes.db' });
  try {
    const goals: Goal[] = [];
    const count = Math.ceil(requests * SHARE);
    for (const { atOnce, ...limits } of GOALS) {
      const flushes = await flushesOf(gateway, join(stage.surroundings.folder, 'flushes'), () =>
        stage.ask(gateway, { count, connections: atOnce, tokens: 'all' }),
      );
      goals.push({
        what: `flushes a change, ${atOnce} at a time`,
        measured: flushes / count,
        unit: '',
        ...limits,
      });
    }
    const rows = goals.map(({ what, measured }) => [what, figure(measured)]);
    return { markdown: table(['what', 'fsync and fdatasync'], rows), goals };
  } finally {
    await gateway.stop();
  }
}

async function flushesOf(
  program: MeasuredProgram,
  output: string,
  use: () => Promise<unknown>,
): Promise<number> {
  const options = ['-f', '-e', 'trace=fsync,fdatasync', '-o', output, '-p', String(program.pid)];
  const tracer = spawn('strace', options, { stdio: ['ignore', 'ignore', 'pipe'] });
  let told = '';
  tracer.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
  await eventually(() => told.includes('attached') || tracer.exitCode !== null);
  if (tracer.exitCode !== null) throw new Error(`strace: ${told}`);
  await use();
  tracer.kill('SIGINT');
  await once(tracer, 'exit');
  return [...(await readFile(output, 'utf8')).matchAll(/\b(fsync|fdatasync)\(/g)].length;
}
