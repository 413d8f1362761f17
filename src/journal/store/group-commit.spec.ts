import { stat } from 'node:fs/promises';
import { standStill } from '../../../test/support/stand-still.ts';
import { GroupCommit } from './group-commit.ts';

const PATIENT_MS = 60_000;
const IMPATIENT_MS = 1;

const isOfSomeItems = (error: unknown): boolean => (error as Error).message === 'a bad row';

/** A store whose every write waits until the test lets it go on. */
class HeldStore {
  readonly batches: (readonly string[])[] = [];
  private readonly writes: PromiseWithResolvers<readonly string[]>[] = [];

  readonly commit = new GroupCommit<string, string>((items) => {
    this.batches.push(items);
    const write = Promise.withResolvers<readonly string[]>();
    this.writes.push(write);
    return write.promise;
  }, isOfSomeItems);

  add(item: string, patienceMs = PATIENT_MS): Promise<string> {
    return this.commit.add(item, patienceMs);
  }

  /** Resolves once the write with that number, from 0 on, has begun. */
  async begun(write: number): Promise<void> {
    while (this.batches.length <= write) await new Promise(setImmediate);
  }

  succeed(write: number): void {
    this.writes[write]!.resolve(this.batches[write]!.map((item) => `${item} is written`));
  }

  fail(write: number, message = 'the disk is full'): void {
    this.writes[write]!.reject(new Error(message));
  }
}

describe('GroupCommit', () => {
  let store: HeldStore;
  beforeEach(() => {
    store = new HeldStore();
  });

  it('writes what comes in together together, and gives each its own result', async () => {
    const results = Promise.all(['a', 'b', 'c'].map((item) => store.add(item)));
    await store.begun(0);
    store.succeed(0);
    expect(await results).toEqual(['a is written', 'b is written', 'c is written']);
    expect(store.batches).toEqual([['a', 'b', 'c']]);
  });

  it('gathers what comes while it writes into the next batch, in order, one batch at a time', async () => {
    const first = store.add('a');
    await store.begun(0);
    const later = ['b', 'c', 'd'].map((item) => store.add(item));
    await new Promise(setImmediate);
    expect(store.batches).toEqual([['a']]);
    store.succeed(0);
    await first;
    await store.begun(1);
    store.succeed(1);
    expect(await Promise.all(later)).toEqual(['b is written', 'c is written', 'd is written']);
    expect(store.batches).toEqual([['a'], ['b', 'c', 'd']]);
  });

  it('writes at most 500 at once', async () => {
    const results = Array.from({ length: 1100 }, (_, index) => store.add(String(index)));
    for (const write of [0, 1, 2]) {
      await store.begun(write);
      store.succeed(write);
    }
    await Promise.all(results);
    expect(store.batches.map(({ length }) => length)).toEqual([500, 500, 100]);
    expect(store.batches.flat()).toEqual(Array.from({ length: 1100 }, (_, index) => String(index)));
  });

  it('tells everyone in a batch that failed, and writes the next one', async () => {
    const failing = Promise.allSettled([store.add('a'), store.add('b')]);
    await store.begun(0);
    const next = store.add('c');
    store.fail(0);
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await store.begun(1);
    store.succeed(1);
    expect(await next).toBe('c is written');
    const afterwards = store.add('d');
    await store.begun(2);
    store.succeed(2);
    expect(await afterwards).toBe('d is written');
  });

  it('writes each alone, once, after a batch that failed because of some, and waits for none of them', async () => {
    const forsaken: string[] = [];
    const given = ['a', 'bad', 'c'].map((item) =>
      store.commit.add(item, PATIENT_MS, (left) => forsaken.push(left)),
    );
    const results = Promise.allSettled(given);
    await store.begun(0);
    store.fail(0, 'a bad row');
    await store.begun(3);
    expect(store.batches.slice(1)).toEqual([['a'], ['bad'], ['c']]);
    const next = store.add('d');
    await store.begun(4);
    store.succeed(4);
    expect(await next).toBe('d is written');
    store.succeed(1);
    store.fail(2, 'a bad row');
    store.succeed(3);
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(forsaken).toEqual(['bad']);
    expect(store.batches).toHaveLength(5);
  });

  it('hands back the items of a write that failed: some of them may be written', async () => {
    const forsaken: string[] = [];
    const given = store.commit.add('a', PATIENT_MS, (item) => forsaken.push(item));
    await store.begun(0);
    store.fail(0);
    await expect(given).rejects.toThrow('the disk is full');
    expect(forsaken).toEqual(['a']);
  });

  it('also takes a store that fails before it has begun', async () => {
    const commit = new GroupCommit<string, string>(() => {
      throw new Error('no connection');
    }, isOfSomeItems);
    await expect(commit.add('a', PATIENT_MS)).rejects.toThrow('no connection');
    await expect(commit.add('b', PATIENT_MS)).rejects.toThrow('no connection');
  });

  describe('for an item whose patience ends', () => {
    afterEach(() => jest.useRealTimers());

    it('never writes it when its turn had not come', async () => {
      const first = store.add('a');
      await store.begun(0);
      await expect(store.add('b', IMPATIENT_MS)).rejects.toThrow('too slow');
      const third = store.add('c');
      store.succeed(0);
      await first;
      await store.begun(1);
      store.succeed(1);
      await third;
      expect(store.batches).toEqual([['a'], ['c']]);
    });

    it('asks for no empty write', async () => {
      const first = store.add('a');
      await store.begun(0);
      await expect(store.add('b', IMPATIENT_MS)).rejects.toThrow('too slow');
      store.succeed(0);
      await first;
      await new Promise(setImmediate);
      expect(store.batches).toEqual([['a']]);
    });

    it.each(['succeeds', 'fails'] as const)('hands it back when its write %s after all', async (end) => {
      // So that its patience ends behind the begin of its write, however slow the machine is.
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
      const forsaken: string[] = [];
      const given = store.commit.add('a', IMPATIENT_MS, (item) => forsaken.push(item));
      await store.begun(0);
      jest.advanceTimersByTime(IMPATIENT_MS);
      await expect(given).rejects.toThrow('too slow');
      expect(forsaken).toEqual([]);
      if (end === 'succeeds') store.succeed(0);
      else store.fail(0);
      await new Promise(setImmediate);
      expect(forsaken).toEqual(['a']);
    });

    it('looks first whether it was written while the process stood still', async () => {
      const commit = new GroupCommit<string, string>(async (items) => {
        await stat('.');
        return items;
      }, isOfSomeItems);
      const written = commit.add('a', 100);
      await new Promise(setImmediate);
      standStill(300);
      await expect(written).resolves.toBe('a');
    });

    it('hands nothing back when its turn had not come', async () => {
      const forsaken: string[] = [];
      const first = store.add('a');
      await store.begun(0);
      const given = store.commit.add('b', IMPATIENT_MS, (item) => forsaken.push(item));
      await expect(given).rejects.toThrow('too slow');
      store.succeed(0);
      await first;
      await new Promise(setImmediate);
      expect(forsaken).toEqual([]);
    });
  });
});
