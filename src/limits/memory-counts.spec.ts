import { MemoryCounts } from './memory-counts.ts';
import { POLICY } from '../../test/support/policy.ts';

const realNow = performance.now.bind(performance);
const realDate = Date.now.bind(Date);
// Whole milliseconds: fractions of them do not add up.
let now = Math.ceil(realNow());
let timeOfDayMs = 0;
beforeAll(() => {
  performance.now = () => now;
  Date.now = () => realDate() + timeOfDayMs;
});
afterAll(() => {
  performance.now = realNow;
  Date.now = realDate;
});

describe('counts in memory', () => {
  it('count those who ask at once one by one', async () => {
    const counts = new MemoryCounts();
    const all = await Promise.all(Array.from({ length: 10 }, () => counts.add(POLICY, 'key')));
    expect(all.map(({ uses }) => uses)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect((await counts.add(POLICY, 'another')).uses).toBe(1);
  });

  it('take a use back', async () => {
    const counts = new MemoryCounts();
    const use = await counts.add(POLICY, 'key');
    expect((await counts.add(POLICY, 'key')).uses).toBe(2);
    await use.takeBack();
    expect((await counts.add(POLICY, 'key')).uses).toBe(2);
  });

  it('take nothing out of the window after, however late', async () => {
    const counts = new MemoryCounts();
    const use = await counts.add(POLICY, 'key');
    now += 60_000;
    await counts.add(POLICY, 'key');
    await use.takeBack();
    expect((await counts.add(POLICY, 'key')).uses).toBe(2);
  });

  it('begin anew with the next window', async () => {
    const counts = new MemoryCounts();
    await Promise.all([counts.add(POLICY, 'key'), counts.add(POLICY, 'key')]);
    now += 59_999;
    expect(await counts.add(POLICY, 'key')).toMatchObject({ uses: 3, resetMs: expect.closeTo(1, 5) });
    now += 1;
    expect(await counts.add(POLICY, 'key')).toMatchObject({ uses: 1, resetMs: 60_000 });
  });

  it.each([-2, 2])('are not moved when the time of day steps by %d hours', async (hours) => {
    const counts = new MemoryCounts();
    await counts.add(POLICY, 'key');
    timeOfDayMs += hours * 3_600_000;
    expect(await counts.add(POLICY, 'key')).toMatchObject({ uses: 2, resetMs: 60_000 });
    now += 60_000;
    expect(await counts.add(POLICY, 'key')).toMatchObject({ uses: 1 });
  });

  it('tell long keys apart by their last character', () => {
    const counts = new MemoryCounts();
    const long = 'x'.repeat(10_000);
    expect(counts.addNow(POLICY, `${long}1`).uses).toBe(1);
    expect(counts.addNow(POLICY, `${long}2`).uses).toBe(1);
    expect(counts.addNow(POLICY, `${long}1`).uses).toBe(2);
  });

  it('remember so many windows of a policy and no more: the one that ends first is forgotten first', () => {
    const counts = new MemoryCounts();
    for (let key = 0; key < 50_000; key += 1) counts.addNow(POLICY, String(key));
    expect(counts.addNow(POLICY, '0').uses).toBe(2);
    expect(counts.addNow({ ...POLICY, name: 'user' }, 'of another policy').uses).toBe(1);
    counts.addNow(POLICY, 'one more');
    expect(counts.addNow(POLICY, '1').uses).toBe(2);
    expect(counts.addNow(POLICY, '0').uses).toBe(1);
  });
});
