import { Breaker } from './breaker.ts';
import type { BreakerState, Verdict } from './breaker.ts';

describe('the breaker', () => {
  let now: number;
  let breaker: Breaker;
  let changes: BreakerState[];
  let customers: number;
  beforeEach(() => {
    now = 1000;
    changes = [];
    customers = 0;
    breaker = new Breaker(
      (state) => changes.push(state),
      () => now,
    );
  });

  /** @returns false where the call was refused */
  const call = (verdict: Verdict, customer = `customer-${(customers += 1)}`, caller = 'app'): boolean => {
    const report = breaker.begin({ caller, customer });
    report?.(verdict);
    return report !== undefined;
  };
  const calls = (count: number, verdict: Verdict, customer?: string): void => {
    for (let index = 0; index < count; index += 1) expect(call(verdict, customer)).toBe(true);
  };
  const open = (): void => {
    while (breaker.state === 'closed') call('failed');
    changes.length = 0;
  };

  it('opens when half of ten calls failed, whichever was the last', () => {
    calls(5, 'good');
    calls(4, 'failed');
    expect(breaker.state).toBe('closed');
    calls(1, 'failed');
    expect(breaker.state).toBe('open');
  });

  it('opens also when the tenth call is a good one', () => {
    calls(9, 'failed');
    calls(1, 'good');
    expect(breaker.state).toBe('open');
  });

  it('stays closed below half: 12 failures among 53 calls', () => {
    calls(41, 'good');
    calls(12, 'failed');
    expect(changes).toEqual([]);
  });

  it('stays closed below ten calls', () => {
    calls(9, 'failed');
    expect(changes).toEqual([]);
  });

  it('does not count what says nothing of Octane', () => {
    calls(9, 'failed');
    calls(20, 'nothing');
    expect(changes).toEqual([]);
  });

  it('forgets what is older than ten seconds, also under sparse traffic', () => {
    for (let index = 0; index < 30; index += 1) {
      calls(1, 'failed');
      now += 1500;
    }
    expect(changes).toEqual([]);
  });

  it('tells of each change of state once', () => {
    open();
    for (let index = 0; index < 5; index += 1) expect(call('good')).toBe(false);
    now += 10_000;
    expect(call('failed')).toBe(true);
    expect(call('good')).toBe(false);
    now += 10_000;
    expect(call('good')).toBe(true);
    expect(changes).toEqual(['half-open', 'open', 'half-open', 'closed']);
  });

  it('lets one call at a time find out whether Octane is well', () => {
    open();
    now += 9999;
    expect(call('good')).toBe(false);
    now += 1;
    const report = breaker.begin({ caller: 'app', customer: 'probe' });
    expect(call('good')).toBe(false);
    now += 60_000;
    expect(call('good')).toBe(false);
    report?.('good');
    expect(call('good')).toBe(true);
  });

  it('lets the next call find out when the one before did not come so far', () => {
    open();
    now += 10_000;
    expect(call('nothing')).toBe(true);
    expect(call('good')).toBe(true);
    expect(breaker.state).toBe('closed');
  });

  it('starts afresh when it closes, whatever becomes of calls from before it opened', () => {
    const reports = Array.from({ length: 20 }, (_, index) =>
      breaker.begin({ caller: 'app', customer: `slow-${index}` }),
    );
    open();
    for (const report of reports.slice(0, 10)) report?.('good');
    expect(breaker.state).toBe('open');
    now += 10_000;
    calls(1, 'good');
    for (const report of reports.slice(10)) report?.('failed');
    calls(9, 'failed');
    expect(breaker.state).toBe('closed');
  });

  describe('of failures that may be one customer’s own', () => {
    it('counts one in ten seconds for a customer: none opens it alone', () => {
      for (let index = 0; index < 300; index += 1) {
        calls(1, 'failed-for-customer', 'poison');
        now += 333;
      }
      expect(changes).toEqual([]);
    });

    it('opens for ten customers', () => {
      calls(9, 'failed-for-customer');
      calls(9, 'failed-for-customer', 'customer-9');
      expect(breaker.state).toBe('closed');
      calls(1, 'failed-for-customer');
      expect(breaker.state).toBe('open');
    });

    it('opens again when a probe fails for another customer than ever before', () => {
      open();
      now += 10_000;
      calls(1, 'failed-for-customer');
      expect(breaker.state).toBe('open');
      expect(call('good')).toBe(false);
    });

    it('has the next customer find out when the probe was of one that always fails, and refuses that one meanwhile', () => {
      calls(3, 'failed-for-customer', 'poison');
      open();
      now += 10_000;
      expect(call('failed-for-customer', 'poison')).toBe(true);
      expect(call('failed-for-customer', 'poison')).toBe(false);
      expect(changes).toEqual(['half-open']);
      expect(call('good')).toBe(true);
      expect(changes).toEqual(['half-open', 'closed']);
    });

    it('remembers a thousand customers at the most', () => {
      for (let index = 0; index < 5000; index += 1) {
        calls(2, 'good');
        calls(1, 'failed-for-customer', `customer-${index}`);
      }
      expect(breaker['customers'].size).toBeLessThanOrEqual(1001);
      expect(changes).toEqual([]);
    });
  });

  describe('whose probe failed', () => {
    it('lets another customer that was refused find out next', () => {
      open();
      now += 10_000;
      expect(call('failed', 'first')).toBe(true);
      expect(call('good', 'second')).toBe(false);
      now += 10_000;
      expect(call('failed', 'first')).toBe(false);
      expect(call('good', 'second')).toBe(true);
      expect(call('good', 'first')).toBe(true);
    });

    it('lets another caller that was refused find out first for a second', () => {
      open();
      now += 10_000;
      expect(call('failed', '1', 'busy')).toBe(true);
      expect(call('failed', '2', 'busy')).toBe(false);
      expect(call('good', '3', 'quiet')).toBe(false);
      now += 10_999;
      expect(call('failed', '4', 'busy')).toBe(false);
      now += 1;
      expect(call('good', '4', 'busy')).toBe(true);
    });

    it('finds out again where nobody else asked', () => {
      open();
      now += 10_000;
      expect(call('failed', 'only')).toBe(true);
      now += 10_000;
      expect(call('good', 'only')).toBe(true);
    });
  });
});
