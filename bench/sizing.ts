/** Who would use a gateway, and how. */
export interface Telco {
  readonly customers: number;
  /** Of each customer. */
  readonly changesAMonth: number;
  /** Of the changes of a day. */
  readonly peakHourShare: number;
  /** How much more than in the mean of that hour comes in its worst second. */
  readonly burst: number;
}

const DAYS_A_MONTH = 30;
const SECONDS_AN_HOUR = 3600;

/** Requests a second in the mean of the busiest hour, and in its worst second. */
export function demandOf({ customers, changesAMonth, peakHourShare, burst }: Telco): {
  mean: number;
  worst: number;
} {
  const mean = ((customers * changesAMonth) / DAYS_A_MONTH / SECONDS_AN_HOUR) * peakHourShare;
  return { mean, worst: mean * burst };
}

/** How many customers like those may have a worst second of so many requests. */
export function customersFor(requestsPerSecond: number, telco: Telco): number {
  return (requestsPerSecond / demandOf(telco).worst) * telco.customers;
}
