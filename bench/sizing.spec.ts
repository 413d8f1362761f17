import { customersFor, demandOf } from './sizing.ts';

describe('the demand of a telco', () => {
  const telco = { customers: 1_080_000, changesAMonth: 2, peakHourShare: 0.2, burst: 10 };

  it('is that of its busiest hour', () => {
    // 72,000 changes a day, 14,400 in the hour.
    expect(demandOf(telco).mean).toBeCloseTo(4, 10);
    expect(demandOf(telco).worst).toBeCloseTo(40, 10);
  });

  it('grows with its customers', () => {
    expect(customersFor(400, telco)).toBeCloseTo(10_800_000, 3);
  });
});
