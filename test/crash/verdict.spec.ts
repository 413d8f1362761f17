import type { Hit } from '../support/scripted-octane.ts';
import type { Heard, Wish } from './apps.ts';
import { brokenPromises } from './verdict.ts';
import type { Recorded } from './verdict.ts';

const EMAIL: Wish = { operation: 'welcome-email', custno: '700001', paymentDay: '1', key: 'key-1' };
const DIRECT_DEBIT: Wish = { ...EMAIL, operation: 'direct-debit' };

const hitOf = (requestId: string, wish: Wish): Hit => ({
  method: 'POST',
  path: wish.operation === 'welcome-email' ? '/send-welcome-email' : '/direct-debit',
  headers: { 'x-request-id': requestId },
  rawHeaders: [],
  body: '',
});
const heardOf = (requestId: string, wish: Wish, changes: Partial<Heard> = {}): Heard => ({
  requestId,
  wish,
  status: 200,
  code: undefined,
  outcome: undefined,
  isReplay: false,
  ...changes,
});
const recordOf = (requestId: string, outcome: Recorded['outcome'], octaneStatus = 200): Recorded => ({
  requestId,
  outcome,
  octaneStatus,
  attempts: 1,
});

function judge(
  wishes: Record<string, Wish>,
  heard: Heard[],
  hits: string[],
  records: Record<string, Recorded['outcome']>,
): string[] {
  return brokenPromises(
    { wishes: new Map(Object.entries(wishes)), heard },
    hits.map((requestId) => hitOf(requestId, wishes[requestId]!)),
    Object.entries(records).map(([requestId, outcome]) => recordOf(requestId, outcome)),
  );
}

describe('the verdict of the crash test', () => {
  it('finds nothing where every promise was kept', () => {
    const wishes = { a: EMAIL, b: EMAIL, c: DIRECT_DEBIT, d: DIRECT_DEBIT, e: DIRECT_DEBIT, f: EMAIL };
    const heard = [
      heardOf('a', EMAIL, { status: 204 }),
      heardOf('b', EMAIL, { status: 204, isReplay: true }),
      heardOf('c', DIRECT_DEBIT, { status: 502, code: 'octane-error', outcome: 'unknown' }),
      heardOf('d', DIRECT_DEBIT),
      heardOf('e', DIRECT_DEBIT, { status: 503, code: 'overloaded', outcome: 'not-sent' }),
      heardOf('f', EMAIL, { status: 409, code: 'outcome-unknown', outcome: 'unknown' }),
    ];
    const records = { a: 'applied', c: 'unknown', d: 'applied', e: 'not-sent' } as const;
    expect(judge(wishes, heard, ['a', 'c', 'c', 'd'], records)).toEqual([]);
  });

  it.each<[string, string[]]>([
    [
      'an acknowledged change that is not on record',
      judge({ a: DIRECT_DEBIT }, [heardOf('a', DIRECT_DEBIT)], [], {}),
    ],
    [
      'an acknowledged change of which the record does not know',
      judge({ a: DIRECT_DEBIT }, [heardOf('a', DIRECT_DEBIT)], ['a'], { a: 'unknown' }),
    ],
    [
      'a replay of what is not on record',
      judge({ a: EMAIL }, [heardOf('a', EMAIL, { status: 204, isReplay: true })], [], {}),
    ],
    [
      'an email that was sent twice',
      judge({ a: EMAIL, b: EMAIL }, [], ['a', 'b'], { a: 'unknown', b: 'applied' }),
    ],
    ['an email that was retried', judge({ a: EMAIL }, [], ['a', 'a'], { a: 'unknown' })],
    [
      'a direct debit that was applied twice',
      judge({ a: DIRECT_DEBIT, b: DIRECT_DEBIT }, [], ['a', 'b'], { a: 'applied', b: 'applied' }),
    ],
    [
      'a request that reached Octane more often than the record says',
      judge({ a: DIRECT_DEBIT }, [], ['a', 'a'], { a: 'applied' }),
    ],
    ['a record of what nobody asked for', judge({}, [], [], { a: 'not-sent' })],
    [
      'a refusal for the breaker without a record',
      judge(
        { a: EMAIL },
        [heardOf('a', EMAIL, { status: 503, code: 'octane-unavailable', outcome: 'not-sent' })],
        [],
        {},
      ),
    ],
    ['a request that is not on record', judge({ a: DIRECT_DEBIT }, [], ['a'], {})],
    ['a request that is on record as never sent', judge({ a: DIRECT_DEBIT }, [], ['a'], { a: 'not-sent' })],
    ['a change that stays in progress', judge({ a: DIRECT_DEBIT }, [], [], { a: 'in-progress' })],
    ['a record of what never happened', judge({ a: DIRECT_DEBIT }, [], [], { a: 'rejected' })],
    [
      'an answer that the record denies',
      judge(
        { a: DIRECT_DEBIT },
        [heardOf('a', DIRECT_DEBIT, { status: 422, code: 'octane-rejected', outcome: 'rejected' })],
        ['a'],
        { a: 'applied' },
      ),
    ],
    [
      'a refusal of what was sent',
      judge(
        { a: EMAIL },
        [heardOf('a', EMAIL, { status: 503, code: 'journal-unavailable', outcome: 'not-sent' })],
        ['a'],
        { a: 'applied' },
      ),
    ],
  ])('finds %s', (_, found) => {
    expect(found).toEqual([expect.stringMatching(/\w/)]);
  });

  it('finds two records of one request', () => {
    const records = [recordOf('a', 'unknown'), recordOf('a', 'unknown')];
    expect(brokenPromises({ wishes: new Map([['a', EMAIL]]), heard: [] }, [], records)).toHaveLength(1);
  });

  it('lets an email be sent with a key that Octane turned away', () => {
    const wishes = new Map([
      ['a', EMAIL],
      ['b', EMAIL],
    ]);
    const hits = [hitOf('a', EMAIL), hitOf('b', EMAIL)];
    const judgeAfter = (octaneStatus: number): string[] =>
      brokenPromises({ wishes, heard: [] }, hits, [
        recordOf('a', 'rejected', octaneStatus),
        recordOf('b', 'applied'),
      ]);
    expect(judgeAfter(429)).toEqual([]);
    expect(judgeAfter(422)).toHaveLength(1);
  });
});
