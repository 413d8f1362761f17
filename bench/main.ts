/**
 * How fast the gateway is, beside its peers and by itself. The measured has one core, the load and the fake Octane share
 * another.
 *
 *   npm run bench -- [--rounds 5] [--requests 4000] [--only NAME]... [--quick] [--million] [--write]
 *   npm run bench -- --growth [--rounds 3] [--requests 1200] [--quick] [--write]
 *   npm run bench -- --parts [--rounds 5] [--requests 3000] [--quick] [--write]
 *   npm run bench -- --described [--rounds 5] [--requests 4000] [--quick]
 *   npm run bench -- --callers [--rounds 5] [--requests 4000] [--quick] [--write]
 *   npm run bench -- --profile [--requests 4000] [--store nothing|sqlite|postgres] [--tokens 1000] [--key] [--kind NAME]
 *
 *   --only     a part of the name of a contender; only the comparison is made, and only of these
 *   --quick    shows that everything works; its figures mean nothing
 *   --million  also the memory after a million requests
 *   --write    puts the result into docs/performance.md
 *   --growth   how it grows with concurrency, bodies, callers and processes, in tables and pictures
 *   --parts    what each part of the gateway costs
 *   --described what operations cost that a document describes; part of the whole, too
 *   --callers  what it costs to know whose customer a user is, and that a token is bound
 *   --profile  where the time goes, by package and by function; tables in Markdown
 *   --kind     the begin of a row of --described, such as `payment`; the direct debit where it is not given
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { measureCallers } from './callers.ts';
import { compare, comparisonGoals, comparisonTables } from './comparison.ts';
import { goalTable } from './goals.ts';
import { measureFlushes } from './flushes.ts';
import { measureDescribed } from './described.ts';
import { measureGrowth } from './growth.ts';
import { provenance, writePart } from './markdown.ts';
import { measurePaced } from './paced.ts';
import { measureParts } from './parts.ts';
import { profile } from './profile.ts';
import { measureRefusals } from './refusals.ts';
import { Stage } from './stage.ts';
import type { Effort } from './stage.ts';
import { measureMemory, measureStart } from './start-and-memory.ts';

const PERFORMANCE_PAGE = new URL('../docs/performance.md', import.meta.url);
const PICTURES = new URL('../docs/performance/', import.meta.url);
const args = process.argv.slice(2);
const { values } = parseArgs({
  args,
  options: {
    rounds: { type: 'string' },
    requests: { type: 'string' },
    only: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    million: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    growth: { type: 'boolean', default: false },
    parts: { type: 'boolean', default: false },
    described: { type: 'boolean', default: false },
    callers: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    store: { type: 'string', default: 'sqlite' },
    tokens: { type: 'string', default: '1000' },
    key: { type: 'boolean', default: false },
    kind: { type: 'string', default: 'direct debit' },
  },
});
const usual = usualEffort();
const effort: Effort = {
  ...usual,
  rounds: Number(values.rounds ?? usual.rounds),
  requests: Number(values.requests ?? usual.requests),
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const stage = await Stage.set();
try {
  if (values.profile) {
    const { store, tokens, key, kind } = values;
    console.log(await profile(stage, effort, { tokens: Number(tokens), hasKey: key, store, kind }));
  } else {
    const { part, markdown, pictures } = await wanted();
    const result = `${provenance(args)}\n\n${markdown}`;
    console.log(result);
    if (values.write) {
      await writePart(PERFORMANCE_PAGE, part, result);
      await writePictures(pictures);
    }
  }
} finally {
  await stage.strike();
}

function usualEffort(): Effort {
  if (values.quick) return { rounds: 1, requests: 200, tokens: 200, warmUp: 200 };
  if (values.growth) return { rounds: 3, requests: 1200, tokens: 1000, warmUp: 5000 };
  // More users than ask within the 4 s for which a link is known.
  if (values.callers) return { rounds: 5, requests: 2000, tokens: 4000, warmUp: 15_000 };
  // A program of this size is not compiled as far as it will ever be before some 30,000 requests.
  if (values.parts) return { rounds: 5, requests: 3000, tokens: 1000, warmUp: 20_000 };
  return { rounds: 5, requests: 4000, tokens: 10_000, warmUp: 30_000 };
}

interface Result {
  /** Of docs/performance.md. */
  readonly part: string;
  readonly markdown: string;
  /** SVGs by the names of their files. */
  readonly pictures?: ReadonlyMap<string, string>;
}

async function wanted(): Promise<Result> {
  if (values.growth) return { part: 'growth', ...(await measureGrowth(stage, effort, progress)) };
  if (values.parts) return { part: 'parts', markdown: await measureParts(stage, effort, progress) };
  if (values.callers) return { part: 'callers', markdown: await measureCallers(stage, effort, progress) };
  if (values.described) {
    const { markdown, goals } = await measureDescribed(stage, effort);
    return { part: 'described', markdown: `${goalTable(goals)}\n\n${markdown}` };
  }
  return { part: 'bench', markdown: await (values.only ? comparison(values.only) : everything()) };
}

async function writePictures(pictures: ReadonlyMap<string, string> = new Map()): Promise<void> {
  for (const [name, svg] of pictures) {
    await mkdir(PICTURES, { recursive: true });
    await writeFile(new URL(name, PICTURES), svg);
  }
}

async function comparison(only: readonly string[]): Promise<string> {
  const isWanted = (name: string): boolean =>
    only.some((part) => name.toLowerCase().includes(part.toLowerCase()));
  const compared = await compare(stage, effort, { isWanted, progress });
  return `${comparisonTables(compared, effort.tokens)}\n\n${goalTable(comparisonGoals(compared))}`;
}

async function everything(): Promise<string> {
  const compared = await compare(stage, effort, { isWanted: () => true, progress });
  progress('steady rates');
  const paced = await measurePaced(stage, effort);
  progress('flushes');
  const flushes = await measureFlushes(stage, effort);
  progress('refusals');
  const refusals = await measureRefusals(stage, effort);
  progress('described operations');
  const described = await measureDescribed(stage, effort);
  progress('starts');
  const start = await measureStart(stage);
  progress('memory');
  const memory = await measureMemory(stage, effort, values.million);
  const goals = [
    ...comparisonGoals(compared),
    ...paced.goals,
    ...flushes.goals,
    refusals.goal,
    ...described.goals,
    ...start.goals,
    ...memory.goals,
  ];
  return [
    goalTable(goals),
    `### At saturation\n\nMedians of ${effort.rounds} rounds of ${effort.requests} requests; × is the median of the rounds' ratios to the Fastify peer with its cache.`,
    comparisonTables(compared, effort.tokens),
    `### At a steady rate\n\n${paced.markdown}`,
    `### Flushes to the disk\n\n${flushes.markdown}`,
    `### Refusing\n\n${refusals.markdown}`,
    `### Described operations\n\n${described.markdown}`,
    `### Start\n\n${start.markdown}`,
    `### Memory\n\n${memory.markdown}`,
  ].join('\n\n');
}

/** On stderr: the result alone is what stdout is for. */
function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
