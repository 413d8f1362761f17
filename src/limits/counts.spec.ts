import { GatheredCounts } from './counts.ts';
import type { Addition, Count } from './counts.ts';
import { MemoryCounts } from './memory-counts.ts';
import { POLICY } from '../../test/support/policy.ts';

/** Counts in memory, as far away as those in a database. */
class FarCounts extends GatheredCounts {
  /** The uses of each key of each addition. */
  readonly additions: number[][] = [];
  fails = false;
  private readonly counts = new MemoryCounts();

  protected async addAll(additions: readonly Addition[]): Promise<readonly Count[]> {
    this.additions.push(additions.map(({ uses }) => uses));
    if (this.fails) throw new Error('a defect');
    return Promise.all(additions.map((addition) => this.addOneByOne(addition)));
  }

  private async addOneByOne({ policy, key, uses }: Addition): Promise<Count> {
    for (let use = 1; use < uses; use += 1) await this.counts.add(policy, key);
    return this.counts.add(policy, key);
  }
}

describe('gathered counts', () => {
  it('count those who ask at once one by one, with one addition for those who wait', async () => {
    const counts = new FarCounts();
    const all = await Promise.all(Array.from({ length: 10 }, () => counts.add(POLICY, 'key')));
    expect(all.map(({ uses }) => uses)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(counts.additions).toEqual([[1], [9]]);
    expect((await counts.add(POLICY, 'key')).uses).toBe(11);
    expect((await counts.add(POLICY, 'another')).uses).toBe(1);
    expect((await counts.add({ ...POLICY, name: 'octane' }, 'key')).uses).toBe(1);
  });

  it('add for all who wait together, whatever their keys', async () => {
    const counts = new FarCounts();
    const keys = ['first', 'a', 'b', 'a', 'c', 'b', 'a'];
    const all = await Promise.all(keys.map((key) => counts.add(POLICY, key)));
    expect(all.map(({ uses }) => uses)).toEqual([1, 1, 1, 2, 1, 2, 3]);
    expect(counts.additions).toEqual([[1], [3, 2, 1]]);
  });

  it('fail those who ask when an addition fails, and nobody after them', async () => {
    const counts = new FarCounts();
    counts.fails = true;
    const failed = await Promise.allSettled([counts.add(POLICY, 'key'), counts.add(POLICY, 'key')]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    counts.fails = false;
    expect((await counts.add(POLICY, 'key')).uses).toBe(1);
  });
});
