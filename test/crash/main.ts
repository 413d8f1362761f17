import { execFile } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { compileGateway } from '../support/gateway-process.ts';
import { STORE_KINDS, TestStores } from '../support/stores.ts';
import { crashTest, SETTLED_AFTER_MS } from './crash-test.ts';
import type { Recorded } from './verdict.ts';

const USAGE = 'Usage: npm run test:crash -- [--rounds N] [--store sqlite|postgres] [--seed N]';
const DEFAULT_ROUNDS = 200;
const MAX_LIST_BYTES = 2 ** 30;

type StoreKind = (typeof STORE_KINDS)[number];

const { rounds, kinds, seed } = understand();
console.log(`${rounds} rounds on ${kinds.join(' and on ')}, --seed ${seed}`);
const build = await compileGateway();
try {
  for (const kind of kinds) await run(kind);
} finally {
  await build.remove();
}

function understand(): { rounds: number; kinds: readonly StoreKind[]; seed: number } {
  const { values } = parseArgs({
    options: { rounds: { type: 'string' }, store: { type: 'string' }, seed: { type: 'string' } },
  });
  const chosen = {
    rounds: Number(values.rounds ?? DEFAULT_ROUNDS),
    seed: Number(values.seed ?? Math.floor(Math.random() * 2 ** 31)),
    kinds: STORE_KINDS.filter((kind) => kind.toLowerCase().startsWith(values.store ?? '')),
  };
  const isUnderstood = chosen.rounds >= 1 && Number.isInteger(chosen.rounds) && Number.isInteger(chosen.seed);
  if (isUnderstood && chosen.kinds.length > 0) return chosen;
  console.error(USAGE);
  process.exit(1);
}

async function run(kind: StoreKind): Promise<void> {
  const stores = await TestStores.start(kind);
  try {
    const databaseUrl = await stores.newUrl();
    const started = Date.now();
    const report = await crashTest({
      folder: build.folder,
      databaseUrl,
      rounds,
      seed,
      onRound: (round) => round % 10 === 0 && console.log(`${kind}: ${round} rounds`),
      readJournal: async () => {
        await wait(SETTLED_AFTER_MS);
        return listJournal(databaseUrl);
      },
    });
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(JSON.stringify({ store: kind, seconds, ...report }, null, 2));
    if (report.brokenPromises.length > 0) process.exitCode = 1;
  } finally {
    await stores.stop();
  }
}

/** As an operator reads it. */
async function listJournal(databaseUrl: string): Promise<Recorded[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/journal/cli.js', 'list', '--json'], {
    cwd: build.folder,
    env: { DATABASE_URL: databaseUrl },
    maxBuffer: MAX_LIST_BYTES,
  });
  return JSON.parse(stdout) as Recorded[];
}
