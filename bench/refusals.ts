import { startGateway } from './gateway.ts';
import type { Goal } from './goals.ts';
import { figure, table } from './markdown.ts';
import type { Asked, Effort, Stage } from './stage.ts';
import { ratioOf, spreadOf } from './statistics.ts';

/** What it costs to refuse: a forger must not be able to keep a gateway busier than a customer. */
export async function measureRefusals(
  stage: Stage,
  { rounds, requests, tokens, warmUp }: Effort,
): Promise<{ markdown: string; goal: Goal }> {
  await stage.useTokens(tokens);
  const gateway = await startGateway(stage.surroundings, { databaseUrl: 'sqlite:refusals.db' });
  const kinds = {
    'good token, direct debit set': { tokens: 'all', status: 200 },
    'bad signature, 401': { tokens: 'bad', status: 401 },
  } as const satisfies Record<string, Partial<Asked>>;
  const cpu = new Map<string, number[]>(Object.keys(kinds).map((kind) => [kind, []]));
  try {
    for (const asked of Object.values(kinds)) await stage.ask(gateway, { count: warmUp, ...asked });
    for (let round = 0; round < rounds; round += 1) {
      for (const [kind, asked] of Object.entries(kinds)) {
        cpu.get(kind)!.push((await stage.measure(gateway, { count: requests, ...asked })).cpuMsPer1000);
      }
    }
  } finally {
    await gateway.stop();
  }
  const [good = [], bad = []] = cpu.values();
  const rows = [...cpu].map(([kind, samples]) => [
    kind,
    figure(spreadOf(samples).median),
    figure(ratioOf(samples, good)),
  ]);
  return {
    markdown: table(['request', 'CPU ms per 1,000', '×'], rows),
    goal: {
      what: 'CPU of refusing a bad signature, against a good token',
      measured: ratioOf(bad, good),
      unit: '×',
      must: 0.5,
      moonshot: 0.3,
    },
  };
}
