import { fileURLToPath } from 'node:url';
import { startGateway } from './gateway.ts';
import type { Goal } from './goals.ts';
import { figure, table } from './markdown.ts';
import { LEAD_IN_SHARE } from './stage.ts';
import type { Asked, Effort, Stage } from './stage.ts';
import { ratioOf, spreadOf } from './statistics.ts';

export const OPERATIONS_FILE = fileURLToPath(new URL('operations.yaml', import.meta.url));
const PAYMENT = JSON.stringify({
  paymentTokenId: 'token-1',
  amount: 49.95,
  comment: 'Bill of November',
  receiptEmail: 'jo.bloggs@example.com',
});

/** They need `OPERATIONS_FILE`. */
export const KINDS = {
  'direct debit, its rules in code': {},
  'payment, described': { route: 'POST /v1/customers/CUSTNO/payments', body: PAYMENT, status: 204 },
  'read, described': { route: 'GET /v1/customers/CUSTNO/state', body: '' },
  'read, from the cache': { route: 'GET /v1/customers/CUSTNO/cached-state', body: '' },
} as const satisfies Record<string, Partial<Asked>>;

const GOALS: Partial<Record<keyof typeof KINDS, { must: number; moonshot: number }>> = {
  'payment, described': { must: 1.15, moonshot: 1 },
  'read, described': { must: 0.6, moonshot: 0.45 },
  'read, from the cache': { must: 0.35, moonshot: 0.25 },
};

/** What operations cost that a document describes, against one with its rules in code: all by one gateway, by turns. */
export async function measureDescribed(
  stage: Stage,
  { rounds, requests, tokens, warmUp }: Effort,
): Promise<{ markdown: string; goals: Goal[] }> {
  await stage.useTokens(tokens);
  const gateway = await startGateway(stage.surroundings, {
    databaseUrl: 'sqlite:described.db',
    environment: { OPERATIONS_FILE },
  });
  // Each is asked for before anything is counted: the changes of the other kinds drop what is kept of a customer.
  const customers = Math.floor(requests * LEAD_IN_SHARE);
  const cpu = new Map<string, number[]>(Object.keys(KINDS).map((kind) => [kind, []]));
  try {
    for (const asked of Object.values(KINDS)) {
      await stage.ask(gateway, { count: warmUp, tokens: 'all', customers, ...asked });
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const [kind, asked] of Object.entries(KINDS)) {
        const run = await stage.measure(gateway, { count: requests, tokens: 'all', customers, ...asked });
        cpu.get(kind)!.push(run.cpuMsPer1000);
      }
    }
  } finally {
    await gateway.stop();
  }
  const [base = []] = cpu.values();
  const rows = [...cpu].map(([kind, samples]) => [
    kind,
    figure(spreadOf(samples).median),
    figure(ratioOf(samples, base)),
  ]);
  return {
    markdown: table(['request', 'CPU ms per 1,000', '×'], rows),
    goals: Object.entries(GOALS).map(([kind, limits]) => ({
      what: `CPU of a ${kind}, against the direct debit`,
      measured: ratioOf(cpu.get(kind)!, base),
      unit: '×',
      ...limits,
    })),
  };
}
