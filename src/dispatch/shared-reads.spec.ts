import { read } from '../operations/operation.ts';
import { Operations } from '../operations/operations.ts';
import { Problem } from '../problems/problem.ts';
import { SharedReads } from './shared-reads.ts';
import type { Given } from './shared-reads.ts';

const declared = {
  id: 'balance',
  scope: 'balance:read',
  route: 'GET /v1/customers/{custno}/balance',
  octane: 'GET /v1/balance',
  answer: { status: 200, description: 'The balance.' },
  words: { tag: { name: 'Balance', description: 'Balance.' }, summary: 'Balance', description: 'Balance.' },
} as const;
const balance = read({ ...declared, name: 'balance' });
const keptBalance = read({ ...declared, name: 'kept', route: 'GET /v1/kept/{custno}', cacheSeconds: 30 });

const asker = (custno = '700123', clientId = 'app', groupno = '1001') => ({
  caller: { issuer: 'https://id.example.com/', clientId, groupno },
  custno,
});
const NOTHING = { parameters: {}, body: undefined };

let reads: SharedReads;
/** Calls that are under way, in the order in which they began. */
let calls: PromiseWithResolvers<unknown>[];
beforeEach(() => {
  jest.useFakeTimers();
  reads = new SharedReads(new Operations([balance, keptBalance]));
  calls = [];
});
afterEach(() => {
  jest.useRealTimers();
});

const ask = (operation = keptBalance, who = asker(), asked: Parameters<SharedReads['ask']>[2] = NOTHING) =>
  reads.ask(operation, who, asked, () => {
    const call = Promise.withResolvers<unknown>();
    calls.push(call);
    return call.promise;
  });
const answered = async (given: Promise<Given>, answer: unknown): Promise<Given> => {
  calls.at(-1)!.resolve(answer);
  return given;
};

describe('reads that run', () => {
  it('are one call where they are equal, whatever the order of what they ask', async () => {
    const asked = { parameters: { a: '1', b: ['2', '3'] }, body: { c: 1, d: 2 } };
    const all = [
      ask(balance, asker(), asked),
      ask(balance, asker('700123', 'other'), { parameters: { b: ['2', '3'], a: '1' }, body: { d: 2, c: 1 } }),
    ];
    expect(calls).toHaveLength(1);
    calls[0]!.resolve('the answer');
    expect(await Promise.all(all)).toEqual([{ answer: 'the answer' }, { answer: 'the answer' }]);
    void ask(balance, asker(), asked);
    expect(calls).toHaveLength(2);
  });

  it('are calls of their own where anything differs', () => {
    void ask(balance);
    void ask(keptBalance);
    void ask(balance, asker('700124'));
    void ask(balance, asker(''));
    void ask(balance, asker('700123', 'app', '2002'));
    void ask(balance, asker(), { parameters: { a: '1' }, body: undefined });
    void ask(balance, asker(), { parameters: { a: ['1'] }, body: undefined });
    void ask(balance, asker(), { parameters: {}, body: {} });
    void ask(balance, asker(), { parameters: {}, body: { a: '1' } });
    expect(calls).toHaveLength(9);
  });

  it('fail together, and are not kept', async () => {
    const all = [ask(), ask()];
    calls[0]!.reject(new Problem('octane-error', { outcome: 'unknown' }));
    expect(await Promise.allSettled(all)).toMatchObject([
      { status: 'rejected', reason: { code: 'octane-error' } },
      { status: 'rejected', reason: { code: 'octane-error' } },
    ]);
    void ask();
    expect(calls).toHaveLength(2);
  });

  it('are asked once for each caller where another caller’s had no place', async () => {
    const first = ask(balance, asker('700123', 'busy'));
    const second = ask(balance, asker('700123', 'busy'));
    const others = [ask(balance), ask(balance), ask(balance, asker('700123', 'third'))];
    calls[0]!.reject(new Problem('overloaded'));
    await expect(first).rejects.toThrow('overloaded');
    await expect(second).rejects.toThrow('overloaded');
    await jest.advanceTimersByTimeAsync(0);
    expect(calls).toHaveLength(3);
    calls[1]!.resolve('of app');
    calls[2]!.resolve('of third');
    expect(await Promise.all(others)).toEqual([
      { answer: 'of app' },
      { answer: 'of app' },
      { answer: 'of third' },
    ]);
  });
});

