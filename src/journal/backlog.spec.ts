import { Backlog } from './backlog.ts';

const RETRY_MS = 1000;

describe('Backlog', () => {
  let made: string[];
  let broken: Set<string>;
  let failures: string[];
  let backlog: Backlog;
  beforeEach(() => {
    jest.useFakeTimers();
    made = [];
    broken = new Set();
    failures = [];
    backlog = new Backlog((error) => {
      failures.push((error as Error).message);
      return (error as Error).message.startsWith('bad') ? 'never' : 'again';
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const add = (name: string, isOwed = true): void =>
    backlog.add(async () => {
      if (broken.has(name)) throw new Error(`${name} failed`);
      made.push(name);
    }, isOwed);
  const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

  it('makes a write at once', async () => {
    add('a');
    await pass(0);
    expect([made, backlog.size]).toEqual([['a'], 0]);
  });

  it('makes writes one after the other, also those that come meanwhile', async () => {
    const first = Promise.withResolvers<void>();
    backlog.add(() => first.promise, true);
    add('a');
    await pass(0);
    expect(made).toEqual([]);
    add('b');
    first.resolve();
    await pass(0);
    expect([made, backlog.size]).toEqual([['a', 'b'], 0]);
  });

  it('tries again until a write succeeds', async () => {
    broken.add('a');
    add('a');
    await pass(RETRY_MS);
    expect([made, backlog.size]).toEqual([[], 1]);
    expect(failures).toEqual(['a failed', 'a failed']);
    broken.clear();
    await pass(RETRY_MS);
    expect([made, backlog.size]).toEqual([['a'], 0]);
    add('b');
    await pass(0);
    expect(made).toEqual(['a', 'b']);
  });

  it('waits after a failure, whatever comes', async () => {
    broken.add('a');
    add('a');
    await pass(0);
    broken.clear();
    add('b');
    await pass(RETRY_MS - 1);
    expect(made).toEqual([]);
    await pass(1);
    expect(made).toEqual(['a', 'b']);
  });

  it('is not held up by a write that never succeeds', async () => {
    broken.add('a');
    add('a');
    add('b');
    add('c');
    await pass(RETRY_MS);
    expect([made, backlog.size]).toEqual([['b', 'c'], 1]);
  });

  it('gives up what can never succeed, and goes on at once', async () => {
    broken.add('bad');
    add('bad');
    add('a');
    await pass(0);
    expect([made, backlog.size, failures]).toEqual([['a'], 0, ['bad failed']]);
  });

  it('tells what is owed from what only tidies up', async () => {
    broken.add('a').add('b').add('c');
    add('a');
    add('b', false);
    add('c', false);
    await pass(0);
    expect([backlog.size, backlog.owed]).toEqual([3, 1]);
  });

  it('tries once more when it is closed, and then never again', async () => {
    broken.add('a').add('b');
    add('a');
    await pass(0);
    add('b');
    broken.delete('a');
    await backlog.close();
    expect([made, backlog.size]).toEqual([['a'], 1]);
    broken.clear();
    await pass(10 * RETRY_MS);
    expect(made).toEqual(['a']);
  });
});
