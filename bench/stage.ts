import { compileGateway } from '../test/support/gateway-process.ts';
import { TestPostgres } from '../test/support/postgres.ts';
import { writeGatewayFile } from './gateway.ts';
import type { Surroundings } from './gateway.ts';
import { LoadCore } from './load-core.ts';
import type { Load, LoadResult } from './load-core.ts';
import { leaveMeasuredCore } from './measured-program.ts';
import type { MeasuredProgram } from './measured-program.ts';
import { DIRECT_DEBIT, issueTokens, newIssuerKey } from './scenario.ts';
import type { IssuerKey } from './scenario.ts';

const CONNECTIONS = 32;
/** What an idle process has forgotten, V8 its compiled code first, comes back before anything is counted. */
export const LEAD_IN_SHARE = 1 / 3;

/** How much of everything. */
export interface Effort {
  readonly rounds: number;
  readonly requests: number;
  /** Where there is more than one. */
  readonly tokens: number;
  /** Requests before anything is counted: every token at least once, for those who remember them. */
  readonly warmUp: number;
}

export type Asked = Partial<Omit<Load, 'kind' | 'urls'>> & Pick<Load, 'count'>;

/** One, or several that share the load. */
type Served = MeasuredProgram | MeasuredProgram[];

type ClaimsOf = (index: number) => Record<string, unknown>;

export interface Run extends LoadResult {
  readonly cpuMsPer1000: number;
}

/** What every measurement stands on: the compiled gateway, the core of the load and Octane, keys, and a PostgreSQL if need be. */
export class Stage {
  readonly surroundings: Surroundings;
  readonly load: LoadCore;
  readonly key: IssuerKey;
  private readonly remove: () => Promise<void>;
  private postgres: Promise<TestPostgres> | undefined;
  private tokens: readonly string[] = [];
  private claimsOf: ClaimsOf | undefined;

  private constructor(
    surroundings: Surroundings,
    load: LoadCore,
    key: IssuerKey,
    remove: () => Promise<void>,
  ) {
    this.surroundings = surroundings;
    this.load = load;
    this.key = key;
    this.remove = remove;
  }

  static async set(): Promise<Stage> {
    await leaveMeasuredCore();
    const { folder, remove } = await compileGateway();
    const [load, key] = await Promise.all([LoadCore.start(), newIssuerKey()]);
    const surroundings = { folder, octanePort: load.octanePort, publicPem: key.publicPem };
    await writeGatewayFile(surroundings);
    return new Stage(surroundings, load, key, remove);
  }

  /** @returns the URL of a new database */
  readonly newDatabase = async (): Promise<string> => {
    this.postgres ??= TestPostgres.start();
    return (await this.postgres).newDatabase();
  };

  /** From now on these many users ask, as they are by default or by `claimsOf` the index of each. */
  async useTokens(count: number, claimsOf?: ClaimsOf): Promise<void> {
    if (this.tokens.length !== count || this.claimsOf !== claimsOf) {
      this.tokens = await issueTokens(this.key, count, claimsOf);
      this.claimsOf = claimsOf;
    }
    await this.load.useTokens(this.tokens);
  }

  /** Asks without counting, then asks and counts; what several use together is added up. */
  async measure(programs: Served, asked: Asked): Promise<Run> {
    await this.ask(programs, { ...asked, count: Math.ceil(asked.count * LEAD_IN_SHARE) });
    const before = await cpuMsOf(programs);
    const result = await this.ask(programs, asked);
    return { ...result, cpuMsPer1000: (((await cpuMsOf(programs)) - before) / asked.count) * 1000 };
  }

  ask(programs: Served, asked: Asked): Promise<LoadResult> {
    return this.load.run({
      urls: [programs].flat().map(({ url }) => url),
      connections: CONNECTIONS,
      tokens: 'first',
      body: JSON.stringify({ directDebit: DIRECT_DEBIT }),
      hasKey: false,
      status: 200,
      ...asked,
    });
  }

  async strike(): Promise<void> {
    this.load.stop();
    await (await this.postgres)?.stop();
    await this.remove();
  }
}

async function cpuMsOf(programs: Served): Promise<number> {
  const each = await Promise.all([programs].flat().map((program) => program.cpuMs()));
  return each.reduce((sum, cpuMs) => sum + cpuMs, 0);
}