it('a failure of Octane is one for all callers that share it', async () => {
  const all = [ask(balance), ask(balance, asker('700123', 'other'))];
  calls[0]!.reject(new Problem('octane-unreachable', { outcome: 'not-sent' }));
  const results = await Promise.allSettled(all);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(calls).toHaveLength(1);
});

describe('answers that are kept', () => {
  it('are given for as long as the operation says, and tell their age', async () => {
    expect(await answered(ask(), 'first')).toEqual({ answer: 'first' });
    jest.advanceTimersByTime(29_999);
    expect(await ask()).toEqual({ answer: 'first', ageMs: 29_999 });
    jest.advanceTimersByTime(1);
    expect(await answered(ask(), 'second')).toEqual({ answer: 'second' });
    expect(calls).toHaveLength(2);
  });

  it('are 64 MiB at the most: the one that nobody asked for goes first', async () => {
    const mebibytes = (count: number): string => 'x'.repeat(count * 512 * 1024 - 1000);
    for (const custno of ['1', '2', '3']) await answered(ask(keptBalance, asker(custno)), mebibytes(21));
    expect(await ask(keptBalance, asker('1'))).toHaveProperty('ageMs');
    await answered(ask(keptBalance, asker('4')), mebibytes(21));
    expect(calls).toHaveLength(4);
    for (const custno of ['1', '3', '4'])
      expect(await ask(keptBalance, asker(custno))).toHaveProperty('ageMs');
    void ask(keptBalance, asker('2'));
    expect(calls).toHaveLength(5);
    await answered(ask(keptBalance, asker('5')), mebibytes(70));
    void ask(keptBalance, asker('5'));
    expect(calls).toHaveLength(7);
    expect(reads['keptBytes']).toBeLessThanOrEqual(64 * 1024 * 1024);
  });

  it('leave nothing behind', async () => {
    await answered(ask(), 'first');
    await answered(ask(balance), 'second');
    reads.changeLeaves(asker());
    reads.changeEnded(asker());
    expect([reads['groups'].get('1001')!.size, reads['kept'].size, reads['keptBytes']]).toEqual([0, 0, 0]);
  });
});

describe('a change', () => {
  it('drops what is kept of its customer when it leaves, and of nobody else', async () => {
    await answered(ask(), 'before');
    await answered(ask(keptBalance, asker('700124')), 'of another');
    await answered(ask(keptBalance, asker('')), 'of none');
    reads.changeLeaves(asker());
    void ask();
    expect(calls).toHaveLength(4);
    expect(await ask(keptBalance, asker('700124'))).toHaveProperty('ageMs');
    expect(await ask(keptBalance, asker(''))).toHaveProperty('ageMs');
  });

  it('of no customer drops what is kept of its group', async () => {
    await answered(ask(), 'before');
    await answered(ask(keptBalance, asker('700123', 'app', '2002')), 'of another group');
    reads.changeLeaves(asker(''));
    await answered(ask(), 'meanwhile');
    reads.changeEnded(asker(''));
    void ask();
    expect(calls).toHaveLength(4);
    expect(await ask(keptBalance, asker('700123', 'app', '2002'))).toHaveProperty('ageMs');
  });

  it.each(['before it left', 'while it was on its way'])(
    'makes nobody who asks after it share a read from %s, and keeps none',
    async (when) => {
      if (when === 'while it was on its way') reads.changeLeaves(asker());
      const old = ask();
      if (when === 'before it left') reads.changeLeaves(asker());
      const joined = ask();
      reads.changeEnded(asker());
      const fresh = ask();
      expect(calls).toHaveLength(2);
      calls[1]!.resolve('new');
      expect(await fresh).toEqual({ answer: 'new' });
      calls[0]!.resolve('old');
      expect(await Promise.all([old, joined])).toEqual([{ answer: 'old' }, { answer: 'old' }]);
      expect(await ask()).toMatchObject({ answer: 'new', ageMs: 0 });
    },
  );

  it('is over when all that overlap are', async () => {
    reads.changeLeaves(asker());
    reads.changeLeaves(asker());
    reads.changeEnded(asker());
    await answered(ask(), 'meanwhile');
    reads.changeEnded(asker());
    await answered(ask(), 'after');
    expect(await ask()).toMatchObject({ answer: 'after' });
    expect(calls).toHaveLength(2);
  });
});
