import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startGateway } from './gateway.ts';
import { figure, signed, table } from './markdown.ts';
import type { MeasuredProgram } from './measured-program.ts';
import type { Effort, Stage } from './stage.ts';
import { differenceOf, spreadOf } from './statistics.ts';

/** What `without.ts` can take away. */
export type PartName =
  'journal' | 'limits' | 'logs' | 'metrics' | 'validation' | 'token check' | 'remembered tokens';

/** A gateway as it is, apart from what it is without, and how it is asked. */
interface Variant {
  readonly without: readonly PartName[];
  readonly isTraced?: boolean;
  readonly hasKey?: boolean;
}

const EVERYTHING: Variant = { without: [] };
const NO_TOKEN_CHECK: Variant = { without: ['token check'] };
const NONE_OF_THEM: Variant = {
  without: ['journal', 'limits', 'logs', 'metrics', 'validation', 'token check'],
};

/** Each part by two gateways that differ in it alone. */
const ROWS: readonly { readonly what: string; readonly having: Variant; readonly lacking: Variant }[] = [
  { what: 'journal, on SQLite', having: EVERYTHING, lacking: { without: ['journal'] } },
  {
    what: 'an `Idempotency-Key` on each request',
    having: { without: [], hasKey: true },
    lacking: EVERYTHING,
  },
  { what: 'limits, with their fields', having: EVERYTHING, lacking: { without: ['limits'] } },
  { what: 'logs', having: EVERYTHING, lacking: { without: ['logs'] } },
  { what: 'metrics', having: EVERYTHING, lacking: { without: ['metrics'] } },
  { what: 'tracing, exporting', having: { without: [], isTraced: true }, lacking: EVERYTHING },
  { what: 'validation', having: EVERYTHING, lacking: { without: ['validation'] } },
  { what: 'token check, token remembered', having: EVERYTHING, lacking: NO_TOKEN_CHECK },
  {
    what: 'token check, token not remembered',
    having: { without: ['remembered tokens'] },
    lacking: NO_TOKEN_CHECK,
  },
  { what: 'all that is switched on by default', having: EVERYTHING, lacking: NONE_OF_THEM },
];

/** What each part of the gateway costs: gateways with and without it serve by turns. */
export async function measureParts(
  stage: Stage,
  { rounds, requests, tokens, warmUp }: Effort,
  progress: (text: string) => void,
): Promise<string> {
  await stage.useTokens(tokens);
  const collector = await startCollector();
  const variants = [...new Set(ROWS.flatMap(({ having, lacking }) => [having, lacking]))];
  const started = new Map<Variant, MeasuredProgram>();
  const cpu = new Map<Variant, number[]>(variants.map((variant) => [variant, []]));
  try {
    for (const [index, variant] of variants.entries()) {
      progress(`gateway ${index + 1} of ${variants.length}`);
      const { without, isTraced, hasKey = false } = variant;
      const gateway = await startGateway(stage.surroundings, {
        databaseUrl: `sqlite:part-${index}.db`,
        preloaded: without.length > 0 ? ['without.ts'] : [],
        environment: {
          ...(without.length > 0 && { WITHOUT: without.join() }),
          ...(isTraced && { OTEL_EXPORTER_OTLP_ENDPOINT: addressOf(collector) }),
        },
      });
      started.set(variant, gateway);
      await stage.ask(gateway, { count: warmUp, tokens: 'all', hasKey });
    }
    const turns = [...started];
    for (let round = 0; round < rounds; round += 1) {
      progress(`round ${round + 1} of ${rounds}`);
      for (const offset of turns.keys()) {
        // Another one goes first each round, so that a machine that slows down slows all of them.
        const [variant, gateway] = turns[(offset + round) % turns.length]!;
        const asked = { count: requests, tokens: 'all', hasKey: variant.hasKey ?? false } as const;
        cpu.get(variant)!.push((await stage.measure(gateway, asked)).cpuMsPer1000);
      }
    }
  } finally {
    for (const gateway of started.values()) await gateway.stop();
    collector.close();
  }
  const whole = spreadOf(cpu.get(EVERYTHING)!).median;
  const rows = ROWS.map(({ what, having, lacking }) => {
    const [more, less] = [cpu.get(having)!, cpu.get(lacking)!];
    const { q1, median, q3 } = differenceOf(more, less);
    return [
      what,
      figure(spreadOf(more).median),
      figure(spreadOf(less).median),
      `${signed(median)} (${signed(q1)} to ${signed(q3)})`,
      `${Math.round((median / whole) * 100)} %`,
    ];
  });
  return `${table(['part', 'with it', 'without it', 'costs (quartiles)', 'of the whole'], rows)}

CPU ms per 1,000 requests, medians of ${rounds} rounds of ${requests} requests by turns, ${tokens.toLocaleString('en')} tokens. The cost of a part is the median of the rounds' differences. If the quartiles are on both sides of zero, the cost is too small to be measured here. The whole is ${figure(whole)} ms.`;
}

/** Takes traces, and does nothing with them. */
async function startCollector(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.end());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
