/**
 * What the journal costs: the same gateway with SQLite, with PostgreSQL, and with a store that remembers nothing, by turns
 * under the same load. Every request sets a direct debit with an Idempotency-Key of its own, the dearest thing that can be
 * asked of the journal: a key to claim, and a reply to seal and to keep.
 *
 *   npm run bench:journal -- [--rounds 5] [--requests 2000]
 */
import { parseArgs } from 'node:util';
import { startGateway } from './gateway.ts';
import { figure, provenance, table } from './markdown.ts';
import type { MeasuredProgram } from './measured-program.ts';
import { Stage } from './stage.ts';
import type { Run } from './stage.ts';
import { spreadOf } from './statistics.ts';

const CONNECTIONS = [1, 32, 256];
/** One at a time says as much with fewer. */
const SHARE_OF_REQUESTS: Readonly<Record<number, number>> = { 1: 0.2 };
const WARM_UP = 5000;
const NOTHING = 'nothing';

const args = process.argv.slice(2);
const { values } = parseArgs({
  args,
  options: { rounds: { type: 'string', default: '5' }, requests: { type: 'string', default: '2000' } },
});
const [rounds, requests] = [Number(values.rounds), Number(values.requests)];

const stage = await Stage.set();
const gateways: Record<string, MeasuredProgram> = {};
try {
  await stage.useTokens(1);
  const { surroundings } = stage;
  gateways[NOTHING] = await startGateway(surroundings, {
    databaseUrl: 'sqlite:nothing.db',
    preloaded: ['nothing-store.ts'],
  });
  gateways['SQLite'] = await startGateway(surroundings, { databaseUrl: 'sqlite:journal.db' });
  gateways['PostgreSQL'] = await startGateway(surroundings, { databaseUrl: await stage.newDatabase() });
  report(await measure());
} finally {
  for (const gateway of Object.values(gateways)) await gateway.stop();
  await stage.strike();
}

async function measure(): Promise<Map<string, Run[]>> {
  const runs = new Map<string, Run[]>();
  const stores = Object.entries(gateways);
  for (const [, gateway] of stores) await stage.ask(gateway, { count: WARM_UP, hasKey: true });
  for (let round = 0; round < rounds; round += 1) {
    for (const connections of CONNECTIONS) {
      // Another one goes first each round, so that a machine that slows down slows all of them.
      for (const offset of stores.keys()) {
        const [store, gateway] = stores[(offset + round) % stores.length]!;
        const count = Math.round(requests * (SHARE_OF_REQUESTS[connections] ?? 1));
        const run = await stage.measure(gateway, { count, connections, hasKey: true });
        const name = nameOf(store, connections);
        runs.set(name, [...(runs.get(name) ?? []), run]);
      }
    }
  }
  return runs;
}

function nameOf(store: string, connections: number): string {
  return `${store} at ${connections}`;
}

function report(runs: Map<string, Run[]>): void {
  const median = (store: string, connections: number, of: (run: Run) => number): number =>
    spreadOf(runs.get(nameOf(store, connections))!.map(of)).median;
  const rows = CONNECTIONS.flatMap((connections) =>
    Object.keys(gateways).map((store) => {
      const withAdded = (of: (run: Run) => number): string[] => {
        const [own, base] = [median(store, connections, of), median(NOTHING, connections, of)];
        const added = `${own < base ? '−' : '+'}${figure(Math.abs(own - base))}`;
        return [figure(own), store === NOTHING ? '' : added];
      };
      return [
        `${store}, ${connections} at a time`,
        figure(median(store, connections, (run) => run.perSecond)),
        ...withAdded((run) => run.cpuMsPer1000),
        ...withAdded((run) => run.p50Ms),
        ...withAdded((run) => run.p99Ms),
      ];
    }),
  );
  const head = ['store', 'requests/s', 'CPU ms per 1,000', 'added', 'p50 ms', 'added', 'p99 ms', 'added'];
  console.log(`${provenance(args, 'bench:journal')}\n\n${table(head, rows)}`);
}
