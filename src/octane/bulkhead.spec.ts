import { stat } from 'node:fs/promises';
import { standStill } from '../../test/support/stand-still.ts';
import { Bulkhead } from './bulkhead.ts';

const PATIENCE_MS = 1000;

/** Asks for places and notes in which order they are given. */
class Calls {
  readonly begun: string[] = [];
  readonly refused: string[] = [];
  private readonly leaves = new Map<string, () => void>();

  constructor(private readonly bulkhead: Bulkhead) {}

  /** @param names such as `a1`: the letter is the caller */
  async ask(...names: string[]): Promise<void> {
    for (const name of names) {
      void this.bulkhead.take(name[0]!, PATIENCE_MS).then((leave) => {
        if (!leave) return this.refused.push(name);
        this.leaves.set(name, leave);
        return this.begun.push(name);
      });
    }
    await this.settle();
  }

  async end(...names: string[]): Promise<void> {
    for (const name of names) this.leaves.get(name)!();
    await this.settle();
  }

  settle(): Promise<void> {
    return jest.advanceTimersByTimeAsync(0);
  }
}

const named = (caller: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${caller}${from + index}`);

let calls: Calls;
let bulkhead: Bulkhead;
const withPlaces = (places: number): void => {
  bulkhead = new Bulkhead(places);
  calls = new Calls(bulkhead);
};

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('the bulkhead', () => {
  it.each([
    [1, 1],
    [2, 2],
    [9, 9],
    [10, 9],
    [11, 10],
    [20, 18],
    [50, 45],
    [70, 63],
  ])('with %i places gives one caller %i of them, and as many to wait in', async (places, most) => {
    withPlaces(places);
    await calls.ask(...named('a', 1, 2 * places + 2));
    expect(calls.begun).toEqual(named('a', 1, most));
    expect(calls.refused).toHaveLength(2 * places + 2 - 2 * most);
    await calls.ask(...named('b', 1, places));
    expect(calls.begun.filter((name) => name.startsWith('b'))).toHaveLength(places - most);
    expect(bulkhead.inFlight).toBe(places);
  });

  it.each([1, 2, 10])(
    'with %i places has as many wait as it has places, and refuses the rest',
    async (places) => {
      withPlaces(places);
      const all = Array.from({ length: 4 * places }, (_, index) => `${'abcd'[index % 4]}${index}`);
      await calls.ask(...all);
      expect(calls.begun).toEqual(all.slice(0, places));
      expect(calls.refused).toEqual(all.slice(2 * places));
    },
  );

  it('serves callers that wait by turns, and the calls of each in their order', async () => {
    withPlaces(10);
    await calls.ask(...named('a', 1, 9), 'b1', ...named('a', 10, 14), ...named('b', 2, 4), 'c1', 'c2');
    calls.begun.length = 0;
    for (const ended of [...named('a', 1, 9), 'b1']) await calls.end(ended);
    expect(calls.begun).toEqual(['a10', 'b2', 'c1', 'a11', 'b3', 'c2', 'a12', 'b4', 'a13', 'a14']);
  });

  it('has a place for others also while the calls of one never end', async () => {
    withPlaces(10);
    await calls.ask(...named('a', 1, 18), 'b1');
    expect(calls.begun).toContain('b1');
    await calls.ask('b2');
    await calls.end('b1');
    expect(calls.begun.at(-1)).toBe('b2');
  });

  it('lets no caller with short calls push in before one that waits', async () => {
    withPlaces(1);
    await calls.ask('b1', 'a1');
    await calls.end('b1');
    await calls.ask('b2');
    await calls.end('a1');
    await calls.ask('a2');
    await calls.end('b2');
    expect(calls.begun).toEqual(['b1', 'a1', 'b2', 'a2']);
  });

  it('forgets a call that waited for too long: its place to wait is free, and no place is given to it', async () => {
    withPlaces(1);
    await calls.ask('a1', 'a2', 'a3');
    expect(calls.refused).toEqual(['a3']);
    await jest.advanceTimersByTimeAsync(PATIENCE_MS - 1);
    expect(calls.refused).toEqual(['a3']);
    await jest.advanceTimersByTimeAsync(2);
    expect(calls.refused).toEqual(['a3', 'a2']);
    await calls.ask('b1');
    await calls.end('a1');
    expect(calls.begun).toEqual(['a1', 'b1']);
    expect(calls.refused).toEqual(['a3', 'a2']);
  });

  it('gives the place of a call that ended while the process stood still', async () => {
    jest.useRealTimers();
    withPlaces(1);
    const leave = await bulkhead.take('a', PATIENCE_MS);
    const next = bulkhead.take('b', 100);
    void stat('.').then(leave);
    await new Promise(setImmediate);
    standStill(300);
    await expect(next).resolves.toEqual(expect.any(Function));
  });

  it('is as it was when all calls are over', async () => {
    withPlaces(2);
    for (let round = 0; round < 3; round += 1) {
      calls.begun.length = 0;
      await calls.ask('a1', 'b1', 'c1', 'd1');
      expect(calls.begun).toEqual(['a1', 'b1']);
      await calls.end('a1', 'b1');
      expect(calls.begun).toEqual(['a1', 'b1', 'c1', 'd1']);
      await calls.end('c1', 'd1');
      expect(bulkhead.inFlight).toBe(0);
    }
  });
});
