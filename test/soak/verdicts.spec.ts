import { handlesBeyond } from './footprint.ts';
import { readLog } from './log-faults.ts';
import { MAX_GROWTH_MB, memoryGrowth } from './memory-growth.ts';

describe('the verdict on a log', () => {
  const EXPECTED = [{ message: 'an outage', from: Date.parse('2026-01-01'), to: Date.parse('2026-01-02') }];
  const lineOf = (line: Record<string, unknown>): string =>
    `${JSON.stringify({ level: 'info', time: '2026-01-01T12:00:00Z', msg: 'request completed', ...line })}\n`;
  const faultsOf = (stdout: string, stderr = ''): readonly string[] =>
    readLog({ name: 'gateway 1', stdout, stderr }, EXPECTED, ['s3cret']).brokenPromises;

  it('finds nothing where there is nothing', () => {
    expect(faultsOf(lineOf({}) + lineOf({ level: 'error', msg: 'an outage' }))).toEqual([]);
  });

  it('lets a killed gateway leave its last line unfinished', () => {
    expect(faultsOf(`${lineOf({})}{"level":"in`)).toEqual([]);
  });

  it.each([
    ['an error', lineOf({ level: 'error', msg: 'request failed' }), ''],
    ['a fatal error', lineOf({ level: 'fatal', msg: 'an end' }), ''],
    [
      'an expected error at another time',
      lineOf({ level: 'error', msg: 'an outage', time: '2026-01-03T12:00:00Z' }),
      '',
    ],
    ['a line that is not JSON', `oops\n${lineOf({})}`, ''],
    ['an unhandled rejection', lineOf({}), 'Error: oops\n    at somewhere'],
    ['a token', lineOf({ reason: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJl' }), ''],
    ['a credential', lineOf({ reason: 'Basic dGVzdDp0ZXN0' }), ''],
    ['an email address', lineOf({ reason: 'customer-700001@example.com' }), ''],
    ['what had to be redacted', lineOf({ reason: '[redacted]' }), ''],
    ['a secret', lineOf({ reason: 'the s3cret' }), ''],
  ])('finds %s', (_, stdout, stderr) => {
    const found = faultsOf(stdout, stderr);
    expect(found).toEqual([expect.stringMatching(/^gateway 1 /)]);
    expect(found.join('\n')).not.toMatch(/s3cret|@|eyJ|dGVz/);
  });
});

describe('the verdict on memory', () => {
  /** One sample a second. */
  const samples = (seconds: number, mbAt: (second: number) => number): { at: number; mb: number }[] =>
    Array.from({ length: seconds }, (_, second) => ({ at: second * 1000, mb: mbAt(second) }));
  const TEN_MINUTES = 600;

  it('finds a steady growth', () => {
    const growth = memoryGrowth(samples(TEN_MINUTES, (second) => 150 + (2 * MAX_GROWTH_MB * second) / 600));
    expect(growth.brokenPromises).toEqual([expect.stringMatching(/grew by/)]);
  });

  it('does not mind the saw of the garbage collector, nor a peak', () => {
    const growth = memoryGrowth(
      samples(TEN_MINUTES, (second) => (second === 500 ? 400 : 150 + ((second * 7) % MAX_GROWTH_MB))),
    );
    expect(growth).toMatchObject({ isJudged: true, mostMb: 400, brokenPromises: [] });
  });

  it('says nothing of a short time', () => {
    expect(memoryGrowth(samples(60, (second) => second * 10))).toMatchObject({
      isJudged: false,
      brokenPromises: [],
    });
  });
});

it('handles beyond those at rest are found, of each kind for itself', () => {
  const atRest = { socket: 6, pipe: 9 };
  expect(handlesBeyond(atRest, { socket: 5, pipe: 9 })).toEqual([]);
  expect(handlesBeyond(atRest, { socket: 7, pipe: 3, file: 1 })).toEqual([
    '7 of the kind socket, at rest 6',
    '1 of the kind file, at rest 0',
  ]);
});
