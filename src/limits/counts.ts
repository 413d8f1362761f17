import type { Policy } from './policy.ts';

/** What was counted for a key in its window. */
export interface Count {
  readonly uses: number;
  /** Until the window ends, in milliseconds. */
  readonly resetMs: number;
  /** Takes one use out of this count again, as far as that works. */
  readonly takeBack: () => Promise<void>;
}

/** Where uses are counted. Additions to one key are atomic, whoever makes them. */
export abstract class Counts {
  /** Adds `uses` to the key's window, or begins a window with them. Rejects only for a defect. */
  abstract add(policy: Policy, key: string, uses: number): Promise<Count>;
}
