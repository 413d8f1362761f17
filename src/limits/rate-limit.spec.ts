import { MemoryCounts } from './memory-counts.ts';
import { RateLimit } from './rate-limit.ts';
import { POLICY } from '../../test/support/policy.ts';

const realNow = Date.now.bind(Date);
let now = realNow();
beforeAll(() => {
  Date.now = () => now;
});
afterAll(() => {
  Date.now = realNow;
});

describe('a rate limit', () => {
  it('counts those who ask at once one by one', async () => {
    const limit = new RateLimit(POLICY, new MemoryCounts());
    const all = await Promise.all(Array.from({ length: 10 }, () => limit.use('key')));
    expect(all.map(({ uses }) => uses)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect((await limit.use('another')).uses).toBe(1);
  });

  it('gives a use back', async () => {
    const limit = new RateLimit(POLICY, new MemoryCounts());
    const use = await limit.use('key');
    expect((await limit.use('key')).uses).toBe(2);
    await use.giveBack();
    expect((await limit.use('key')).uses).toBe(2);
  });

  it('gives nothing back to the window after', async () => {
    const limit = new RateLimit(POLICY, new MemoryCounts());
    const use = await limit.use('key');
    now += 60_000;
    await use.giveBack();
    expect((await limit.use('key')).uses).toBe(1);
  });

  it('gives nothing back when it might arrive in the window after', async () => {
    const limit = new RateLimit(POLICY, new MemoryCounts());
    const use = await limit.use('key');
    now += 58_000;
    await use.giveBack();
    expect((await limit.use('key')).uses).toBe(2);
  });

  it('begins anew with the next window', async () => {
    const limit = new RateLimit(POLICY, new MemoryCounts());
    await Promise.all([limit.use('key'), limit.use('key')]);
    now += 59_999;
    expect(await limit.use('key')).toMatchObject({ uses: 3, resetMs: 1 });
    now += 1;
    expect(await limit.use('key')).toMatchObject({ uses: 1, resetMs: 60_000 });
  });
});
