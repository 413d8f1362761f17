import type { OnApplicationShutdown } from '@nestjs/common';
import { Problem } from '../problems/problem.ts';
import { failureCause } from '../telemetry/failure-cause.ts';
import { hashOf, keyOf } from './limit-key.ts';
import { MemoryCounts } from './memory-counts.ts';
import { ADD, RateLimitTable } from './rate-limit-table.ts';

/** More than one process can check before they are over: no flood makes it forget one. */
const MAX_PROOFS = 1_000_000;

/** A proof is a use of its key and id in a window. No operation can have this name, and so none has a limit that mixes with it. */
const POLICY = {
  name: 'DPoP',
  // As long as its `iat` can be good, and 30 s for the clocks of replicas that differ.
  windowSeconds: 120 + 30,
} as const;

/** Which proofs of the possession of a key were used: each is good once. */
export abstract class UsedProofs {
  /**
   * Uses up a proof.
   *
   * @param jkt thumbprint of the key
   * @param jti id of the proof
   * @returns whether it was not used before
   * @throws Problem `journal-unavailable` where that cannot be known
   */
  abstract use(jkt: string, jti: string): Promise<boolean>;
}

/** Of this process alone. */
export class MemoryProofs extends UsedProofs {
  private readonly counts = new MemoryCounts(MAX_PROOFS);

  use(jkt: string, jti: string): Promise<boolean> {
    return Promise.resolve(this.counts.addNow(POLICY, hashOf(keyOf(jkt, jti))).uses === 1);
  }
}

/** Of all replicas, in the table of the limits: by the clock of the database, and pruned with them. */
export class PostgresProofs extends UsedProofs implements OnApplicationShutdown {
  private readonly table: RateLimitTable;

  constructor(url: string, mayCreateTable: boolean) {
    super();
    this.table = new RateLimitTable(url, mayCreateTable);
  }

  async use(jkt: string, jti: string): Promise<boolean> {
    const values = [[`${POLICY.name}:${hashOf(keyOf(jkt, jti))}`], [1], [POLICY.windowSeconds * 1000]];
    try {
      const { rows } = await this.table.use(() => this.table.query({ text: ADD, values }));
      return (rows[0] as { points: number }).points === 1;
    } catch (error) {
      throw new Problem('journal-unavailable', {
        cause: failureCause(error),
        detail:
          'The gateway cannot check at the moment whether the DPoP proof was used before. Nothing was sent. Try again with a new proof.',
      });
    }
  }

  onApplicationShutdown(): Promise<void> {
    return this.table.end();
  }
}
