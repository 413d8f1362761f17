import { Problem } from '../problems/problem.ts';

/** What uses are counted in: windows, each of which begins with its first use. */
export interface Windows {
  /** As apps, logs and metrics know it. All windows of one name have one length. */
  readonly name: string;
  readonly windowSeconds: number;
}

/** So many uses in a window. */
export interface Policy extends Windows {
  readonly quota: number;
  /** What a use over the quota is refused with, and the words for it. */
  readonly refusal: 'rate-limited' | 'overloaded';
  readonly detail: string;
}

/** Where somebody stands with a policy after one more use. */
export interface Standing {
  readonly policy: Policy;
  /** In this window, the one that was just counted included. */
  readonly uses: number;
  /** Until the window ends and the whole quota is there again, in milliseconds. */
  readonly resetMs: number;
}

/** Tells the app how much of a limit is left. */
export type LimitReport = (standing: Standing) => void;

/** @throws Problem where the use is over the quota; either way the app is told where it stands */
export function enforce(standing: Standing, report: LimitReport): void {
  report(standing);
  const { quota, refusal, detail, name } = standing.policy;
  if (standing.uses <= quota) return;
  throw new Problem(refusal, {
    detail,
    reason: name,
    headers: { 'retry-after': String(secondsUntilReset(standing)) },
  });
}

/** Rounded up: who waits that long finds the next window. */
export function secondsUntilReset({ resetMs }: Standing): number {
  return Math.max(1, Math.ceil(resetMs / 1000));
}
