import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KINDS, OPERATIONS_FILE } from './described.ts';
import { startGateway } from './gateway.ts';
import type { Effort, Stage } from './stage.ts';

const INTERVAL_MICROSECONDS = 500;
const LISTED_FUNCTIONS = 40;

/** As V8 writes it: the times in microseconds of the monotonic clock. */
interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** Microseconds that a place took itself, and with all that it called. */
interface Cost {
  self: number;
  total: number;
}

/** Where the gateway's time goes: V8 profiles of each of its threads while it serves, added up by function and by package. */
export async function profile(
  stage: Stage,
  { requests, warmUp }: Effort,
  options: { tokens: number; hasKey: boolean; store: string; kind: string },
): Promise<string> {
  const { hasKey, store } = options;
  const [kind, wanted] = Object.entries(KINDS).find(([name]) => name.startsWith(options.kind)) ?? [];
  if (wanted === undefined)
    throw new Error(`--kind is the begin of one of: ${Object.keys(KINDS).join('; ')}`);
  const folder = join(stage.surroundings.folder, 'profiles');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await stage.useTokens(options.tokens);
  const gateway = await startGateway(stage.surroundings, {
    databaseUrl: store === 'postgres' ? await stage.newDatabase() : 'sqlite:profiled.db',
    preloaded: store === 'nothing' ? ['nothing-store.ts'] : [],
    flags: ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL_MICROSECONDS}`],
    environment: { OPERATIONS_FILE },
  });
  const asked = { count: requests, tokens: 'all', hasKey, ...wanted } as const;
  await stage.ask(gateway, { ...asked, count: warmUp });
  const [from, cpuBefore] = [monotonicMicroseconds(), await gateway.cpuMs()];
  await stage.ask(gateway, asked);
  const [until, cpuAfter] = [monotonicMicroseconds(), await gateway.cpuMs()];
  await gateway.stop();

  const threads = await Promise.all(
    (await readdir(folder)).toSorted().map(async (file) => {
      return costsOf(JSON.parse(await readFile(join(folder, file), 'utf8')) as Profile, from, until);
    }),
  );
  threads.sort((a, b) => busyTime(b) - busyTime(a));
  const parts = threads.map((thread, index) =>
    sectionOf(index === 0 ? 'main thread' : `worker thread ${index}`, thread, requests),
  );
  const cpu = ((cpuAfter - cpuBefore) * 1000) / requests;
  return `${requests} requests (${kind}), ${options.tokens} tokens, store ${store}${hasKey ? ', with Idempotency-Key' : ''}; CPU of the process under the profiler ${cpu.toFixed(0)} µs a request.\n\n${parts.join('\n')}`;
}

function monotonicMicroseconds(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

interface Costs {
  readonly byFunction: ReadonlyMap<string, Cost>;
  readonly byPackage: ReadonlyMap<string, Cost>;
}

function costsOf(recorded: Profile, from: number, until: number): Costs {
  const nodes = new Map(recorded.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    recorded.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const selfByNode = new Map<number, number>();
  let time = recorded.startTime;
  for (const [index, sample] of recorded.samples.entries()) {
    // The time of a sample lasts until the next.
    time += recorded.timeDeltas[index] ?? 0;
    const lasts = recorded.timeDeltas[index + 1] ?? 0;
    if (time >= from && time < until) selfByNode.set(sample, (selfByNode.get(sample) ?? 0) + lasts);
  }
  const byFunction = new Map<string, Cost>();
  const byPackage = new Map<string, Cost>();
  for (const [id, self] of selfByNode) {
    const stack = stackOf(id, nodes, parents);
    addUp(byFunction, stack.map(functionName), self);
    // What V8 does is on the account of whoever asked for it.
    const own = stack.filter(({ callFrame: { url } }) => url !== '');
    addUp(byPackage, (own.length > 0 ? own : stack).map(packageName), self);
  }
  return { byFunction, byPackage };
}

/** Innermost first. */
function stackOf(
  id: number,
  nodes: ReadonlyMap<number, ProfileNode>,
  parents: ReadonlyMap<number, number>,
): ProfileNode[] {
  const stack: ProfileNode[] = [];
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) stack.push(nodes.get(at)!);
  return stack;
}

function addUp(costs: Map<string, Cost>, stack: readonly string[], self: number): void {
  costOf(costs, stack[0]!).self += self;
  // Once for each place, however often it stands in the stack.
  for (const name of new Set(stack)) costOf(costs, name).total += self;
}

function costOf(costs: Map<string, Cost>, name: string): Cost {
  const known = costs.get(name);
  if (known) return known;
  const cost = { self: 0, total: 0 };
  costs.set(name, cost);
  return cost;
}

function placeOf(url: string): string {
  return url
    .replace(/^.*\/node_modules\//, '')
    .replace(/^file:.*?\/(dist|bench)\//, '$1/')
    .replace(/^file:.*\//, '');
}

function functionName({ callFrame: { functionName: name, url, lineNumber } }: ProfileNode): string {
  return url === '' ? name : `${name || '(anonymous)'} ${placeOf(url)}:${lineNumber + 1}`;
}

function packageName({ callFrame: { functionName: name, url } }: ProfileNode): string {
  if (url === '') return name;
  if (url.startsWith('node:')) return url.split('/').slice(0, 2).join('/');
  const place = placeOf(url);
  const [first = '', second = ''] = place.split('/');
  if (first === 'dist') return place.split('/').length > 2 ? `our ${second}` : 'our own root';
  return first.startsWith('@') ? `${first}/${second}` : first;
}

function busyTime({ byFunction }: Costs): number {
  return [...byFunction].reduce(
    (sum, [name, { self }]) => sum + (name === '(idle)' || name === '(root)' ? 0 : self),
    0,
  );
}

function sectionOf(title: string, costs: Costs, requests: number): string {
  const busy = busyTime(costs);
  const table = (heading: string, of: ReadonlyMap<string, Cost>, limit: number): string => {
    const rows = [...of]
      .filter(([name]) => name !== '(idle)' && name !== '(root)')
      .toSorted(([, a], [, b]) => b.self - a.self)
      .slice(0, limit)
      .map(
        ([name, { self, total }]) =>
          `| ${name} | ${(self / requests).toFixed(1)} | ${((self / busy) * 100).toFixed(1)} | ${(total / requests).toFixed(1)} |`,
      );
    return `| ${heading} | self µs | self % | with all it calls µs |\n| --- | --: | --: | --: |\n${rows.join('\n')}\n`;
  };
  return [
    `### ${title}: ${(busy / requests).toFixed(0)} µs a request\n`,
    table('package', costs.byPackage, LISTED_FUNCTIONS),
    table('function', costs.byFunction, LISTED_FUNCTIONS),
  ].join('\n');
}
